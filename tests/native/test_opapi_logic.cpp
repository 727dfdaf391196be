// SPDX-License-Identifier: Apache-2.0
// Comparisons, bits, choices and fills.
#include <cmath>
#include <limits>

#include "aclnnop/aclnn_bitwise_and_tensor.h"
#include "aclnnop/aclnn_bitwise_not.h"
#include "aclnnop/aclnn_eq_scalar.h"
#include "aclnnop/aclnn_equal.h"
#include "aclnnop/aclnn_fill_scalar.h"
#include "aclnnop/aclnn_fill_tensor.h"
#include "aclnnop/aclnn_isclose.h"
#include "aclnnop/aclnn_left_shift.h"
#include "aclnnop/aclnn_lt_tensor.h"
#include "aclnnop/aclnn_masked_fill_scalar.h"
#include "aclnnop/aclnn_ones.h"
#include "aclnnop/aclnn_right_shift.h"
#include "aclnnop/aclnn_s_where.h"
#include "aclnnop/aclnn_zero.h"
#include "operator_example.h"

TEST(comparisons_give_bool_or_numbers_in_place) {
  const DeviceTensor<float> self({3}, {1, 2, std::nanf("")});
  const DeviceTensor<int64_t> other({1}, {2});
  const DeviceTensor<bool> out({3}, std::vector<bool>(3));
  EXPECT_EQ(CALL_OPERATOR(aclnnLtTensor, self, other, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceLtTensor, self, other), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{1, 0, 0}));
}

TEST(a_scalar_is_rounded_to_the_tensors_dtype_before_it_is_compared) {
  const DeviceTensor<uint16_t> bf16({1}, {0x3DCD});  // 0.1 in bf16
  const DeviceTensor<int32_t> whole({1}, {2});
  const DeviceTensor<bool> out({1}, {false});
  EXPECT_EQ(CALL_OPERATOR(aclnnEqScalar, bf16, Scalar<double>(0.1), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], true);
  EXPECT_EQ(CALL_OPERATOR(aclnnEqScalar, whole, Scalar<double>(2.5), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], false);
}

TEST(equal_compares_shapes_and_every_element) {
  std::vector<float> values(40000, 1);
  const DeviceTensor<float> self({200, 200}, values);
  values.back() = 2;
  const DeviceTensor<float> other({200, 200}, values);
  const DeviceTensor<float> flat({40000}, std::vector<float>(40000, 1));
  const DeviceTensor<bool> out({1}, {false});
  EXPECT_EQ(CALL_OPERATOR(aclnnEqual, self, self, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], true);
  EXPECT_EQ(CALL_OPERATOR(aclnnEqual, self, other, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], false);
  EXPECT_EQ(CALL_OPERATOR(aclnnEqual, self, flat, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], false);
  EXPECT_EQ(CALL_OPERATOR(aclnnEqual, self, self, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnEqual: out is float32 of shape (200, 200): want one bool");
}

TEST(isclose_takes_nan_for_nan_when_asked) {
  const DeviceTensor<float> self({2}, {std::nanf(""), 1});
  const DeviceTensor<float> other({2}, {std::nanf(""), 1.25F});
  const DeviceTensor<bool> out({2}, std::vector<bool>(2));
  EXPECT_EQ(CALL_OPERATOR(aclnnIsClose, self, other, 0.0, 0.2, true, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<bool>{true, false}));
  EXPECT_EQ(CALL_OPERATOR(aclnnIsClose, self, other, 0.2, 0.0, false, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<bool>{false, true}));
}

TEST(shifts_are_defined_for_every_number_of_bits) {
  const DeviceTensor<int32_t> self({4}, {-8, -8, 1, 1});
  const DeviceTensor<int32_t> bits({4}, {1, 200, 31, -1});
  const DeviceTensor<int32_t> out({4}, std::vector<int32_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnRightShift, self, bits, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{-4, -1, 0, 0}));
  EXPECT_EQ(CALL_OPERATOR(aclnnLeftShift, self, bits, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int32_t>{-16, 0, std::numeric_limits<int32_t>::min(), 0}));
}

TEST(bitwise_not_of_bool_is_its_contrary) {
  const DeviceTensor<bool> truth({2}, {true, false});
  const DeviceTensor<uint8_t> bits({2}, {0, 0xF0});
  EXPECT_EQ(CALL_OPERATOR(aclnnBitwiseNot, truth, truth), ACLNN_SUCCESS);
  EXPECT_EQ(truth.Values(), (std::vector<bool>{false, true}));
  EXPECT_EQ(CALL_OPERATOR(aclnnBitwiseNot, bits, bits), ACLNN_SUCCESS);
  EXPECT_EQ(bits.Values(), (std::vector<uint8_t>{0xFF, 0x0F}));
}

TEST(bits_of_floating_numbers_are_refused) {
  const DeviceTensor<float> self({1}, {1});
  EXPECT_EQ(CALL_OPERATOR(aclnnBitwiseAndTensor, self, self, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnBitwiseAndTensor: self is float32 (0): want bool, uint8, int8, int16, int32 or "
            "int64");
}

TEST(where_chooses_and_broadcasts) {
  const DeviceTensor<bool> condition({2, 1}, {true, false});
  const DeviceTensor<int64_t> self({3}, {1, 2, (int64_t{1} << 62) + 1});
  const DeviceTensor<int64_t> other({1}, {-1});
  const DeviceTensor<int64_t> out({2, 3}, std::vector<int64_t>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnSWhere, condition, self, other, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{1, 2, (int64_t{1} << 62) + 1, -1, -1, -1}));
}

TEST(masked_fill_casts_its_value) {
  const int64_t big = (int64_t{1} << 62) + 1;
  const DeviceTensor<int64_t> self({2}, {big, big});
  const DeviceTensor<bool> mask({2}, {false, true});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceMaskedFillScalar, self, mask, Scalar<double>(2.5)),
            ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<int64_t>{big, 2}));
}

TEST(fills_write_strided_tensors_and_nothing_beside) {
  const DeviceTensor<float> self({2, 2}, {3, 1}, 1, std::vector<float>(6, 9));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceFillScalar, self, Scalar<double>(0.5)), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{9, 0.5F, 0.5F, 9, 0.5F, 0.5F}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceZero, self), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{9, 0, 0, 9, 0, 0}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceOne, self), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{9, 1, 1, 9, 1, 1}));
  const DeviceTensor<int64_t> value({1}, {-3});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceFillTensor, self, value), ACLNN_SUCCESS);
  EXPECT_EQ(self.Values(), (std::vector<float>{9, -3, -3, 9, -3, -3}));
}

TEST(fill_refuses_a_tensor_of_several_values) {
  const DeviceTensor<float> self({2}, {1, 2});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceFillTensor, self, self), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnInplaceFillTensor: value has shape (2,): want one element");
}
