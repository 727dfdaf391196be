// SPDX-License-Identifier: Apache-2.0
// The three forms in which the API has each vector call, made once for all calls of a kind.
#pragma once

#include <cstdint>

#include "kernel_common.h"
#include "kernel_struct_repeat.h"
#include "kernel_tensor.h"
#include "vector_unit.h"

namespace host_ascendc {

template <typename... T>
Repeats RepeatsOf(uint64_t mask, uint8_t repeats, const char* call, const Place& place) {
  return FirstElements(mask, repeats, kRepeatBytes / Widest<T...>(), call, place);
}
template <typename... T>
Repeats RepeatsOf(const uint64_t mask[], uint8_t repeats, const char* call, const Place& place) {
  return MaskedElements(mask, repeats, kRepeatBytes / Widest<T...>(), call, place);
}

template <bool kReadsTo = false, typename To, typename From, typename Mask, typename Operation>
void Unary(const char* call, const AscendC::LocalTensor<To>& dst,
           const AscendC::LocalTensor<From>& src, Mask mask, uint8_t repeats,
           const AscendC::UnaryRepeatParams& params, const Place& place, Operation operation) {
  Elementwise<kReadsTo>(call, place, RepeatsOf<To, From>(mask, repeats, call, place), operation,
                        AscendC::OperandOf(dst, params.dstBlkStride, params.dstRepStride),
                        AscendC::OperandOf(src, params.srcBlkStride, params.srcRepStride));
}

template <bool kReadsTo = false, typename To, typename From, typename Mask, typename Operation>
void Binary(const char* call, const AscendC::LocalTensor<To>& dst,
            const AscendC::LocalTensor<From>& src0, const AscendC::LocalTensor<From>& src1,
            Mask mask, uint8_t repeats, const AscendC::BinaryRepeatParams& params,
            const Place& place, Operation operation) {
  Elementwise<kReadsTo>(call, place, RepeatsOf<To, From>(mask, repeats, call, place), operation,
                        AscendC::OperandOf(dst, params.dstBlkStride, params.dstRepStride),
                        AscendC::OperandOf(src0, params.src0BlkStride, params.src0RepStride),
                        AscendC::OperandOf(src1, params.src1BlkStride, params.src1RepStride));
}

}  // namespace host_ascendc
