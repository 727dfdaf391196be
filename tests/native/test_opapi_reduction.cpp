// SPDX-License-Identifier: Apache-2.0
// Reductions and operators on whole lines: strides, dimensions, segments, refusals. What each
// operator computes is compared with torch in tests/torch_npu.
#include <cmath>
#include <limits>

#include "aclnnop/aclnn_all.h"
#include "aclnnop/aclnn_amax.h"
#include "aclnnop/aclnn_aminmax.h"
#include "aclnnop/aclnn_argmax.h"
#include "aclnnop/aclnn_cummax.h"
#include "aclnnop/aclnn_cumsum.h"
#include "aclnnop/aclnn_linalg_vector_norm.h"
#include "aclnnop/aclnn_logsumexp.h"
#include "aclnnop/aclnn_max_dim.h"
#include "aclnnop/aclnn_mean.h"
#include "aclnnop/aclnn_prod.h"
#include "aclnnop/aclnn_reduce_sum.h"
#include "aclnnop/aclnn_softmax.h"
#include "aclnnop/aclnn_trace.h"
#include "aclnnop/aclnn_var_mean.h"
#include "operator_example.h"

namespace {

const float kNan = std::nanf("");

}  // namespace

TEST(sum_over_dimensions_that_are_not_neighbours) {
  const DeviceTensor<int32_t> self({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const DeviceTensor<int64_t> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({0, -1}), false, ACL_INT64, out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{14, 22}));
}

TEST(sum_of_strided_input_into_strided_output) {
  // Columns of a 2 x 3 matrix that lies transposed; out has a gap after each element.
  const DeviceTensor<float> self({2, 3}, {1, 2}, 0, {1, 2, 3, 4, 5, 6});
  const DeviceTensor<float> out({1, 3}, {6, 2}, 0, std::vector<float>(6, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({0}), true, ACL_FLOAT, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{3, -1, 7, -1, 11, -1}));
}

TEST(sum_without_elements_is_0_and_product_1) {
  const DeviceTensor<float> self({2, 0}, {});
  const DeviceTensor<float> sums({2}, {7, 7});
  const DeviceTensor<float> products({2}, {7, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({1}), false, ACL_FLOAT, sums), ACLNN_SUCCESS);
  EXPECT_EQ(CALL_OPERATOR(aclnnProdDim, self, 1, false, ACL_FLOAT, products), ACLNN_SUCCESS);
  EXPECT_EQ(sums.Values(), (std::vector<float>{0, 0}));
  EXPECT_EQ(products.Values(), (std::vector<float>{1, 1}));
}

TEST(sum_of_integers_wraps) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  const DeviceTensor<int64_t> self({2}, {most, 1});
  const DeviceTensor<int64_t> out({}, std::vector<int64_t>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({}), false, ACL_INT64, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], std::numeric_limits<int64_t>::min());
}

TEST(sum_of_many_elements_is_cut_into_segments) {
  constexpr int64_t kRows = 3;
  constexpr int64_t kColumns = 150001;
  const DeviceTensor<uint8_t> self({kRows, kColumns}, std::vector<uint8_t>(kRows * kColumns, 2));
  const DeviceTensor<int64_t> rows({kRows}, std::vector<int64_t>(kRows));
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({1}), false, ACL_INT64, rows), ACLNN_SUCCESS);
  EXPECT_EQ(rows.Values(), std::vector<int64_t>(kRows, 2 * kColumns));
  // The other way round: long columns side by side.
  const DeviceTensor<uint8_t> transposed({kColumns, kRows},
                                         std::vector<uint8_t>(kRows * kColumns, 3));
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, transposed, Ints({0}), false, ACL_INT64, rows),
            ACLNN_SUCCESS);
  EXPECT_EQ(rows.Values(), std::vector<int64_t>(kRows, 3 * kColumns));
}

TEST(sum_refuses_dimensions_and_shapes_that_are_wrong) {
  const DeviceTensor<float> self({2, 3}, std::vector<float>(6));
  const DeviceTensor<float> out({2}, {5, 5});
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({2}), false, ACL_FLOAT, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnReduceSum: dims[0] is 2: want -2 to 1");
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({1, -1}), false, ACL_FLOAT, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnReduceSum: dims names dimension 1 twice");
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({0}), false, ACL_FLOAT, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnReduceSum: out has shape (2,): want (3,)");
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, Ints({1}), false, ACL_INT64, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnReduceSum: out is float32: want int64");
  aclIntArray* const none = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnReduceSum, self, none, false, ACL_FLOAT, out),
            ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(), "aclnnReduceSum: dims is null");
  EXPECT_EQ(out.Values(), (std::vector<float>{5, 5}));
}

TEST(trace_of_a_wide_matrix) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 2, 3, 4, 5, 6});
  const DeviceTensor<int64_t> out({}, std::vector<int64_t>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnTrace, self, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 6);
  EXPECT_EQ(CALL_OPERATOR(aclnnTrace, out, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnTrace: self has 0 dimensions: want 2");
}

TEST(mean_rounds_once) {
  // 1 and 1 + 2^-7 in bf16: their mean lies half-way and goes to the even one.
  const DeviceTensor<uint16_t> self({2}, {0x3F80, 0x3F81});
  const DeviceTensor<uint16_t> out({}, std::vector<uint16_t>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMean, self, Ints({}), false, ACL_BF16, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 0x3F80);
}

TEST(max_along_a_dimension_names_the_first_and_prefers_nan) {
  const DeviceTensor<float> self({3, 3}, {1, 5, 5, kNan, 9, kNan, -2, -3, -2});
  const DeviceTensor<float> out({3}, {0, 0, 0});
  const DeviceTensor<int64_t> indices({3}, {9, 9, 9});
  EXPECT_EQ(CALL_OPERATOR(aclnnMaxDim, self, -1, false, out, indices), ACLNN_SUCCESS);
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{1, 0, 0}));
  EXPECT_EQ(out.Values()[0], 5.0F);
  EXPECT_TRUE(std::isnan(out.Values()[1]));
}

TEST(argmax_over_lanes_and_segments_names_the_first) {
  std::vector<int32_t> values(200000, 1);
  values[150000] = values[150003] = values[199999] = 4;
  const DeviceTensor<int32_t> self({200000}, values);
  const DeviceTensor<int64_t> out({1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnArgMax, self, 0, true, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 150000);
}

TEST(extremes_of_few_elements_have_no_limits_of_their_dtype_in_them) {
  const DeviceTensor<float> self({2}, {3, 4});
  const DeviceTensor<float> least({}, std::vector<float>{0});
  const DeviceTensor<float> most({}, std::vector<float>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnAminmax, self, Ints({0}), false, least, most), ACLNN_SUCCESS);
  EXPECT_EQ(least.Values()[0], 3.0F);
  EXPECT_EQ(most.Values()[0], 4.0F);
}

TEST(amax_without_elements_is_refused) {
  const DeviceTensor<float> self({2, 0}, {});
  const DeviceTensor<float> out({2}, {7, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnAmax, self, Ints({1}), false, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnAmax: self has shape (2, 0): a result over a dimension without elements does not "
            "exist");
}

TEST(all_looks_at_numbers_below_1) {
  const DeviceTensor<float> self({2, 2}, {0.25F, kNan, 1, 0});
  const DeviceTensor<bool> out({2}, {false, true});
  EXPECT_EQ(CALL_OPERATOR(aclnnAll, self, Ints({1}), false, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<bool>{true, false}));
}

TEST(variance_and_mean_far_from_zero) {
  const DeviceTensor<float> self({4}, {1e6F, 1e6F + 1, 1e6F + 2, 1e6F + 3});
  const DeviceTensor<float> variance({}, std::vector<float>{0});
  const DeviceTensor<float> mean({}, std::vector<float>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnVarMean, self, Ints({}), 1, false, variance, mean), ACLNN_SUCCESS);
  EXPECT_NEAR(variance.Values()[0], 5.0 / 3, 1e-6);
  EXPECT_EQ(mean.Values()[0], 1e6F + 1.5F);
}

TEST(norms_of_every_order) {
  const DeviceTensor<float> self({3}, {3, -4, 0});
  const DeviceTensor<float> out({}, std::vector<float>{0});
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, float>> wanted = {{0, 2}, {1, 7}, {2, 5}, {inf, 4}, {-inf, 0}};
  for (const auto& [order, norm] : wanted) {
    EXPECT_EQ(CALL_OPERATOR(aclnnLinalgVectorNorm, self, Scalar<float>(order), Ints({}), false,
                            ACL_FLOAT, out),
              ACLNN_SUCCESS);
    EXPECT_EQ(out.Values()[0], norm);
  }
  EXPECT_EQ(CALL_OPERATOR(aclnnLinalgVectorNorm, self, Scalar<float>(kNan), Ints({}), false,
                          ACL_FLOAT, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnLinalgVectorNorm: ord is not a number");
}

TEST(logsumexp_of_large_numbers_and_of_infinities) {
  const float inf = std::numeric_limits<float>::infinity();
  const DeviceTensor<float> self({3, 2}, {1000, 1000, -inf, -inf, inf, 1});
  const DeviceTensor<float> out({3}, {0, 0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnLogSumExp, self, Ints({1}), false, out), ACLNN_SUCCESS);
  EXPECT_NEAR(out.Values()[0], 1000.6931, 1e-4);
  EXPECT_EQ(out.Values()[1], -inf);
  EXPECT_EQ(out.Values()[2], inf);
}

TEST(softmax_in_place_along_columns) {
  const DeviceTensor<float> self({2, 2}, {0, 1000, 0, -1000});
  EXPECT_EQ(CALL_OPERATOR(aclnnSoftmax, self, 0, self), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{0.5F, 1, 0.5F, 0}));
  const DeviceTensor<int32_t> whole({2, 2}, std::vector<int32_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnSoftmax, self, 0, whole), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnSoftmax: out is int32: want float16, bf16, float32 or float64");
}

TEST(cumsum_exclusive_from_the_end) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 2, 3, 4, 5, 6});
  const DeviceTensor<int32_t> out({2, 3}, std::vector<int32_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnCumsumV2, self, 1, true, true, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{5, 3, 0, 11, 6, 0}));
  EXPECT_EQ(CALL_OPERATOR(aclnnCumsum, self, 0, ACL_INT32, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{1, 2, 3, 5, 7, 9}));
}

TEST(cummax_names_the_last_and_keeps_nan) {
  const DeviceTensor<float> self({5}, {1, 3, 3, kNan, 9});
  const DeviceTensor<float> values({5}, std::vector<float>(5));
  const DeviceTensor<int64_t> indices({5}, std::vector<int64_t>(5));
  EXPECT_EQ(CALL_OPERATOR(aclnnCummax, self, 0, values, indices), ACLNN_SUCCESS);
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{0, 1, 2, 3, 3}));
  EXPECT_EQ(values.Values()[2], 3.0F);
  EXPECT_TRUE(std::isnan(values.Values()[4]));
}
