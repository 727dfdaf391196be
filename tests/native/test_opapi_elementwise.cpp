// SPDX-License-Identifier: Apache-2.0
// Operators on plain tensors: broadcasting, strides, dtypes, refusals. What each operator computes
// is compared with torch in tests/torch_npu.
#include <cmath>
#include <limits>

#include "aclnnop/aclnn_add.h"
#include "aclnnop/aclnn_cast.h"
#include "aclnnop/aclnn_copy.h"
#include "operator_example.h"

namespace {

template <typename T>
std::vector<T> Counting(size_t count) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), T{0});
  return values;
}

}  // namespace

TEST(add_broadcasts_and_scales_the_second_input) {
  const DeviceTensor<float> self({2, 3}, {0, 1, 2, 3, 4, 5});
  const DeviceTensor<float> other({3}, {10, 20, 30});
  const DeviceTensor<float> out({2, 3}, std::vector<float>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, other, Scalar<float>(2), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{20, 41, 62, 23, 44, 65}));
}

TEST(add_takes_strided_inputs_and_writes_strided_outputs) {
  const DeviceTensor<float> transposed({3, 2}, {1, 3}, 0, {0, 1, 2, 3, 4, 5});
  const DeviceTensor<float> same({3, 2}, {0, 0}, 1, {7, 8});
  const DeviceTensor<float> out({3, 2}, {2, 6}, 1, std::vector<float>(12, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, transposed, same, Scalar<int64_t>(1), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{-1, 8, -1, 9, -1, 10, -1, 11, -1, 12, -1, 13}));
}

TEST(add_of_many_elements_runs_on_several_cores_with_the_same_result) {
  constexpr int64_t kRows = 300;
  constexpr int64_t kColumns = 1500;
  const DeviceTensor<int64_t> self({kRows, kColumns}, Counting<int64_t>(kRows * kColumns));
  const DeviceTensor<int32_t> other({kRows, 1}, Counting<int32_t>(kRows));
  const DeviceTensor<int64_t> out({kRows, kColumns}, std::vector<int64_t>(kRows * kColumns));
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, other, Scalar<int64_t>(-1), out), ACLNN_SUCCESS);
  const std::vector<int64_t> values = out.Values();
  int64_t wrong = 0;
  for (int64_t i = 0; i < kRows * kColumns; ++i) wrong += values[i] != i - i / kColumns;
  EXPECT_EQ(wrong, 0);
}

TEST(add_in_place_of_integers_wraps) {
  const DeviceTensor<int32_t> self({2}, {std::numeric_limits<int32_t>::max(), -5});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceAdds, self, Scalar<int64_t>(1), Scalar<int64_t>(1)),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int32_t>{std::numeric_limits<int32_t>::min(), -4}));
}

TEST(add_of_bf16_rounds_once) {
  // 1 + 2^-8 lies half-way between bf16 neighbours and goes to the even one.
  const DeviceTensor<uint16_t> self({1}, {0x3F80});
  const DeviceTensor<float> other({1}, {0x1p-8f + 0x1p-20f});
  const DeviceTensor<uint16_t> out({1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, other, Scalar<float>(1), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 0x3F81);
}

TEST(add_refuses_shapes_that_do_not_broadcast) {
  const DeviceTensor<float> self({2, 3}, std::vector<float>(6));
  const DeviceTensor<float> other({2}, {1, 2});
  const DeviceTensor<float> out({2, 3}, std::vector<float>(6, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, other, Scalar<float>(1), out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnAdd: other has shape (2,), which does not broadcast with (2, 3) of self");
  EXPECT_EQ(out.Values(), std::vector<float>(6, -1));
}

TEST(add_refuses_an_output_of_another_shape) {
  const DeviceTensor<float> self({2, 3}, std::vector<float>(6));
  const DeviceTensor<float> out({3, 2}, std::vector<float>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, self, Scalar<float>(1), out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnAdd: out has shape (3, 2): want (2, 3)");
}

TEST(add_refuses_null_by_name) {
  const DeviceTensor<float> self({1}, {1});
  aclTensor* const null = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, null, Scalar<float>(1), self), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(), "aclnnAdd: other is null");
  aclScalar* const no_scalar = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, self, no_scalar, self), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(), "aclnnAdd: alpha is null");
}

TEST(add_refuses_a_destroyed_tensor) {
  const DeviceTensor<float> self({1}, {1});
  aclTensor* const stale = ContiguousTensor(nullptr, {1});
  aclDestroyTensor(stale);
  EXPECT_EQ(CALL_OPERATOR(aclnnAdd, self, stale, Scalar<float>(1), self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnAdd: other is not a living aclTensor");
}

TEST(cast_truncates_rounds_and_asks_whether_a_number_is_zero) {
  const float nan = std::nanf("");
  const DeviceTensor<float> self({6}, {-1.75F, 0.5F, 300, 1e30F, nan, 0});
  const DeviceTensor<int64_t> whole({6}, std::vector<int64_t>(6, -1));
  const DeviceTensor<uint8_t> narrow({6}, std::vector<uint8_t>(6));
  const DeviceTensor<bool> truth({6}, std::vector<bool>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnCast, self, ACL_INT64, whole), ACLNN_SUCCESS);
  EXPECT_EQ(CALL_OPERATOR(aclnnCast, self, ACL_UINT8, narrow), ACLNN_SUCCESS);
  EXPECT_EQ(CALL_OPERATOR(aclnnCast, self, ACL_BOOL, truth), ACLNN_SUCCESS);
  EXPECT_EQ(whole.Values(),
            (std::vector<int64_t>{-1, 0, 300, std::numeric_limits<int64_t>::max(), 0, 0}));
  EXPECT_EQ(narrow.Values(), (std::vector<uint8_t>{255, 0, 44, 255, 0, 0}));
  EXPECT_EQ(truth.Values(), (std::vector<bool>{true, true, true, true, true, false}));
}

TEST(cast_refuses_a_dtype_that_is_not_the_outputs) {
  const DeviceTensor<float> self({1}, {1});
  const DeviceTensor<int64_t> out({1}, {7});
  EXPECT_EQ(CALL_OPERATOR(aclnnCast, self, ACL_INT32, out), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnCast: out is int64, but dtype is int32");
  EXPECT_EQ(out.Values()[0], 7);
}

TEST(copy_keeps_every_bit_of_int64) {
  const int64_t big = (int64_t{1} << 62) + 1;
  const DeviceTensor<int64_t> source({2}, {big, -big});
  const DeviceTensor<int64_t> target({2, 2}, {1, 2}, 0, std::vector<int64_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceCopy, target, source), ACLNN_SUCCESS);
  EXPECT_EQ(target.Values(), (std::vector<int64_t>{big, big, -big, -big}));
}

TEST(copy_refuses_a_source_larger_than_its_target) {
  const DeviceTensor<float> source({2, 2}, std::vector<float>(4));
  const DeviceTensor<float> target({2}, {5, 6});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceCopy, target, source), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnInplaceCopy: src has shape (2, 2), which does not broadcast to (2,) of selfRef");
  EXPECT_EQ(target.Values(), (std::vector<float>{5, 6}));
}
