// SPDX-License-Identifier: Apache-2.0
// Sorting, searching, different elements, counting: ties, NaN, strides, refusals. What each
// operator computes is compared with torch in tests/torch_npu.
#include <cmath>
#include <limits>

#include "aclnnop/aclnn_bincount.h"
#include "aclnnop/aclnn_histc.h"
#include "aclnnop/aclnn_kthvalue.h"
#include "aclnnop/aclnn_median.h"
#include "aclnnop/aclnn_searchsorted.h"
#include "aclnnop/aclnn_sort.h"
#include "aclnnop/aclnn_topk.h"
#include "aclnnop/aclnn_unique2.h"
#include "aclnnop/aclnn_unique_consecutive.h"
#include "aclnnop/aclnn_unique_dim.h"
#include "operator_example.h"

namespace {

const float kNan = std::nanf("");

}  // namespace

TEST(sort_keeps_the_order_of_equal_elements_and_puts_nan_behind_all) {
  const DeviceTensor<float> self({6}, {2, kNan, -0.0F, 0, -1, 2});
  const DeviceTensor<float> values({6}, std::vector<float>(6));
  const DeviceTensor<int64_t> indices({6}, std::vector<int64_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnSort, self, true, 0, false, values, indices), ACLNN_SUCCESS);
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{4, 2, 3, 0, 5, 1}));
  EXPECT_TRUE(std::signbit(values.Values()[1]));
  EXPECT_EQ(CALL_OPERATOR(aclnnSort, self, true, 0, true, values, indices), ACLNN_SUCCESS);
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{1, 0, 5, 2, 3, 4}));
}

TEST(sort_of_columns_in_place) {
  const DeviceTensor<int64_t> self({3, 2}, {std::numeric_limits<int64_t>::max(), 1, -5, 3, 0, 2});
  const DeviceTensor<int64_t> indices({3, 2}, std::vector<int64_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnSort, self, true, 0, false, self, indices), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(),
            (std::vector<int64_t>{-5, 1, 0, 2, std::numeric_limits<int64_t>::max(), 3}));
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{1, 0, 2, 2, 0, 1}));
}

TEST(topk_of_strided_rows) {
  const DeviceTensor<int32_t> self({2, 4}, {1, 2}, 0, {4, 1, 9, 1, 9, 8, 0, 1});
  const DeviceTensor<int32_t> values({2, 2}, std::vector<int32_t>(4));
  const DeviceTensor<int64_t> indices({2, 2}, std::vector<int64_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnTopk, self, 2, 1, true, true, values, indices), ACLNN_SUCCESS);
  EXPECT_EQ(values.Values(), (std::vector<int32_t>{9, 9, 8, 1}));
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{1, 2, 2, 0}));
  EXPECT_EQ(CALL_OPERATOR(aclnnTopk, self, 5, 1, true, true, values, indices),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnTopk: k is 5: want 0 to 4, the size of dim");
}

TEST(kthvalue_counts_from_1) {
  const DeviceTensor<float> self({4}, {7, 3, 9, 5});
  const DeviceTensor<float> values({1}, {0});
  const DeviceTensor<int64_t> indices({1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnKthvalue, self, 2, 0, true, values, indices), ACLNN_SUCCESS);
  EXPECT_EQ(values.Values()[0], 5.0F);
  EXPECT_EQ(indices.Values()[0], 3);
  EXPECT_EQ(CALL_OPERATOR(aclnnKthvalue, self, 0, 0, true, values, indices),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnKthvalue: k is 0: want 1 to 4, the size of dim");
}

TEST(median_is_the_lower_one_and_nan_where_one_is_nan) {
  const DeviceTensor<float> self({2, 2}, {1, 2}, 0, {4, 1, 3, kNan});
  const DeviceTensor<float> out({}, std::vector<float>{0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMedian, self, out), ACLNN_SUCCESS);
  EXPECT_TRUE(std::isnan(out.Values()[0]));
  EXPECT_EQ(CALL_OPERATOR(aclnnNanMedian, self, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 3.0F);
  const DeviceTensor<float> values({2}, {0, 0});
  const DeviceTensor<int64_t> indices({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMedianDim, self, 1, false, values, indices), ACLNN_SUCCESS);
  EXPECT_EQ(values.Values()[0], 3.0F);
  EXPECT_EQ(indices.Values(), (std::vector<int64_t>{1, 1}));
}

TEST(searchsorted_before_and_behind_equal_elements) {
  const DeviceTensor<int32_t> sequence({4}, {5, 1, 3, 3});
  const DeviceTensor<int64_t> sorter({4}, {1, 2, 3, 0});
  const DeviceTensor<int32_t> self({3}, {3, 0, 9});
  const DeviceTensor<int64_t> out({3}, std::vector<int64_t>(3));
  EXPECT_EQ(CALL_OPERATOR(aclnnSearchSorted, sequence, self, false, false, sorter, out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{1, 0, 4}));
  EXPECT_EQ(CALL_OPERATOR(aclnnSearchSorted, sequence, self, false, true, sorter, out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{3, 0, 4}));
  EXPECT_EQ(CALL_OPERATOR(aclnnSearchSorted, sequence, self, true, true, sorter, out),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnSearchSorted: out is int64: want int32");
}

TEST(searchsorted_never_follows_a_wrong_sorter) {
  const DeviceTensor<int32_t> sequence({2}, {1, 2});
  const DeviceTensor<int64_t> sorter({2}, {0, 1000000});
  const DeviceTensor<int32_t> self({1}, {2});
  const DeviceTensor<int64_t> out({1}, {7});
  EXPECT_NE(CALL_OPERATOR(aclnnSearchSorted, sequence, self, false, false, sorter, out),
            ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "sorter is 1000000 at element 1");
}

TEST(unique_gives_its_outputs_their_shape) {
  const DeviceTensor<int32_t> self({2, 3}, {5, 1, 5, 3, 1, 5});
  const DeviceTensor<int32_t> values({6}, std::vector<int32_t>(6, -1));
  const DeviceTensor<int64_t> inverse({2, 3}, std::vector<int64_t>(6));
  const DeviceTensor<int64_t> counts({6}, std::vector<int64_t>(6, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnUnique2, self, true, true, true, values, inverse, counts),
            ACLNN_SUCCESS);
  EXPECT_EQ(ViewShape(values), std::vector<int64_t>{3});
  EXPECT_EQ(ViewShape(counts), std::vector<int64_t>{3});
  EXPECT_EQ(values.Values(), (std::vector<int32_t>{1, 3, 5, -1, -1, -1}));
  EXPECT_EQ(inverse.Values(), (std::vector<int64_t>{2, 0, 2, 1, 0, 2}));
  EXPECT_EQ(counts.Values(), (std::vector<int64_t>{2, 1, 3, -1, -1, -1}));
}

TEST(unique_slices_along_a_dimension) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 0, 1, 2, 5, 2});
  const DeviceTensor<int32_t> values({2, 3}, std::vector<int32_t>(6, -1));
  const DeviceTensor<int64_t> inverse({3}, std::vector<int64_t>(3));
  const DeviceTensor<int64_t> counts({3}, std::vector<int64_t>(3, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnUniqueDim, self, true, true, 1, values, inverse, counts),
            ACLNN_SUCCESS);
  EXPECT_EQ(ViewShape(values), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(values.Values(), (std::vector<int32_t>{0, 1, 5, 2, -1, -1}));
  EXPECT_EQ(inverse.Values(), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(CALL_OPERATOR(aclnnUniqueDim, self, true, true, 2, values, inverse, counts),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnUniqueDim: dim is 2: want -2 to 1");
}

TEST(unique_consecutive_of_all_elements) {
  const DeviceTensor<float> self({5}, {1, 1, 2, kNan, kNan});
  const DeviceTensor<float> values({5}, std::vector<float>(5));
  const DeviceTensor<int64_t> inverse({0}, {});
  const DeviceTensor<int64_t> counts({5}, std::vector<int64_t>(5));
  EXPECT_EQ(CALL_OPERATOR(aclnnUniqueConsecutive, self, false, true, 1000, values, inverse, counts),
            ACLNN_SUCCESS);
  EXPECT_EQ(ViewShape(values), std::vector<int64_t>{4});
  EXPECT_EQ(counts.Values()[0], 2);
}

TEST(bincount_adds_weights_and_refuses_what_is_outside) {
  const DeviceTensor<int32_t> self({3}, {2, 0, 2});
  const DeviceTensor<float> weights({3}, {0.5F, 1, 2});
  const DeviceTensor<float> sums({4}, std::vector<float>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnBincount, self, weights, 4, sums), ACLNN_SUCCESS);
  EXPECT_EQ(sums.Values(), (std::vector<float>{1, 0, 2.5F, 0}));
  const DeviceTensor<int64_t> few({2}, {0, 0});
  aclTensor* const none = nullptr;
  EXPECT_NE(CALL_OPERATOR(aclnnBincount, self, none, 0, few), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "self is 2 at element 0, but dimension 0 of out has 2 elements");
}

TEST(histc_counts_the_ends_and_leaves_out_what_lies_beyond) {
  const DeviceTensor<float> self({6}, {0, 1, 2, 3, 4, kNan});
  const DeviceTensor<float> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnHistc, self, 2, Scalar<float>(1), Scalar<float>(3), out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{1, 2}));
}
