// SPDX-License-Identifier: Apache-2.0
// Element by element on one tensor. The device approximates Reciprocal and Rsqrt; here all are
// rounded correctly.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernel_vector_forms.h"

namespace host_ascendc {

struct AbsElements {
  float operator()(float value) const { return std::fabs(value); }
  half operator()(half value) const { return half(std::fabs(float{value})); }
};
struct SqrtElements {
  float operator()(float value) const { return std::sqrt(value); }
  half operator()(half value) const { return half(std::sqrt(float{value})); }
};
struct RsqrtElements {
  float operator()(float value) const { return 1.0f / std::sqrt(value); }
  half operator()(half value) const { return half(1.0f / std::sqrt(float{value})); }
};
struct ReciprocalElements {
  float operator()(float value) const { return 1.0f / value; }
  half operator()(half value) const { return half(1.0f / float{value}); }
};
struct ExpElements {
  float operator()(float value) const { return std::exp(value); }
  half operator()(half value) const { return half(std::exp(float{value})); }
};
struct ReluElements {
  float operator()(float value) const { return value > 0 ? value : 0.0f; }
  half operator()(half value) const { return float{value} > 0 ? value : half(0); }
};

}  // namespace host_ascendc

namespace AscendC {

#define HOST_ASCENDC_UNARY(Call)                                                                \
  template <typename T, bool isSetMask = true>                                                  \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const uint64_t mask[], \
                   const uint8_t repeat_time, const UnaryRepeatParams& repeat_params,           \
                   host_ascendc::Place place = host_ascendc::Place()) {                         \
    static_assert(kIsOneOf<T, half, float>, #Call " is for half and float");                    \
    static_assert(isSetMask, "a mask set outside is not there");                                \
    host_ascendc::Unary(#Call, dst, src, mask, repeat_time, repeat_params, place,               \
                        host_ascendc::Call##Elements());                                        \
  }                                                                                             \
  template <typename T, bool isSetMask = true>                                                  \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const uint64_t mask,   \
                   const uint8_t repeat_time, const UnaryRepeatParams& repeat_params,           \
                   host_ascendc::Place place = host_ascendc::Place()) {                         \
    static_assert(kIsOneOf<T, half, float>, #Call " is for half and float");                    \
    static_assert(isSetMask, "a mask set outside is not there");                                \
    host_ascendc::Unary(#Call, dst, src, mask, repeat_time, repeat_params, place,               \
                        host_ascendc::Call##Elements());                                        \
  }                                                                                             \
  template <typename T>                                                                         \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const int32_t& count,  \
                   host_ascendc::Place place = host_ascendc::Place()) {                         \
    static_assert(kIsOneOf<T, half, float>, #Call " is for half and float");                    \
    host_ascendc::Elementwise(#Call, place, int64_t{count}, host_ascendc::Call##Elements(),     \
                              OperandOf(dst), OperandOf(src));                                  \
  }

HOST_ASCENDC_UNARY(Abs)
HOST_ASCENDC_UNARY(Sqrt)
HOST_ASCENDC_UNARY(Rsqrt)
HOST_ASCENDC_UNARY(Reciprocal)
HOST_ASCENDC_UNARY(Exp)
HOST_ASCENDC_UNARY(Relu)
#undef HOST_ASCENDC_UNARY

}  // namespace AscendC
