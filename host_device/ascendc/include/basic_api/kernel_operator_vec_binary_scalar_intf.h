// SPDX-License-Identifier: Apache-2.0
// Element by element with one scalar.
#pragma once

#include <cstdint>

#include "kernel_operator_vec_binary_intf.h"
#include "kernel_vector_forms.h"

namespace AscendC {

// Declares the three forms of one call; Of names the operation.
#define HOST_ASCENDC_SCALAR(Call, Of)                                                              \
  template <typename T, bool isSetMask = true>                                                     \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const T& scalar,          \
                   const uint64_t mask[], const uint8_t repeat_time,                               \
                   const UnaryRepeatParams& repeat_params,                                         \
                   host_ascendc::Place place = host_ascendc::Place()) {                            \
    static_assert(kIsOneOf<T, half, float, int16_t, int32_t>, #Call ": element type");             \
    static_assert(isSetMask, "a mask set outside is not there");                                   \
    host_ascendc::Unary(                                                                           \
        #Call, dst, src, mask, repeat_time, repeat_params, place,                                  \
        [scalar](T value) { return host_ascendc::Of##Elements()(value, scalar); });                \
  }                                                                                                \
  template <typename T, bool isSetMask = true>                                                     \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const T& scalar,          \
                   uint64_t mask, const uint8_t repeat_time,                                       \
                   const UnaryRepeatParams& repeat_params,                                         \
                   host_ascendc::Place place = host_ascendc::Place()) {                            \
    static_assert(kIsOneOf<T, half, float, int16_t, int32_t>, #Call ": element type");             \
    static_assert(isSetMask, "a mask set outside is not there");                                   \
    host_ascendc::Unary(                                                                           \
        #Call, dst, src, mask, repeat_time, repeat_params, place,                                  \
        [scalar](T value) { return host_ascendc::Of##Elements()(value, scalar); });                \
  }                                                                                                \
  template <typename T, bool isSetMask = true>                                                     \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const T& scalar,          \
                   const int32_t& count, host_ascendc::Place place = host_ascendc::Place()) {      \
    static_assert(kIsOneOf<T, half, float, int16_t, int32_t>, #Call ": element type");             \
    host_ascendc::Elementwise(                                                                     \
        #Call, place, int64_t{count},                                                              \
        [scalar](T value) { return host_ascendc::Of##Elements()(value, scalar); }, OperandOf(dst), \
        OperandOf(src));                                                                           \
  }

HOST_ASCENDC_SCALAR(Adds, Add)
HOST_ASCENDC_SCALAR(Muls, Mul)
HOST_ASCENDC_SCALAR(Maxs, Max)
HOST_ASCENDC_SCALAR(Mins, Min)
#undef HOST_ASCENDC_SCALAR

}  // namespace AscendC
