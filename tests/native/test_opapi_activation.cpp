// SPDX-License-Identifier: Apache-2.0
// Activations with arguments of their own, and gated units.
#include <cmath>

#include "aclnnop/aclnn_geglu.h"
#include "aclnnop/aclnn_gelu_v2.h"
#include "aclnnop/aclnn_logsigmoid.h"
#include "aclnnop/aclnn_prelu.h"
#include "aclnnop/aclnn_relu.h"
#include "aclnnop/aclnn_softplus.h"
#include "aclnnop/aclnn_swi_glu.h"
#include "aclnnop/aclnn_swish.h"
#include "operator_example.h"

TEST(relu_keeps_nan) {
  const DeviceTensor<float> self({3}, {-1, 2, std::nanf("")});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceRelu, self), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values()[0], 0);
  EXPECT_EQ(self.Values()[1], 2);
  EXPECT_TRUE(std::isnan(self.Values()[2]));
}

TEST(softplus_is_the_number_itself_above_its_threshold) {
  const DeviceTensor<float> self({2}, {0, 5});
  const DeviceTensor<float> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnSoftplus, self, Scalar<float>(2), Scalar<float>(9), out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{std::log1p(1.0F) / 2, 5}));
}

TEST(swish_takes_beta_or_none) {
  const DeviceTensor<float> self({1}, {2});
  const DeviceTensor<float> out({1}, {0});
  aclScalar* const none = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnSwish, self, none, out), ACLNN_SUCCESS);
  EXPECT_TRUE(std::fabs(out.Values()[0] - 2 / (1 + std::exp(-2.0F))) < 1e-6F);
  EXPECT_EQ(CALL_OPERATOR(aclnnSwish, self, Scalar<float>(0), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 1);
}

TEST(gelu_v2_refuses_an_approximation_that_is_none) {
  const DeviceTensor<float> self({1}, {2});
  EXPECT_EQ(CALL_OPERATOR(aclnnGeluV2, self, int64_t{2}, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnGeluV2: approximate is 2: want 0 (error function) or 1 (tanh)");
}

TEST(logsigmoid_refuses_a_buffer_that_it_would_leave_unwritten) {
  const DeviceTensor<float> self({1}, {0});
  const DeviceTensor<float> out({1}, {9});
  const DeviceTensor<float> empty({0}, {});
  EXPECT_EQ(CALL_OPERATOR(aclnnLogSigmoidForward, self, out, empty), ACLNN_SUCCESS);
  EXPECT_TRUE(std::fabs(out.Values()[0] + std::log(2.0F)) < 1e-6F);
  EXPECT_EQ(CALL_OPERATOR(aclnnLogSigmoidForward, self, out, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnLogSigmoidForward: buffer has shape (1,): want no element, (0,)");
}

TEST(prelu_has_weights_along_the_channels) {
  const DeviceTensor<float> self({1, 2, 2}, {-1, -2, -3, 4});
  const DeviceTensor<float> weight({2}, {10, 100});
  const DeviceTensor<float> wrong({3}, {1, 2, 3});
  const DeviceTensor<float> out({1, 2, 2}, std::vector<float>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnPrelu, self, weight, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{-10, -20, -300, 4}));
  EXPECT_EQ(CALL_OPERATOR(aclnnPrelu, self, wrong, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnPrelu: weight has 3 elements: want 1 or 2");
}

TEST(swiglu_takes_halves_of_a_strided_tensor) {
  // The first half are zeros, whose silu is 0, then large numbers, whose silu they are themselves.
  const DeviceTensor<float> x({2, 2}, {1, 2}, 0, {0, 50, 3, 4});
  const DeviceTensor<float> out({2, 1}, {9, 9});
  EXPECT_EQ(CALL_OPERATOR(aclnnSwiGlu, x, int64_t{-1}, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{0, 200}));
  const DeviceTensor<float> rows({1, 2}, {9, 9});
  EXPECT_EQ(CALL_OPERATOR(aclnnSwiGlu, x, int64_t{0}, rows), ACLNN_SUCCESS);
  EXPECT_EQ(rows.Values()[0], 0);
}

TEST(swiglu_refuses_what_has_no_halves) {
  const DeviceTensor<float> odd({3}, {1, 2, 3});
  const DeviceTensor<float> even({4}, {1, 2, 3, 4});
  EXPECT_EQ(CALL_OPERATOR(aclnnSwiGlu, odd, int64_t{0}, odd), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnSwiGlu: x has shape (3,): want an even dimension 0");
  EXPECT_EQ(CALL_OPERATOR(aclnnSwiGlu, even, int64_t{1}, odd), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnSwiGlu: dim is 1: x has 1 dimensions");
  EXPECT_EQ(CALL_OPERATOR(aclnnSwiGlu, even, int64_t{0}, odd), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnSwiGlu: out has shape (3,): want (2,)");
}

TEST(geglu_gives_gelu_of_the_half_that_it_is_told) {
  const DeviceTensor<float> self({2}, {50, 3});
  const DeviceTensor<float> out({1}, {0});
  const DeviceTensor<float> gelu({1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnGeGluV3, self, int64_t{0}, int64_t{0}, true, out, gelu),
            ACLNN_SUCCESS);
  EXPECT_EQ(gelu.Values()[0], 50);
  EXPECT_EQ(out.Values()[0], 150);
  EXPECT_EQ(CALL_OPERATOR(aclnnGeGlu, self, int64_t{0}, int64_t{1}, out, gelu), ACLNN_SUCCESS);
  EXPECT_TRUE(std::fabs(gelu.Values()[0] - 2.9963627F) < 1e-5F);
}
