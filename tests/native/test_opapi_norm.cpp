// SPDX-License-Identifier: Apache-2.0
// Norms and rotary embedding: strides, empty tensors, refusals. More values: tests/torch_npu.
#include <cmath>

#include "aclnnop/aclnn_add_rms_norm.h"
#include "aclnnop/aclnn_apply_rotary_pos_emb_v2.h"
#include "aclnnop/aclnn_fast_layer_norm.h"
#include "aclnnop/aclnn_gemma_rms_norm.h"
#include "aclnnop/aclnn_group_norm.h"
#include "aclnnop/aclnn_inplace_add_rms_norm.h"
#include "aclnnop/aclnn_layer_norm.h"
#include "aclnnop/aclnn_rms_norm.h"
#include "aclnnop/aclnn_rotary_position_embedding.h"
#include "operator_example.h"

namespace {

aclTensor* const kNoTensor = nullptr;

class IntArray {
 public:
  explicit IntArray(std::vector<int64_t> values)
      : handle_(aclCreateIntArray(values.data(), values.size())) {}
  ~IntArray() { aclDestroyIntArray(handle_); }
  IntArray(const IntArray&) = delete;
  IntArray& operator=(const IntArray&) = delete;
  operator aclIntArray*() const { return handle_; }

 private:
  aclIntArray* handle_;
};

}  // namespace

TEST(rms_norm_of_a_transposed_view) {
  // Rows (3, 4) and (6, 8): mean squares 12.5 and 50.
  const DeviceTensor<float> x({2, 2}, {1, 2}, 0, {3, 6, 4, 8});
  const DeviceTensor<float> gamma({2}, {1, 2});
  const DeviceTensor<float> y({2, 2}, std::vector<float>(4));
  const DeviceTensor<float> rstd({2, 1}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnRmsNorm, x, gamma, 0.0, y, rstd), ACLNN_SUCCESS);
  const float r = 1 / std::sqrt(12.5F);
  EXPECT_NEAR(y.Values()[0], 3 * r, 1e-6);
  EXPECT_NEAR(y.Values()[1], 8 * r, 1e-6);
  EXPECT_NEAR(y.Values()[2], 3 * r, 1e-6);
  EXPECT_NEAR(rstd.Values()[1], r / 2, 1e-7);
}

TEST(rms_norm_of_no_rows_does_nothing) {
  const DeviceTensor<float> x({0, 2}, {});
  const DeviceTensor<float> gamma({2}, {1, 2});
  EXPECT_EQ(CALL_OPERATOR(aclnnRmsNorm, x, gamma, 0.0, x, kNoTensor), ACLNN_SUCCESS);
}

TEST(gemma_rms_norm_adds_one_to_gamma) {
  const DeviceTensor<float> x({1, 1}, {-4});
  const DeviceTensor<float> gamma({1}, {2});
  EXPECT_EQ(CALL_OPERATOR(aclnnGemmaRmsNorm, x, gamma, 0.0, x, kNoTensor), ACLNN_SUCCESS);
  EXPECT_EQ(x.Values()[0], -3);
}

TEST(add_rms_norm_in_place_leaves_result_and_sum) {
  const DeviceTensor<float> x1({1, 2}, {1, 1});
  const DeviceTensor<float> x2({1, 2}, {2, 2});
  const DeviceTensor<float> gamma({2}, {1, 10});
  const DeviceTensor<float> rstd({1, 1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceAddRmsNorm, x1, x2, gamma, 0.0, rstd), ACLNN_SUCCESS);
  EXPECT_EQ(x1.Values(), (std::vector<float>{1, 10}));
  EXPECT_EQ(x2.Values(), (std::vector<float>{3, 3}));
}

TEST(rms_norm_refuses_what_does_not_fit) {
  const DeviceTensor<float> x({2, 3}, std::vector<float>(6, 7));
  const DeviceTensor<float> two({2}, {1, 1});
  const DeviceTensor<float> three({3}, {1, 1, 1});
  EXPECT_EQ(CALL_OPERATOR(aclnnRmsNorm, x, two, 0.0, x, kNoTensor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnRmsNorm: gamma has shape (2,): want the last dimensions of (2, 3)");
  EXPECT_EQ(CALL_OPERATOR(aclnnRmsNorm, x, three, 0.0, x, two), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnRmsNorm: rstdOut has shape (2,): want (2, 1)");
  EXPECT_EQ(CALL_OPERATOR(aclnnAddRmsNorm, x, three, three, 0.0, x, kNoTensor, x),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnAddRmsNorm: x2 has shape (3,): want (2, 3)");
  const DeviceTensor<int32_t> whole({3}, {1, 1, 1});
  EXPECT_EQ(CALL_OPERATOR(aclnnRmsNorm, x, whole, 0.0, x, kNoTensor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnRmsNorm: gamma is int32 (3): want float16, bf16, float32 or float64");
  EXPECT_EQ(CALL_OPERATOR(aclnnRmsNorm, kNoTensor, three, 0.0, x, kNoTensor),
            ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(), "aclnnRmsNorm: x is null");
  EXPECT_EQ(x.Values(), std::vector<float>(6, 7));
}

TEST(layer_norm_gives_mean_and_rstd) {
  const DeviceTensor<float> x({2, 2}, {1, 3, 5, 9});
  const DeviceTensor<float> weight({2}, {1, 10});
  const DeviceTensor<float> bias({2}, {0, 1});
  const DeviceTensor<float> y({2, 2}, std::vector<float>(4));
  const DeviceTensor<float> mean({2, 1}, {0, 0});
  const DeviceTensor<float> rstd({2, 1}, {0, 0});
  const IntArray dims({2});
  EXPECT_EQ(CALL_OPERATOR(aclnnLayerNorm, x, dims, weight, bias, 0.0, y, mean, rstd),
            ACLNN_SUCCESS);
  EXPECT_EQ(y.Values(), (std::vector<float>{-1, 11, -1, 11}));
  EXPECT_EQ(mean.Values(), (std::vector<float>{2, 7}));
  EXPECT_EQ(rstd.Values(), (std::vector<float>{1, 0.5F}));
  EXPECT_EQ(CALL_OPERATOR(aclnnFastLayerNorm, x, dims, kNoTensor, kNoTensor, 0.0, y, kNoTensor,
                          kNoTensor),
            ACLNN_SUCCESS);
  EXPECT_EQ(y.Values(), (std::vector<float>{-1, 1, -1, 1}));
}

TEST(layer_norm_refuses_a_shape_that_is_not_the_last_one) {
  const DeviceTensor<float> x({2, 3}, std::vector<float>(6, 7));
  const IntArray dims({2});
  EXPECT_EQ(
      CALL_OPERATOR(aclnnLayerNorm, x, dims, kNoTensor, kNoTensor, 0.0, x, kNoTensor, kNoTensor),
      ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(
      RecentText(),
      "aclnnLayerNorm: normalizedShape has 1 dimensions, which are not the last ones of (2, 3)");
  aclIntArray* const null = nullptr;
  EXPECT_EQ(
      CALL_OPERATOR(aclnnLayerNorm, x, null, kNoTensor, kNoTensor, 0.0, x, kNoTensor, kNoTensor),
      ACLNN_ERR_PARAM_NULLPTR);
}

TEST(group_norm_weights_channels) {
  // Two groups of two channels of one element.
  const DeviceTensor<float> x({1, 4, 1}, {1, 3, 5, 9});
  const DeviceTensor<float> gamma({4}, {1, 2, 3, 4});
  const DeviceTensor<float> y({1, 4, 1}, std::vector<float>(4));
  const DeviceTensor<float> mean({1, 2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnGroupNorm, x, gamma, kNoTensor, int64_t{1}, int64_t{4}, int64_t{1},
                          int64_t{2}, 0.0, y, mean, kNoTensor),
            ACLNN_SUCCESS);
  EXPECT_EQ(y.Values(), (std::vector<float>{-1, 2, -3, 4}));
  EXPECT_EQ(mean.Values(), (std::vector<float>{2, 7}));
  EXPECT_EQ(CALL_OPERATOR(aclnnGroupNorm, x, gamma, kNoTensor, int64_t{1}, int64_t{4}, int64_t{1},
                          int64_t{3}, 0.0, y, mean, kNoTensor),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnGroupNorm: group is 3: want a divisor of C = 4");
}

TEST(rotary_position_embedding_of_every_mode) {
  const DeviceTensor<float> x({1, 4}, {1, 2, 3, 4});
  const DeviceTensor<float> cos({4}, {0, 0, 0, 0});
  const DeviceTensor<float> sin({4}, {1, 1, 1, 1});
  const DeviceTensor<float> out({1, 4}, std::vector<float>(4));
  const std::vector<float> wanted[] = {
      {-3, -4, 1, 2}, {-2, 1, -4, 3}, {-2, 1, -4, 3}, {-2, -4, 1, 3}};
  for (int64_t mode = 0; mode < 4; ++mode) {
    EXPECT_EQ(CALL_OPERATOR(aclnnRotaryPositionEmbedding, x, cos, sin, mode, out), ACLNN_SUCCESS);
    EXPECT_TRUE(out.Values() == wanted[mode]);
  }
  // Interleave-half moves x itself, too.
  EXPECT_EQ(CALL_OPERATOR(aclnnRotaryPositionEmbedding, x, sin, cos, int64_t{3}, out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{1, 3, 2, 4}));
}

TEST(rotary_position_embedding_refuses_by_name) {
  const DeviceTensor<float> x({1, 3}, {1, 2, 3});
  EXPECT_EQ(CALL_OPERATOR(aclnnRotaryPositionEmbedding, x, x, x, int64_t{4}, x),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "mode is 4");
  EXPECT_EQ(CALL_OPERATOR(aclnnRotaryPositionEmbedding, x, x, x, int64_t{0}, x),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnRotaryPositionEmbedding: x has shape (1, 3): want a last dimension that is a "
            "multiple of 2");
  EXPECT_EQ(CALL_OPERATOR(aclnnApplyRotaryPosEmbV2, x, x, x, x, int64_t{1}, "sideways"),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "rotaryMode is \"sideways\"");
  EXPECT_EQ(CALL_OPERATOR(aclnnApplyRotaryPosEmbV2, x, x, x, x, int64_t{9}, "half"),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "layout is 9");
}
