// SPDX-License-Identifier: Apache-2.0
// Tensors made, joined and rearranged: strides, empty ones, refusals. What each operator computes
// is compared with torch in tests/torch_npu.
#include "aclnnop/aclnn_arange.h"
#include "aclnnop/aclnn_cat.h"
#include "aclnnop/aclnn_constant_pad_nd.h"
#include "aclnnop/aclnn_diag.h"
#include "aclnnop/aclnn_eye.h"
#include "aclnnop/aclnn_flip.h"
#include "aclnnop/aclnn_linspace.h"
#include "aclnnop/aclnn_one_hot.h"
#include "aclnnop/aclnn_repeat.h"
#include "aclnnop/aclnn_repeat_interleave.h"
#include "aclnnop/aclnn_roll.h"
#include "aclnnop/aclnn_stack.h"
#include "aclnnop/aclnn_tril.h"
#include "aclnnop/aclnn_triu.h"
#include "operator_example.h"

TEST(arange_counts_in_integers_and_in_reals) {
  const DeviceTensor<int64_t> whole({3}, std::vector<int64_t>(3));
  const int64_t big = (int64_t{1} << 60) + 1;
  EXPECT_EQ(CALL_OPERATOR(aclnnArange, Scalar<int64_t>(big), Scalar<int64_t>(big + 6),
                          Scalar<int64_t>(2), whole),
            ACLNN_SUCCESS);
  EXPECT_EQ(whole.Values(), (std::vector<int64_t>{big, big + 2, big + 4}));
  const DeviceTensor<float> real({2}, {0, 0});
  EXPECT_EQ(
      CALL_OPERATOR(aclnnArange, Scalar<float>(1), Scalar<float>(0), Scalar<float>(-0.5F), real),
      ACLNN_SUCCESS);
  EXPECT_EQ(real.Values(), (std::vector<float>{1, 0.5F}));
}

TEST(arange_refuses_a_size_that_cannot_be) {
  const DeviceTensor<float> out({9}, std::vector<float>(9));
  EXPECT_EQ(CALL_OPERATOR(aclnnArange, Scalar<float>(0), Scalar<float>(3), Scalar<float>(1), out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnArange: out has 9 elements: want 3");
  EXPECT_EQ(CALL_OPERATOR(aclnnArange, Scalar<float>(0), Scalar<float>(3), Scalar<float>(-1), out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnArange: step is -1: does not lead from start 0 to end 3");
}

TEST(linspace_ends_where_it_should) {
  const DeviceTensor<float> out({4}, std::vector<float>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnLinspace, Scalar<float>(0.1F), Scalar<float>(0.7F), 4, out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 0.1F);
  EXPECT_EQ(out.Values()[3], 0.7F);
  EXPECT_EQ(CALL_OPERATOR(aclnnLinspace, Scalar<float>(0), Scalar<float>(1), 5, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnLinspace: out has shape (4,): want 5 elements, as steps says");
}

TEST(eye_need_not_be_square) {
  const DeviceTensor<int32_t> out({2, 3}, std::vector<int32_t>(6, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnEye, 2, 3, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(CALL_OPERATOR(aclnnEye, 3, 2, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnEye: out has shape (2, 3): want (3, 2)");
}

TEST(triangles_of_strided_matrices) {
  const DeviceTensor<int32_t> self({2, 2}, {1, 2}, 0, {1, 2, 3, 4});
  const DeviceTensor<int32_t> out({2, 2}, std::vector<int32_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnTril, self, 0, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{1, 0, 2, 4}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceTriu, self, INT64_MAX), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), std::vector<int32_t>(4, 0));
  const DeviceTensor<int32_t> vector({2}, {1, 2});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceTril, vector, 0), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceTril: selfRef has 1 dimensions: want 2 or more");
}

TEST(cat_casts_and_skips_empty_vectors) {
  const DeviceTensor<int32_t> first({1, 2}, {1, 2});
  const DeviceTensor<float> nothing({0}, {});
  const DeviceTensor<float> second({2, 2}, {1, 2}, 0, {3, 4, 5, 6});
  const DeviceTensor<float> out({3, 2}, std::vector<float>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnCat, Tensors({first, nothing, second}), 0, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{1, 2, 3, 5, 4, 6}));
}

TEST(cat_refuses_tensors_that_do_not_fit) {
  const DeviceTensor<float> first({1, 2}, {1, 2});
  const DeviceTensor<float> second({1, 3}, {3, 4, 5});
  const DeviceTensor<float> out({2, 2}, std::vector<float>(4, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnCat, Tensors({first, second}), 0, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnCat: tensors[1] has shape (1, 3), which does not fit into (2, 2) along dim");
  EXPECT_EQ(out.Values(), std::vector<float>(4, -1));
}

TEST(stack_makes_a_dimension) {
  const DeviceTensor<uint8_t> first({2}, {1, 2});
  const DeviceTensor<uint8_t> second({2}, {3, 4});
  const DeviceTensor<uint8_t> out({2, 2}, std::vector<uint8_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnStack, Tensors({first, second}), -1, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<uint8_t>{1, 3, 2, 4}));
}

TEST(repeat_along_new_and_old_dimensions) {
  const DeviceTensor<int32_t> self({2}, {1, 2});
  const DeviceTensor<int32_t> out({2, 4}, std::vector<int32_t>(8));
  EXPECT_EQ(CALL_OPERATOR(aclnnRepeat, self, Ints({2, 2}), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{1, 2, 1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnRepeat, self, Ints({-1}), out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnRepeat: repeats[0] is -1: want 0 or more");
}

TEST(repeat_interleave_by_a_tensor_checks_its_sum_on_the_device) {
  const DeviceTensor<int32_t> self({2, 2}, {1, 2, 3, 4});
  const DeviceTensor<int64_t> repeats({2}, {2, 1});
  const DeviceTensor<int32_t> out({3, 2}, std::vector<int32_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnRepeatInterleaveWithDim, self, repeats, 0, 3, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{1, 2, 1, 2, 3, 4}));
  const DeviceTensor<int64_t> many({2}, {2, 1000000});
  EXPECT_NE(CALL_OPERATOR(aclnnRepeatInterleaveWithDim, self, many, 0, 3, out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "repeats is 1000000 at element 1: want 0 or more, 3 in all");
}

TEST(flip_and_roll_of_strided_tensors) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 2}, 0, {1, 2, 3, 4, 5, 6});
  const DeviceTensor<int32_t> out({2, 3}, std::vector<int32_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnFlip, self, Ints({1}), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{5, 3, 1, 6, 4, 2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnRoll, self, Ints({1}), Ints({}), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{6, 1, 3, 5, 2, 4}));
  EXPECT_EQ(CALL_OPERATOR(aclnnRoll, self, Ints({1, -1}), Ints({0, 1}), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{4, 6, 2, 3, 5, 1}));
  EXPECT_EQ(CALL_OPERATOR(aclnnRoll, self, Ints({1, -1}), Ints({0}), out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnRoll: shifts has 2 elements, dims 1: want one each");
}

TEST(pad_before_and_cut_behind) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 2, 3, 4, 5, 6});
  const DeviceTensor<int32_t> out({3, 3}, std::vector<int32_t>(9));
  EXPECT_EQ(CALL_OPERATOR(aclnnConstantPadNd, self, Ints({1, -1, 0, 1}), Scalar<int64_t>(9), out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{9, 1, 2, 9, 4, 5, 9, 9, 9}));
  EXPECT_EQ(CALL_OPERATOR(aclnnConstantPadNd, self, Ints({1}), Scalar<int64_t>(9), out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(CALL_OPERATOR(aclnnConstantPadNd, self, Ints({-4, 4}), Scalar<int64_t>(9), out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnConstantPadNd: pad cuts more than the 3 elements of dimension 1 of self");
}

TEST(diag_reads_and_writes_a_diagonal) {
  const DeviceTensor<int32_t> vector({2}, {7, 8});
  const DeviceTensor<int32_t> matrix({3, 3}, std::vector<int32_t>(9, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnDiag, vector, 1, matrix), ACLNN_SUCCESS);
  EXPECT_EQ(matrix.Values(), (std::vector<int32_t>{0, 7, 0, 0, 0, 8, 0, 0, 0}));
  const DeviceTensor<int32_t> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnDiag, matrix, 1, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{7, 8}));
}

TEST(one_hot_along_any_axis_refuses_classes_that_are_not_there) {
  const DeviceTensor<int64_t> self({2}, {1, 0});
  const DeviceTensor<float> on({1}, {1});
  const DeviceTensor<float> off({1}, {0});
  const DeviceTensor<float> out({3, 2}, std::vector<float>(6, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnOneHot, self, 3, on, off, 0, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{0, 1, 1, 0, 0, 0}));
  const DeviceTensor<float> small({2, 1}, {5, 5});
  EXPECT_NE(CALL_OPERATOR(aclnnOneHot, self, 1, on, off, -1, small), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(),
                  "self is 1 at element 0, but the new dimension of out has 1 elements");
  EXPECT_EQ(small.Values(), (std::vector<float>{5, 5}));
}
