// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "acl/acl_base.h"

namespace {

// Layout of the two formats: bits of the mantissa, bias of the exponent.
constexpr int kHalfMantissa = 10;
constexpr int kFloatMantissa = 23;
constexpr int kShift = kFloatMantissa - kHalfMantissa;
constexpr int kHalfBias = 15;
constexpr int kFloatBias = 127;
constexpr uint32_t kHalfInfinity = 0x7c00;
constexpr uint32_t kFloatInfinity = 0x7f800000;

float FromBits(uint32_t bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

uint32_t ToBits(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// value >> shift, to nearest, ties to even; shift from 1 to 31.
uint32_t ShiftRounded(uint32_t value, int shift) {
  const uint32_t half = uint32_t{1} << (shift - 1);
  const uint32_t rest = value & ((half << 1) - 1);
  const uint32_t quotient = value >> shift;
  return quotient + (rest > half || (rest == half && (quotient & 1) != 0) ? 1 : 0);
}

}  // namespace

extern "C" {

size_t aclDataTypeSize(aclDataType dataType) {
  switch (dataType) {
    case ACL_INT8:
    case ACL_UINT8:
    case ACL_BOOL:
    case ACL_HIFLOAT8:
    case ACL_FLOAT8_E5M2:
    case ACL_FLOAT8_E4M3FN:
    case ACL_FLOAT8_E8M0:
      return 1;
    case ACL_FLOAT16:
    case ACL_BF16:
    case ACL_INT16:
    case ACL_UINT16:
      return 2;
    case ACL_FLOAT:
    case ACL_INT32:
    case ACL_UINT32:
    case ACL_COMPLEX32:
      return 4;
    case ACL_INT64:
    case ACL_UINT64:
    case ACL_DOUBLE:
    case ACL_COMPLEX64:
      return 8;
    case ACL_COMPLEX128:
      return 16;
    default:
      return 0;
  }
}

float aclFloat16ToFloat(aclFloat16 value) {
  const uint32_t sign = (value & 0x8000u) << 16;
  const uint32_t magnitude = value & 0x7fffu;
  if (magnitude >= kHalfInfinity) {  // infinity, or a NaN that keeps its payload
    return FromBits(sign | kFloatInfinity | ((magnitude & ~kHalfInfinity) << kShift));
  }
  if (magnitude >> kHalfMantissa == 0) {  // zero or subnormal: its value is exact in float
    const float scaled = static_cast<float>(magnitude) * FromBits((kFloatBias - 24) << 23);
    return FromBits(sign | ToBits(scaled));
  }
  return FromBits(sign | ((magnitude << kShift) + ((kFloatBias - kHalfBias) << kFloatMantissa)));
}

aclFloat16 aclFloatToFloat16(float value) {
  const uint32_t bits = ToBits(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > kFloatInfinity) {  // stays a NaN even where the payload's high bits are 0
    return static_cast<aclFloat16>(sign | kHalfInfinity | 0x200u |
                                   ((magnitude >> kShift) & 0x3ffu));
  }
  const int exponent = static_cast<int>(magnitude >> kFloatMantissa) - kFloatBias + kHalfBias;
  if (exponent >= 31) return static_cast<aclFloat16>(sign | kHalfInfinity);
  if (exponent > 0) {
    // A carry out of the mantissa raises the exponent, up to infinity, as it should.
    const uint32_t rebased = magnitude - ((kFloatBias - kHalfBias) << kFloatMantissa);
    return static_cast<aclFloat16>(sign | ShiftRounded(rebased, kShift));
  }
  const int shift = kShift + 1 - exponent;  // subnormal: the leading 1 becomes explicit
  if (shift > 31) return static_cast<aclFloat16>(sign);
  const uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
  return static_cast<aclFloat16>(sign | ShiftRounded(mantissa, shift));
}

}  // extern "C"
