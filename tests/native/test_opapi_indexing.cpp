// SPDX-License-Identifier: Apache-2.0
// Indexing: places, duplicates, masks, dynamic shapes, and indices that are out of range, which
// write nothing. What each operator computes is compared with torch in tests/torch_npu.
#include "aclnnop/aclnn_embedding.h"
#include "aclnnop/aclnn_gather.h"
#include "aclnnop/aclnn_index.h"
#include "aclnnop/aclnn_index_add.h"
#include "aclnnop/aclnn_index_copy.h"
#include "aclnnop/aclnn_index_fill.h"
#include "aclnnop/aclnn_index_fill_tensor.h"
#include "aclnnop/aclnn_index_put_impl.h"
#include "aclnnop/aclnn_index_select.h"
#include "aclnnop/aclnn_masked_scatter.h"
#include "aclnnop/aclnn_masked_select.h"
#include "aclnnop/aclnn_nonzero.h"
#include "aclnnop/aclnn_nonzero_v2.h"
#include "aclnnop/aclnn_put.h"
#include "aclnnop/aclnn_scatter.h"
#include "aclnnop/aclnn_scatter_add.h"
#include "aclnnop/aclnn_scatter_reduce.h"
#include "aclnnop/aclnn_take.h"
#include "operator_example.h"

namespace {

std::vector<int32_t> Counting(int32_t count) {
  std::vector<int32_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

}  // namespace

TEST(index_of_the_second_dimension_keeps_the_first) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 2}, 0, Counting(6));
  const DeviceTensor<int32_t> whole({0}, {});
  const DeviceTensor<int64_t> columns({2}, {-1, 0});
  const DeviceTensor<int32_t> out({2, 2}, std::vector<int32_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnIndex, self, Tensors({whole, columns}), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{4, 0, 5, 1}));
}

TEST(index_of_dimensions_apart_puts_the_places_in_front) {
  const DeviceTensor<int32_t> self({2, 3, 2}, Counting(12));
  const DeviceTensor<int32_t> whole({0}, {});
  const DeviceTensor<int64_t> first({2}, {1, 0});
  const DeviceTensor<int32_t> last({1}, {1});
  const DeviceTensor<int32_t> out({2, 3}, std::vector<int32_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnIndex, self, Tensors({first, whole, last}), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{7, 9, 11, 1, 3, 5}));
}

TEST(index_out_of_range_fails_by_name) {
  const DeviceTensor<int32_t> self({3}, {1, 2, 3});
  const DeviceTensor<int64_t> index({2}, {0, 1000000000000});
  const DeviceTensor<int32_t> out({2}, {7, 7});
  EXPECT_NE(CALL_OPERATOR(aclnnIndex, self, Tensors({index}), out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(
      RecentText(),
      "aclnnIndex: indices[0] is 1000000000000 at element 1, but dimension 0 of self has 3 "
      "elements: want -3 to 2");
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{7, 7}));
}

TEST(index_refuses_masks_and_wrong_shapes) {
  const DeviceTensor<int32_t> self({3}, {1, 2, 3});
  const DeviceTensor<int32_t> out({2}, {7, 7});
  const DeviceTensor<bool> mask({3}, {true, false, true});
  EXPECT_EQ(CALL_OPERATOR(aclnnIndex, self, Tensors({mask}), out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnIndex: indices[0] is a mask: the host device takes indices; aclnnNonzeroV2 finds "
            "them");
  const DeviceTensor<int64_t> index({3}, {0, 1, 2});
  EXPECT_EQ(CALL_OPERATOR(aclnnIndex, self, Tensors({index}), out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnIndex: out has shape (2,): want (3,)");
}

TEST(index_put_leaves_the_last_of_equal_places_and_adds_up_all) {
  const DeviceTensor<int32_t> self({3}, {10, 20, 30});
  const DeviceTensor<int64_t> index({4}, {2, 0, 2, 2});
  const DeviceTensor<int32_t> values({4}, {1, 2, 3, 4});
  EXPECT_EQ(CALL_OPERATOR(aclnnIndexPutImpl, self, Tensors({index}), values, false, false),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{2, 20, 4}));
  const DeviceTensor<int64_t> again({4}, {2, 0, 2, 2});
  EXPECT_EQ(CALL_OPERATOR(aclnnIndexPutImpl, self, Tensors({again}), values, true, false),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{4, 20, 12}));
}

TEST(index_put_by_an_index_without_elements_puts_nothing) {
  const DeviceTensor<int64_t> self({2}, {1, 2});
  const DeviceTensor<int64_t> index({0}, {});
  const DeviceTensor<int64_t> value({}, std::vector<int64_t>{9});
  EXPECT_EQ(CALL_OPERATOR(aclnnIndexPutImpl, self, Tensors({index}), value, false, false),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int64_t>{1, 2}));
}

TEST(index_put_out_of_range_writes_nothing) {
  const DeviceTensor<float> self({2}, {1, 2});
  const DeviceTensor<int64_t> index({2}, {0, -3});
  const DeviceTensor<float> values({2}, {8, 9});
  EXPECT_NE(CALL_OPERATOR(aclnnIndexPutImpl, self, Tensors({index}), values, false, true),
            ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "indices[0] is -3 at element 1, but dimension 0 of selfRef has 2");
  EXPECT_EQ(self.Values(), (std::vector<float>{1, 2}));
}

TEST(index_select_and_embedding_take_rows) {
  const DeviceTensor<int32_t> table({3, 2}, Counting(6));
  const DeviceTensor<int32_t> index({2}, {2, 0});
  const DeviceTensor<int32_t> out({2, 2}, std::vector<int32_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnIndexSelect, table, 0, index, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{4, 5, 0, 1}));
  EXPECT_EQ(CALL_OPERATOR(aclnnEmbedding, table, index, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{4, 5, 0, 1}));
  const DeviceTensor<int64_t> negative({2}, {0, -1});
  EXPECT_NE(CALL_OPERATOR(aclnnEmbedding, table, negative, out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "indices is -1 at element 1, but dimension 0 of weight has 3");
}

TEST(index_select_refuses_the_first_slice_behind_the_last) {
  const DeviceTensor<int32_t> self({2, 3}, Counting(6));
  const DeviceTensor<int64_t> index({1}, {3});
  const DeviceTensor<int32_t> out({2, 1}, {7, 7});
  EXPECT_NE(CALL_OPERATOR(aclnnIndexSelect, self, 1, index, out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "index is 3 at element 0, but dimension 1 of self has 3 elements");
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{7, 7}));
}

TEST(index_add_of_bf16_rounds_once) {
  // 1 + 3 * 2^-8: each step alone would be rounded away.
  const DeviceTensor<uint16_t> self({1}, {0x3F80});
  const DeviceTensor<int64_t> index({3}, {0, 0, 0});
  const DeviceTensor<uint16_t> source({3}, {0x3B80, 0x3B80, 0x3B80});
  EXPECT_EQ(CALL_OPERATOR(aclnnIndexAdd, self, 0, index, source, Scalar<float>(1), self),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values()[0], 0x3F82);
}

TEST(index_copy_and_fill_along_columns) {
  const DeviceTensor<int32_t> self({2, 3}, Counting(6));
  const DeviceTensor<int64_t> index({1}, {2});
  const DeviceTensor<int32_t> source({2, 1}, {8, 9});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceIndexCopy, self, 1, index, source), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{0, 1, 8, 3, 4, 9}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceIndexFill, self, 1, index, Scalar<int64_t>(-1)),
            ACLNN_SUCCESS);
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceIndexFillTensor, self, 0, Ints({-1}), Scalar<int64_t>(7)),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{0, 1, -1, 7, 7, 7}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceIndexFillTensor, self, 0, Ints({2}), Scalar<int64_t>(7)),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceIndexFillTensor: index[0] is 2: want -2 to 1");
}

TEST(gather_from_a_part_of_self) {
  const DeviceTensor<int32_t> self({3, 2}, Counting(6));
  const DeviceTensor<int64_t> index({2, 1}, {2, 0});
  const DeviceTensor<int32_t> out({2, 1}, {7, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnGather, self, 0, index, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{4, 0}));
  const DeviceTensor<int64_t> wide({1, 3}, {0, 0, 0});
  const DeviceTensor<int32_t> wide_out({1, 3}, {7, 7, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnGather, self, 0, wide, wide_out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(
      RecentText(),
      "aclnnGather: index has shape (1, 3), which does not fit into (3, 2) of self beside dim");
}

TEST(gather_names_the_first_of_many_wrong_indices) {
  std::vector<int64_t> indices(100000, 0);
  indices[70000] = 2;
  indices[90000] = -1;
  const DeviceTensor<int32_t> self({2}, {1, 2});
  const DeviceTensor<int64_t> index({100000}, indices);
  const DeviceTensor<int32_t> out({100000}, std::vector<int32_t>(100000));
  EXPECT_NE(CALL_OPERATOR(aclnnGather, self, 0, index, out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "index is 2 at element 70000, but dimension 0 of self has 2");
}

TEST(scatter_puts_adds_and_multiplies) {
  const DeviceTensor<int32_t> self({2, 3}, {1, 1, 1, 2, 2, 2});
  const DeviceTensor<int64_t> index({2, 2}, {0, 2, 1, 1});
  const DeviceTensor<int32_t> src({2, 2}, {5, 6, 7, 8});
  const DeviceTensor<int32_t> out({2, 3}, std::vector<int32_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnScatter, self, 1, index, src, 0, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{5, 1, 6, 2, 8, 2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnScatter, self, 1, index, src, 2, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{5, 1, 6, 2, 112, 2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnScatterAdd, self, 1, index, src, self), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{6, 1, 7, 2, 17, 2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceScatterValue, self, 0, index, Scalar<int64_t>(0), 3),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceScatterValue: reduce is 3: want 0 to 2");
}

TEST(scatter_out_of_range_writes_nothing) {
  const DeviceTensor<int32_t> self({2}, {1, 2});
  const DeviceTensor<int64_t> index({2}, {0, 2});
  EXPECT_NE(CALL_OPERATOR(aclnnInplaceScatterValue, self, 0, index, Scalar<int64_t>(9), 0),
            ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "index is 2 at element 1, but dimension 0 of self has 2 elements");
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{1, 2}));
}

TEST(scatter_reduce_without_self) {
  const DeviceTensor<float> self({3}, {10, 20, 30});
  const DeviceTensor<int64_t> index({3}, {0, 0, 2});
  const DeviceTensor<float> src({3}, {1, 4, 5});
  const DeviceTensor<float> out({3}, {0, 0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnScatterReduce, self, 0, index, src, 5, false, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{2.5F, 20, 5}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceScatterReduce, self, 0, index, src, 4, true), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{1, 20, 5}));
}

TEST(nonzero_gives_its_output_its_shape) {
  const DeviceTensor<float> self({2, 3}, {0, 0.5F, 0, 1, 0, -0.0F});
  const DeviceTensor<int64_t> rows({6, 2}, std::vector<int64_t>(12, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnNonzero, self, rows), ACLNN_SUCCESS);
  EXPECT_EQ(ViewShape(rows), (std::vector<int64_t>{2, 2}));
  const std::vector<int64_t> values = rows.Values();
  EXPECT_EQ(std::vector<int64_t>(values.begin(), values.begin() + 4),
            (std::vector<int64_t>{0, 1, 1, 0}));
  const DeviceTensor<int64_t> columns({2, 6}, std::vector<int64_t>(12, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnNonzeroV2, self, columns), ACLNN_SUCCESS);
  EXPECT_EQ(ViewShape(columns), (std::vector<int64_t>{2, 2}));
  const std::vector<int64_t> pairs = columns.Values();
  EXPECT_EQ(std::vector<int64_t>(pairs.begin(), pairs.begin() + 5),
            (std::vector<int64_t>{0, 1, 1, 0, -1}));
}

TEST(masked_select_broadcasts_both_ways) {
  const DeviceTensor<int32_t> self({1, 3}, {1, 2, 3});
  const DeviceTensor<bool> mask({2, 1}, {false, true});
  const DeviceTensor<int32_t> out({6}, std::vector<int32_t>(6, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnMaskedSelect, self, mask, out), ACLNN_SUCCESS);
  EXPECT_EQ(ViewShape(out), std::vector<int64_t>{3});
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{1, 2, 3, -1, -1, -1}));
  const DeviceTensor<float> real({2, 1}, {0, 1});
  EXPECT_EQ(CALL_OPERATOR(aclnnMaskedSelect, self, real, out), ACLNN_ERR_PARAM_INVALID);
}

TEST(masked_scatter_needs_as_many_elements_as_the_mask_has) {
  const DeviceTensor<int32_t> self({4}, {1, 2, 3, 4});
  const DeviceTensor<bool> mask({4}, {true, false, true, false});
  const DeviceTensor<int32_t> source({3}, {8, 9, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceMaskedScatter, self, mask, source), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{8, 2, 9, 4}));
  const DeviceTensor<int32_t> few({1}, {5});
  EXPECT_NE(CALL_OPERATOR(aclnnInplaceMaskedScatter, self, mask, few), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "mask has 2 elements that are not 0, but source has 1 elements");
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{8, 2, 9, 4}));
}

TEST(take_and_put_count_through_strides) {
  const DeviceTensor<int32_t> self({2, 2}, {1, 2}, 0, {0, 1, 2, 3});
  const DeviceTensor<int64_t> index({3}, {1, -1, 0});
  const DeviceTensor<int32_t> out({3}, std::vector<int32_t>(3));
  EXPECT_EQ(CALL_OPERATOR(aclnnTake, self, index, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{2, 3, 0}));
  const DeviceTensor<int32_t> source({3}, {5, 6, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplacePut, self, index, source, true), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{7, 1, 7, 9}));
  const DeviceTensor<int64_t> wrong({3}, {0, 4, 0});
  EXPECT_NE(CALL_OPERATOR(aclnnTake, self, wrong, out), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "index is 4 at element 1, but all of self has 4 elements");
}
