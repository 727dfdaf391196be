// SPDX-License-Identifier: Apache-2.0
// Losses and diagonals: values, empty tensors, refusals. What each operator computes is compared
// with torch in tests/torch_npu.
#include <cmath>

#include "aclnnop/aclnn_fill_diagonal.h"
#include "aclnnop/aclnn_mse_loss.h"
#include "aclnnop/aclnn_nll_loss.h"
#include "aclnnop/aclnn_smooth_l1_loss.h"
#include "operator_example.h"

TEST(mean_of_squares_of_a_broadcast_pair) {
  const DeviceTensor<float> self({2, 2}, {1, 2, 3, 4});
  const DeviceTensor<float> target({2}, {1, 1});
  const DeviceTensor<float> out({}, std::vector<float>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMseLoss, self, target, 1, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{3.5f}));
  EXPECT_EQ(CALL_OPERATOR(aclnnMseLoss, self, target, 2, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{14}));
}

TEST(mean_loss_without_elements_is_not_a_number) {
  const DeviceTensor<float> self({0, 2}, {});
  const DeviceTensor<float> out({}, std::vector<float>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMseLoss, self, self, 1, out), ACLNN_SUCCESS);
  EXPECT_TRUE(std::isnan(out.Values()[0]));
}

TEST(losses_refuse_what_they_do_not_know) {
  const DeviceTensor<float> self({2}, {1, 2});
  const DeviceTensor<float> other({3}, {1, 2, 3});
  const DeviceTensor<float> out({}, std::vector<float>{7});
  EXPECT_EQ(CALL_OPERATOR(aclnnMseLoss, self, self, 3, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "aclnnMseLoss: reduction is 3: want 0 (each), 1 (mean) or 2 (sum)");
  EXPECT_EQ(CALL_OPERATOR(aclnnMseLoss, self, other, 1, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "self (2,) and target (3,) do not broadcast");
  EXPECT_EQ(CALL_OPERATOR(aclnnMseLoss, self, self, 1, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(CALL_OPERATOR(aclnnSmoothL1Loss, self, self, 1, -1.0f, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "beta is -1");
  EXPECT_EQ(out.Values(), (std::vector<float>{7}));
}

TEST(likelihood_leaves_out_what_is_ignored) {
  const DeviceTensor<float> self({3, 2}, {-1, -2, -3, -4, -5, -6});
  const DeviceTensor<int64_t> target({3}, {1, -100, 0});
  const DeviceTensor<float> weight({2}, {1, 3});
  const DeviceTensor<float> out({}, std::vector<float>{0});
  const DeviceTensor<float> total({}, std::vector<float>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnNLLLoss, self, target, weight, 1, -100, out, total), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{11.0f / 4}));
  EXPECT_EQ(total.Values(), (std::vector<float>{4}));
}

TEST(likelihood_of_a_class_that_is_not_there_fails_the_stream) {
  const DeviceTensor<float> self({1, 2}, {-1, -2});
  const DeviceTensor<int64_t> target({1}, {2});
  const DeviceTensor<float> weight({2}, {1, 1});
  const DeviceTensor<float> out({}, std::vector<float>{7});
  EXPECT_NE(CALL_OPERATOR(aclnnNLLLoss, self, target, weight, 2, -100, out, out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "target is 2 at element 0");
  EXPECT_EQ(out.Values(), (std::vector<float>{7}));
}

TEST(diagonal_begins_again_after_a_row_when_it_wraps) {
  const DeviceTensor<int32_t> self({5, 2}, std::vector<int32_t>(10, 0));
  const Scalar<int64_t> one(1);
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceFillDiagonal, self, one, true), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{1, 0, 0, 1, 0, 0, 1, 0, 0, 1}));
}

TEST(diagonal_of_uneven_sizes_is_refused) {
  const DeviceTensor<float> self({1, 2, 2}, {1, 2, 3, 4});
  const Scalar<int64_t> one(1);
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceFillDiagonal, self, one, false), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "more than 2 dimensions must have one size");
}
