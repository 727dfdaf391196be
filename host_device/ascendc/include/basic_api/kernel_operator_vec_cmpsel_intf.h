// SPDX-License-Identifier: Apache-2.0
// Comparisons into bits, and selection by bits.
#pragma once

#include <cstdint>

#include "fault.h"
#include "kernel_vector_forms.h"

namespace AscendC {

enum class CMPMODE : uint8_t { LT = 0, GT, EQ, LE, GE, NE };
enum class SELMODE : uint8_t {
  VSEL_CMPMASK_SPR = 0,
  VSEL_TENSOR_SCALAR_MODE,
  VSEL_TENSOR_TENSOR_MODE,
};

}  // namespace AscendC

namespace host_ascendc {

template <typename T>
bool Holds(T a, T b, AscendC::CMPMODE mode) {
  switch (mode) {
    case AscendC::CMPMODE::LT:
      return a < b;
    case AscendC::CMPMODE::GT:
      return a > b;
    case AscendC::CMPMODE::EQ:
      return a == b;
    case AscendC::CMPMODE::LE:
      return a <= b;
    case AscendC::CMPMODE::GE:
      return a >= b;
    case AscendC::CMPMODE::NE:
      return a != b;
  }
  return false;
}

// Comparisons take whole repeats.
template <typename T>
void CheckCompareCount(const char* call, uint32_t count, const Place& place) {
  if (count * sizeof(T) % kRepeatBytes == 0) return;
  Fail(place, "%s of %u elements, want a multiple of %zu", call, count, kRepeatBytes / sizeof(T));
}

// bits[i / 8] bit i % 8 = other(i) compared with src[i].
template <typename T, typename Other>
void CompareInto(const char* call, const Place& place, const UbView& bits, const UbView& src,
                 const UbView* second, uint32_t count, AscendC::CMPMODE mode, Other other) {
  CheckCompareCount<T>(call, count, place);
  if (count == 0) return;
  Core& core = Core::Current();
  const auto bytes = static_cast<uint32_t>(count * sizeof(T));
  const T* source = reinterpret_cast<const T*>(core.Ub(src, bytes, kBlockBytes, call, place));
  if (second != nullptr) core.Ub(*second, bytes, kBlockBytes, call, place);
  uint8_t* target = core.Ub(bits, count / 8, kBlockBytes, call, place);
  if (VectorNote note{&core, call, place, sizeof(T), count}) {
    note.Reads(src.address, bytes);
    if (second != nullptr) note.Reads(second->address, bytes);
    note.Writes(bits.address, count / 8);
    note.End();
  }
  for (uint32_t byte = 0; byte < count / 8; ++byte) {
    uint8_t result = 0;
    for (uint32_t bit = 0; bit < 8; ++bit) {
      const uint32_t i = byte * 8 + bit;
      if (Holds(source[i], other(i), mode)) result = static_cast<uint8_t>(result | 1u << bit);
    }
    target[byte] = result;
  }
}

}  // namespace host_ascendc

namespace AscendC {

template <typename T, typename U>
inline void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0,
                    const LocalTensor<T>& src1, CMPMODE cmp_mode, uint32_t count,
                    host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, float, int32_t>, "Compare is for half, float and int32_t");
  static_assert(kIsOneOf<U, uint8_t, int8_t>, "Compare writes bits into uint8_t or int8_t");
  if constexpr (std::is_same_v<T, int32_t>) {
    if (cmp_mode != CMPMODE::EQ)
      host_ascendc::Fail(place, "Compare of int32_t knows CMPMODE::EQ only");
  }
  const host_ascendc::UbView second = ViewOf(src1);
  const T* other = reinterpret_cast<const T*>(
      host_ascendc::Core::Current().Ub(second, 0, host_ascendc::kBlockBytes, "Compare", place));
  host_ascendc::CompareInto<T>("Compare", place, ViewOf(dst), ViewOf(src0), &second, count,
                               cmp_mode, [other](uint32_t i) { return other[i]; });
}

template <typename T, typename U>
inline void CompareScalar(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const T src1,
                          CMPMODE cmp_mode, uint32_t count,
                          host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, float, int32_t>, "CompareScalar is for half, float and int32_t");
  static_assert(kIsOneOf<U, uint8_t, int8_t>, "CompareScalar writes bits into uint8_t or int8_t");
  if constexpr (std::is_same_v<T, int32_t>) {
    if (cmp_mode != CMPMODE::EQ) {
      host_ascendc::Fail(place, "CompareScalar of int32_t knows CMPMODE::EQ only");
    }
  }
  host_ascendc::CompareInto<T>("CompareScalar", place, ViewOf(dst), ViewOf(src0), nullptr, count,
                               cmp_mode, [src1](uint32_t) { return src1; });
}

}  // namespace AscendC

namespace host_ascendc {

// Where the device's Select keeps what it works with (CANN 8.1.RC1, dav_c220: the last 8 KiB of
// UB).
constexpr uint32_t kSelectScratch = 184 * 1024;

template <typename T, typename Other>
void SelectInto(const Place& place, const UbView& to, const UbView& bits, const UbView& first,
                const UbView* second, uint32_t count, Other other) {
  if (count == 0) return;
  Core& core = Core::Current();
  if (core.ub_used() > kSelectScratch) {
    Fail(place, "Select takes UB from byte %u on, and InitBuffer has given out %u", kSelectScratch,
         core.ub_used());
  }
  const auto bytes = static_cast<uint32_t>(count * sizeof(T));
  const uint32_t bit_bytes = (count + 7) / 8;
  T* target = reinterpret_cast<T*>(core.Ub(to, bytes, kBlockBytes, "Select", place));
  const uint8_t* mask = core.Ub(bits, bit_bytes, kBlockBytes, "Select", place);
  const T* source = reinterpret_cast<const T*>(core.Ub(first, bytes, kBlockBytes, "Select", place));
  if (second != nullptr) core.Ub(*second, bytes, kBlockBytes, "Select", place);
  if (VectorNote note{&core, "Select", place, sizeof(T), count}) {
    note.Reads(bits.address, bit_bytes);
    note.Reads(first.address, bytes);
    if (second != nullptr) note.Reads(second->address, bytes);
    note.Writes(to.address, bytes);
    note.End();
  }
  for (uint32_t i = 0; i < count; ++i) {
    target[i] = (mask[i / 8] >> i % 8 & 1) != 0 ? source[i] : other(i);
  }
}

}  // namespace host_ascendc

namespace AscendC {

template <typename T, typename U>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<U>& sel_mask,
                   const LocalTensor<T>& src0, T src1, SELMODE sel_mode, uint32_t count,
                   host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, float>, "Select is for half and float");
  static_assert(kIsOneOf<U, uint8_t, uint16_t, uint32_t, uint64_t>, "Select: type of the bits");
  if (sel_mode != SELMODE::VSEL_TENSOR_SCALAR_MODE) {
    host_ascendc::Fail(place, "Select with a scalar wants VSEL_TENSOR_SCALAR_MODE");
  }
  host_ascendc::SelectInto<T>(place, ViewOf(dst), ViewOf(sel_mask), ViewOf(src0), nullptr, count,
                              [src1](uint32_t) { return src1; });
}

template <typename T, typename U>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<U>& sel_mask,
                   const LocalTensor<T>& src0, const LocalTensor<T>& src1, SELMODE sel_mode,
                   uint32_t count, host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsOneOf<T, half, float>, "Select is for half and float");
  static_assert(kIsOneOf<U, uint8_t, uint16_t, uint32_t, uint64_t>, "Select: type of the bits");
  if (sel_mode != SELMODE::VSEL_TENSOR_TENSOR_MODE) {
    host_ascendc::Fail(place, "Select on the CPU with two tensors wants VSEL_TENSOR_TENSOR_MODE");
  }
  const host_ascendc::UbView second = ViewOf(src1);
  const T* other = reinterpret_cast<const T*>(
      host_ascendc::Core::Current().Ub(second, 0, host_ascendc::kBlockBytes, "Select", place));
  host_ascendc::SelectInto<T>(place, ViewOf(dst), ViewOf(sel_mask), ViewOf(src0), &second, count,
                              [other](uint32_t i) { return other[i]; });
}

}  // namespace AscendC
