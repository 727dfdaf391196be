// SPDX-License-Identifier: Apache-2.0
// dst = scalar * src + dst.
#pragma once

#include <cstdint>

#include "kernel_operator_vec_binary_intf.h"
#include "kernel_vector_forms.h"

namespace AscendC {

// Product and sum are rounded one after the other: asc-devkit says that compound calls of one type
// are no more precise than two calls, and no public source says more. Kernels whose results must be
// the same on the device try it first, and are run with Launch::fused_products too.
template <typename T, typename U>
inline void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const U& scalar,
                 const int32_t& count, host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsMulAddDstPair<T, U>, "Axpy is for half, float, and half into float");
  host_ascendc::WithMulAdd([&](auto operation) {
    host_ascendc::Elementwise<true>(
        "Axpy", place, int64_t{count},
        [scalar, operation](T to, U value) { return operation(to, value, scalar); }, OperandOf(dst),
        OperandOf(src));
  });
}

template <typename T, typename U, bool isSetMask = true>
inline void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, const U& scalar,
                 uint64_t mask, const uint8_t repeat_time, const UnaryRepeatParams& repeat_params,
                 host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsMulAddDstPair<T, U>, "Axpy is for half, float, and half into float");
  static_assert(isSetMask, "a mask set outside is not there");
  host_ascendc::WithMulAdd([&](auto operation) {
    host_ascendc::Unary<true>(
        "Axpy", dst, src, mask, repeat_time, repeat_params, place,
        [scalar, operation](T to, U value) { return operation(to, value, scalar); });
  });
}

}  // namespace AscendC
