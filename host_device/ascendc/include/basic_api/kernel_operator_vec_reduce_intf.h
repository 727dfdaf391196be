// SPDX-License-Identifier: Apache-2.0
// Reductions, under the names that CANN 8.1 and later share.
#pragma once

#include <cstdint>

#include "fault.h"
#include "kernel_vector_forms.h"
#include "reduce.h"

namespace AscendC {

enum class ReduceOrder : uint8_t {
  ORDER_VALUE_INDEX = 0,
  ORDER_INDEX_VALUE,
  ORDER_ONLY_VALUE,
  ORDER_ONLY_INDEX,
};

// Strides are 0 to 65535, repeats 0 to 255.
inline uint32_t ReduceStride(int32_t stride, const char* call, const host_ascendc::Place& place) {
  if (stride >= 0 && stride <= 65535) return static_cast<uint32_t>(stride);
  host_ascendc::Fail(place, "%s with a stride of %d, want 0 to 65535", call, stride);
}
template <typename T>
host_ascendc::Repeats ReduceMask(int32_t mask, int32_t repeats, const char* call,
                                 const host_ascendc::Place& place) {
  return host_ascendc::FirstElements(static_cast<uint64_t>(static_cast<int64_t>(mask)),
                                     static_cast<uint32_t>(repeats),
                                     host_ascendc::kRepeatBytes / sizeof(T), call, place);
}
template <typename T>
host_ascendc::Repeats ReduceMask(const uint64_t mask[], int32_t repeats, const char* call,
                                 const host_ascendc::Place& place) {
  return host_ascendc::MaskedElements(mask, static_cast<uint32_t>(repeats),
                                      host_ascendc::kRepeatBytes / sizeof(T), call, place);
}
template <typename T>
host_ascendc::Operand<T> ReduceSource(const LocalTensor<T>& src, int32_t block_stride,
                                      int32_t repeat_stride, const char* call,
                                      const host_ascendc::Place& place) {
  return OperandOf(src, ReduceStride(block_stride, call, place),
                   ReduceStride(repeat_stride, call, place));
}

// mask, then repeats.
#define HOST_ASCENDC_WHOLE_REDUCE(Mask)                                                            \
  template <typename T, bool isSetMask = true>                                                     \
  inline void WholeReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, Mask,           \
                             const int32_t repeat_time, const int32_t dst_rep_stride,              \
                             const int32_t src_blk_stride, const int32_t src_rep_stride,           \
                             host_ascendc::Place place = host_ascendc::Place()) {                  \
    static_assert(kIsOneOf<T, half, float>, "WholeReduceSum is for half and float");               \
    static_assert(isSetMask, "a mask set outside is not there");                                   \
    host_ascendc::ReduceRepeats(                                                                   \
        "WholeReduceSum", place, host_ascendc::Reduction::kSum, OperandOf(dst),                    \
        ReduceStride(dst_rep_stride, "WholeReduceSum", place),                                     \
        ReduceSource(src, src_blk_stride, src_rep_stride, "WholeReduceSum", place),                \
        ReduceMask<T>(mask, repeat_time, "WholeReduceSum", place));                                \
  }                                                                                                \
  template <typename T, bool isSetMask = true>                                                     \
  inline void WholeReduceMax(const LocalTensor<T>& dst, const LocalTensor<T>& src, Mask,           \
                             const int32_t repeat_time, const int32_t dst_rep_stride,              \
                             const int32_t src_blk_stride, const int32_t src_rep_stride,           \
                             ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX,                   \
                             host_ascendc::Place place = host_ascendc::Place()) {                  \
    static_assert(kIsOneOf<T, half, float>, "WholeReduceMax is for half and float");               \
    static_assert(isSetMask, "a mask set outside is not there");                                   \
    const host_ascendc::Repeats repeats =                                                          \
        ReduceMask<T>(mask, repeat_time, "WholeReduceMax", place);                                 \
    const host_ascendc::Operand<T> source =                                                        \
        ReduceSource(src, src_blk_stride, src_rep_stride, "WholeReduceMax", place);                \
    const uint32_t stride = ReduceStride(dst_rep_stride, "WholeReduceMax", place);                 \
    if (order == ReduceOrder::ORDER_ONLY_VALUE) {                                                  \
      host_ascendc::ReduceRepeats("WholeReduceMax", place, host_ascendc::Reduction::kMax,          \
                                  OperandOf(dst), stride, source, repeats);                        \
    } else if (order == ReduceOrder::ORDER_VALUE_INDEX) {                                          \
      host_ascendc::ReduceRepeatsWithIndex("WholeReduceMax", place, host_ascendc::Reduction::kMax, \
                                           OperandOf(dst), stride, source, repeats);               \
    } else {                                                                                       \
      host_ascendc::Fail(place,                                                                    \
                         "WholeReduceMax on the CPU has ORDER_VALUE_INDEX and "                    \
                         "ORDER_ONLY_VALUE");                                                      \
    }                                                                                              \
  }
HOST_ASCENDC_WHOLE_REDUCE(const int32_t mask)
HOST_ASCENDC_WHOLE_REDUCE(const uint64_t mask[])
#undef HOST_ASCENDC_WHOLE_REDUCE

// repeats, then mask.
#define HOST_ASCENDC_BLOCK_REDUCE(Call, Of, Mask)                                               \
  template <typename T, bool isSetMask = true>                                                  \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src, const int32_t repeat,  \
                   Mask, const int32_t dst_rep_stride, const int32_t src_blk_stride,            \
                   const int32_t src_rep_stride,                                                \
                   host_ascendc::Place place = host_ascendc::Place()) {                         \
    static_assert(kIsOneOf<T, half, float>, #Call " is for half and float");                    \
    static_assert(isSetMask, "a mask set outside is not there");                                \
    host_ascendc::ReduceBlocks(#Call, place, host_ascendc::Reduction::Of, OperandOf(dst),       \
                               ReduceStride(dst_rep_stride, #Call, place),                      \
                               ReduceSource(src, src_blk_stride, src_rep_stride, #Call, place), \
                               ReduceMask<T>(mask, repeat, #Call, place));                      \
  }
HOST_ASCENDC_BLOCK_REDUCE(BlockReduceSum, kSum, const int32_t mask)
HOST_ASCENDC_BLOCK_REDUCE(BlockReduceSum, kSum, const uint64_t mask[])
HOST_ASCENDC_BLOCK_REDUCE(BlockReduceMax, kMax, const int32_t mask)
HOST_ASCENDC_BLOCK_REDUCE(BlockReduceMax, kMax, const uint64_t mask[])
HOST_ASCENDC_BLOCK_REDUCE(BlockReduceMin, kMin, const int32_t mask)
HOST_ASCENDC_BLOCK_REDUCE(BlockReduceMin, kMin, const uint64_t mask[])
#undef HOST_ASCENDC_BLOCK_REDUCE

// Each repeat by a binary tree, the repeats one after the other (asc-devkit, ReduceSum, for Atlas
// A3).
template <typename T, bool isSetMask = true>
inline void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                      const LocalTensor<T>& shared_tmp_buffer, const int32_t count,
                      host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, float>, "ReduceSum is for half and float");
  static_assert(isSetMask, "a mask set outside is not there");
  static_cast<void>(shared_tmp_buffer);  // not used by this form
  host_ascendc::ReduceAll("ReduceSum", place, host_ascendc::Reduction::kSum, OperandOf(dst),
                          OperandOf(src), int64_t{count});
}

}  // namespace AscendC
