// SPDX-License-Identifier: Apache-2.0
// Random numbers: the published vectors of Philox's authors, reproducible draws, and refusals.
// Distributions are tested in tests/torch_npu.
#include <algorithm>
#include <cmath>

#include "../../host_device/opapi/engine/philox.h"
#include "aclnnop/aclnn_bernoulli.h"
#include "aclnnop/aclnn_dropout.h"
#include "aclnnop/aclnn_dropout_do_mask.h"
#include "aclnnop/aclnn_dropout_gen_mask.h"
#include "aclnnop/aclnn_multinomial.h"
#include "aclnnop/aclnn_normal.h"
#include "aclnnop/aclnn_normal_out.h"
#include "aclnnop/aclnn_random.h"
#include "aclnnop/aclnn_randperm.h"
#include "aclnnop/aclnn_uniform.h"
#include "operator_example.h"

namespace {

std::vector<float> Uniform(std::vector<int64_t> dims, uint64_t seed, uint64_t offset) {
  int64_t elements = 1;
  for (const int64_t dim : dims) elements *= dim;
  const DeviceTensor<float> self(dims, std::vector<float>(static_cast<size_t>(elements)));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceUniform, self, 0.0, 1.0, seed, offset), ACLNN_SUCCESS);
  return self.Values();
}

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

TEST(philox_gives_the_published_numbers) {
  using Block = opapi::Philox::Block;
  EXPECT_TRUE((opapi::Philox{0, 0})(0) == (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint64_t kOnes = ~uint64_t{0};
  EXPECT_TRUE((opapi::Philox{kOnes, kOnes})(kOnes) ==
              (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_TRUE((opapi::Philox{0x299f31d0a4093822, 0x0370734413198a2e})(0x85a308d3243f6a88) ==
              (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(uniform_depends_on_seed_offset_and_element_alone) {
  const std::vector<float> numbers = Uniform({40000}, 7, 3);
  EXPECT_EQ(Uniform({200, 200}, 7, 3), numbers);
  EXPECT_TRUE(Uniform({40000}, 7, 4) != numbers);
  EXPECT_TRUE(Uniform({40000}, 8, 3) != numbers);
  EXPECT_TRUE(*std::min_element(numbers.begin(), numbers.end()) >= 0);
  EXPECT_TRUE(*std::max_element(numbers.begin(), numbers.end()) < 1);
}

TEST(uniform_writes_strided_tensors_and_nothing_beside) {
  const DeviceTensor<float> self({2, 2}, {3, 1}, 1, std::vector<float>(6, 9));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceUniform, self, 0.0, 1.0, uint64_t{1}, uint64_t{0}),
            ACLNN_SUCCESS);
  const std::vector<float> numbers = Uniform({4}, 1, 0);
  EXPECT_EQ(self.Values(),
            (std::vector<float>{9, numbers[0], numbers[1], 9, numbers[2], numbers[3]}));
}

TEST(uniform_refuses_integers_and_bounds_in_disorder) {
  const DeviceTensor<int32_t> whole({1}, {5});
  const DeviceTensor<float> self({1}, {5});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceUniform, whole, 0.0, 1.0, uint64_t{1}, uint64_t{0}),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnInplaceUniform: selfRef is int32 (3): want float16, bf16, float32 or float64");
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceUniform, self, 2.0, 1.0, uint64_t{1}, uint64_t{0}),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceUniform: from is 2 and to is 1: want from <= to");
  EXPECT_EQ(self.Values()[0], 5);
}

TEST(normal_is_moved_by_numbers_and_by_tensors) {
  const DeviceTensor<double> plain({4}, std::vector<double>(4));
  const DeviceTensor<float> mean({4}, {0, 10, 20, 30});
  const DeviceTensor<double> out({4}, std::vector<double>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceNormal, plain, 0.0F, 1.0F, int64_t{1}, int64_t{2}),
            ACLNN_SUCCESS);
  EXPECT_EQ(CALL_OPERATOR(aclnnNormalTensorFloat, mean, 2.0F, int64_t{1}, int64_t{2}, out),
            ACLNN_SUCCESS);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(out.Values()[i], plain.Values()[i] * 2 + 10.0 * static_cast<double>(i));
  }
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceNormal, plain, 0.0F, -1.0F, int64_t{1}, int64_t{2}),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceNormal: std is -1: want 0 or more");
}

TEST(random_stays_in_its_bounds) {
  const DeviceTensor<int8_t> self({300}, std::vector<int8_t>(300));
  EXPECT_EQ(
      CALL_OPERATOR(aclnnInplaceRandom, self, int64_t{-2}, int64_t{3}, int64_t{1}, int64_t{0}),
      ACLNN_SUCCESS);
  const std::vector<int8_t> numbers = self.Values();
  for (int8_t wanted = -2; wanted < 3; ++wanted) {
    EXPECT_TRUE(std::count(numbers.begin(), numbers.end(), wanted) > 30);
  }
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceRandom, self, int64_t{3}, int64_t{3}, int64_t{1}, int64_t{0}),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceRandom: from is 3 and to is 3: want from < to");
}

TEST(bernoulli_refuses_what_is_no_probability) {
  const DeviceTensor<float> self({3}, {5, 5, 5});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceBernoulli, self, Scalar<float>(1), int64_t{1}, int64_t{0}),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{1, 1, 1}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceBernoulli, self, Scalar<float>(1.5F), int64_t{1}, int64_t{0}),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceBernoulli: prob is 1.5: want 0 to 1");
}

TEST(randperm_is_a_permutation) {
  const DeviceTensor<int64_t> out({100}, std::vector<int64_t>(100));
  EXPECT_EQ(CALL_OPERATOR(aclnnRandperm, int64_t{100}, int64_t{1}, int64_t{0}, out), ACLNN_SUCCESS);
  std::vector<int64_t> order = out.Values();
  EXPECT_TRUE(!std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_EQ(CALL_OPERATOR(aclnnRandperm, int64_t{99}, int64_t{1}, int64_t{0}, out),
            ACLNN_ERR_PARAM_INVALID);
}

TEST(multinomial_leaves_out_what_has_no_weight) {
  const DeviceTensor<float> self({2, 3}, {0, 1, 1, 5, 0, 5});
  const DeviceTensor<int64_t> out({2, 2}, std::vector<int64_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnMultinomial, self, int64_t{2}, false, int64_t{1}, int64_t{0}, out),
            ACLNN_SUCCESS);
  const std::vector<int64_t> drawn = out.Values();
  EXPECT_EQ(drawn[0] + drawn[1], 3);
  EXPECT_EQ(drawn[2] + drawn[3], 2);
  EXPECT_TRUE(drawn[2] != drawn[3]);
}

TEST(multinomial_refuses_more_draws_than_categories) {
  const DeviceTensor<float> self({2}, {1, 1});
  const DeviceTensor<int64_t> out({3}, {7, 7, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnMultinomial, self, int64_t{3}, false, int64_t{1}, int64_t{0}, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnMultinomial: numsamples is 3: want at least 1, and at most the 2 categories of "
            "self without replacement");
  EXPECT_EQ(CALL_OPERATOR(aclnnMultinomial, self, int64_t{3}, true, int64_t{1}, int64_t{0}, out),
            ACLNN_SUCCESS);
}

TEST(multinomial_names_itself_once_when_weights_are_wrong) {
  const DeviceTensor<float> self({2}, {1, -1});
  const DeviceTensor<int64_t> out({1}, {7});
  EXPECT_EQ(CALL_OPERATOR(aclnnMultinomial, self, int64_t{1}, false, int64_t{1}, int64_t{0}, out),
            ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(RecentText().rfind("aclnnMultinomial"), size_t{0});
}

TEST(dropout_uses_the_mask_that_it_makes) {
  const DeviceTensor<uint8_t> mask({32}, std::vector<uint8_t>(32, 0xFF));
  EXPECT_EQ(CALL_OPERATOR(aclnnDropoutGenMaskV2, IntArray({2, 70}), 0.5, int64_t{1}, int64_t{0},
                          ACL_FLOAT, mask),
            ACLNN_SUCCESS);
  const DeviceTensor<float> self({2, 70}, std::vector<float>(140, 3));
  const DeviceTensor<float> out({2, 70}, std::vector<float>(140));
  EXPECT_EQ(CALL_OPERATOR(aclnnDropoutDoMask, self, mask, 0.5, out), ACLNN_SUCCESS);
  const std::vector<uint8_t> bits = mask.Values();
  const std::vector<float> numbers = out.Values();
  for (size_t i = 0; i < 140; ++i) {
    EXPECT_EQ(numbers[i], (bits[i / 8] >> i % 8 & 1) != 0 ? 6.0F : 0.0F);
  }
  EXPECT_EQ(bits[17] >> 4, 0);
  EXPECT_EQ(bits[31], 0);
  const DeviceTensor<float> together({2, 70}, std::vector<float>(140));
  EXPECT_EQ(CALL_OPERATOR(aclnnDropout, self, 0.5, true, int64_t{1}, int64_t{0}, together, mask),
            ACLNN_SUCCESS);
  EXPECT_EQ(together.Values(), numbers);
}

TEST(dropout_refuses_a_mask_that_is_too_short) {
  const DeviceTensor<uint8_t> mask({16}, std::vector<uint8_t>(16));
  const DeviceTensor<float> self({200}, std::vector<float>(200));
  EXPECT_EQ(CALL_OPERATOR(aclnnDropoutDoMask, self, mask, 0.5, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnDropoutDoMask: mask is uint8 of shape (16,): want contiguous uint8 of (32,) for "
            "200 elements");
  EXPECT_EQ(CALL_OPERATOR(aclnnDropoutGenMask, IntArray({1 << 30, 1 << 30, 1 << 30}), 0.5,
                          int64_t{1}, int64_t{0}, mask),
            ACLNN_ERR_PARAM_INVALID);
}
