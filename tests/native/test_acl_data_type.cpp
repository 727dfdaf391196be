// SPDX-License-Identifier: Apache-2.0
// Sizes of types, and half precision.
#include <cmath>
#include <cstring>
#include <limits>

#include "acl/acl.h"
#include "check.h"

namespace {

// Value of a half by its definition.
double HalfValue(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

}  // namespace

TEST(type_sizes_are_those_of_the_types) {
  EXPECT_EQ(aclDataTypeSize(ACL_FLOAT), 4u);
  EXPECT_EQ(aclDataTypeSize(ACL_FLOAT16), 2u);
  EXPECT_EQ(aclDataTypeSize(ACL_BF16), 2u);
  EXPECT_EQ(aclDataTypeSize(ACL_INT8), 1u);
  EXPECT_EQ(aclDataTypeSize(ACL_BOOL), 1u);
  EXPECT_EQ(aclDataTypeSize(ACL_INT64), 8u);
  EXPECT_EQ(aclDataTypeSize(ACL_COMPLEX128), 16u);
  EXPECT_EQ(aclDataTypeSize(ACL_DT_UNDEFINED), 0u);
  EXPECT_EQ(aclDataTypeSize(ACL_STRING), 0u);
  EXPECT_EQ(aclDataTypeSize(static_cast<aclDataType>(999)), 0u);
}

TEST(every_half_becomes_its_float_and_back) {
  int wrong = 0;
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float value = aclFloat16ToFloat(static_cast<aclFloat16>(bits));
    const double want = HalfValue(static_cast<uint16_t>(bits));
    if (std::isnan(want)) {
      wrong += std::isnan(value) && std::isnan(aclFloat16ToFloat(aclFloatToFloat16(value))) ? 0 : 1;
    } else {
      const bool same_sign = std::signbit(value) == ((bits & 0x8000) != 0);
      wrong += value == want && same_sign && aclFloatToFloat16(value) == bits ? 0 : 1;
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(floats_between_halves_go_to_the_nearest_even) {
  int wrong = 0;
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const double low = HalfValue(static_cast<uint16_t>(bits));
    // Above the largest half, infinity stands in for 2^16.
    const double high = bits == 0x7bff ? 65536.0 : HalfValue(static_cast<uint16_t>(bits + 1));
    const float middle = static_cast<float>((low + high) / 2);
    const uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    wrong += aclFloatToFloat16(middle) == even ? 0 : 1;
    wrong += aclFloatToFloat16(std::nextafterf(middle, 0.0F)) == bits ? 0 : 1;
    wrong += aclFloatToFloat16(std::nextafterf(middle, 1e9F)) == bits + 1 ? 0 : 1;
    wrong += aclFloatToFloat16(-middle) == (even | 0x8000) ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
}

TEST(floats_outside_the_range_of_half_become_infinity_or_zero) {
  EXPECT_EQ(aclFloatToFloat16(1e6F), 0x7c00);
  EXPECT_EQ(aclFloatToFloat16(-std::numeric_limits<float>::infinity()), 0xfc00);
  EXPECT_EQ(aclFloatToFloat16(1e-9F), 0);
  EXPECT_EQ(aclFloatToFloat16(-1e-40F), 0x8000);
}
