// SPDX-License-Identifier: Apache-2.0
// One scalar in all elements.
#pragma once

#include <cstdint>

#include "kernel_vector_forms.h"

namespace AscendC {

template <typename T>
constexpr bool kIsDuplicateType =
    kIsOneOf<T, half, bfloat16_t, int16_t, uint16_t, int32_t, uint32_t, float>;

template <typename T>
inline void Duplicate(const LocalTensor<T>& dst, const T& scalar, const int32_t& count,
                      host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsDuplicateType<T>, "Duplicate: element type");
  host_ascendc::Elementwise(
      "Duplicate", place, int64_t{count}, [scalar]() { return scalar; }, OperandOf(dst));
}

template <typename T, bool isSetMask = true>
inline void Duplicate(const LocalTensor<T>& dst, const T& scalar, uint64_t mask,
                      const uint8_t repeat_time, const uint16_t dst_block_stride,
                      const uint8_t dst_repeat_stride,
                      host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsDuplicateType<T>, "Duplicate: element type");
  static_assert(isSetMask, "a mask set outside is not there");
  host_ascendc::Elementwise(
      "Duplicate", place, host_ascendc::RepeatsOf<T>(mask, repeat_time, "Duplicate", place),
      [scalar]() { return scalar; }, OperandOf(dst, dst_block_stride, dst_repeat_stride));
}

template <typename T, bool isSetMask = true>
inline void Duplicate(const LocalTensor<T>& dst, const T& scalar, const uint64_t mask[],
                      const uint8_t repeat_time, const uint16_t dst_block_stride,
                      const uint8_t dst_repeat_stride,
                      host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsDuplicateType<T>, "Duplicate: element type");
  static_assert(isSetMask, "a mask set outside is not there");
  host_ascendc::Elementwise(
      "Duplicate", place, host_ascendc::RepeatsOf<T>(mask, repeat_time, "Duplicate", place),
      [scalar]() { return scalar; }, OperandOf(dst, dst_block_stride, dst_repeat_stride));
}

}  // namespace AscendC
