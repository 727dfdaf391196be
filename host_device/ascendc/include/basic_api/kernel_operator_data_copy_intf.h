// SPDX-License-Identifier: Apache-2.0
// Copies between global memory and UB (MTE2 in, MTE3 out) and within UB (V).
#pragma once

#include <cstdint>
#include <cstring>

#include "copy_engine.h"
#include "fault.h"
#include "kernel_common.h"
#include "kernel_tensor.h"

namespace AscendC {

// Strides count blocks of 32 bytes between the end of a block and the begin of the next.
struct DataCopyParams {
  DataCopyParams() = default;
  DataCopyParams(uint16_t count, uint16_t len, uint16_t src_gap, uint16_t dst_gap)
      : blockCount(count), blockLen(len), srcStride(src_gap), dstStride(dst_gap) {}

  uint16_t blockCount = 1;
  uint16_t blockLen = 0;  // blocks of 32 bytes
  union {
    uint16_t srcStride = 0;
    uint16_t srcGap;
  };
  union {
    uint16_t dstStride = 0;
    uint16_t dstGap;
  };
};

// Lengths in bytes; strides in bytes in global memory and in blocks of 32 bytes in UB.
struct DataCopyExtParams {
  DataCopyExtParams() = default;
  DataCopyExtParams(uint16_t count, uint32_t len, uint32_t src_stride, uint32_t dst_stride,
                    uint32_t reserved)
      : blockCount(count),
        blockLen(len),
        srcStride(src_stride),
        dstStride(dst_stride),
        rsv(reserved) {}

  uint16_t blockCount = 1;
  uint32_t blockLen = 0;
  uint32_t srcStride = 0;
  uint32_t dstStride = 0;
  uint32_t rsv = 0;
};

// Elements to put around each block; without isPad their content is void.
template <typename T>
struct DataCopyPadExtParams {
  DataCopyPadExtParams() = default;
  DataCopyPadExtParams(bool is_pad, uint8_t left, uint8_t right, T value)
      : isPad(is_pad), leftPadding(left), rightPadding(right), paddingValue(value) {}

  bool isPad = false;
  uint8_t leftPadding = 0;
  uint8_t rightPadding = 0;
  T paddingValue = 0;
};

struct CopyRepeatParams {
  CopyRepeatParams() = default;
  CopyRepeatParams(uint16_t dst_stride, uint16_t src_stride, uint16_t dst_repeat,
                   uint16_t src_repeat)
      : dstStride(dst_stride),
        srcStride(src_stride),
        dstRepeatSize(dst_repeat),
        srcRepeatSize(src_repeat) {}

  uint16_t dstStride = 1;
  uint16_t srcStride = 1;
  uint16_t dstRepeatSize = 8;
  uint16_t srcRepeatSize = 8;
};

}  // namespace AscendC

namespace host_ascendc {

// asc-devkit, DataCopy and DataCopyPad: limits of blockCount and blockLen.
constexpr uint32_t kMaxBlockCount = 4095;
constexpr uint32_t kMaxPadBlockBytes = 2097151;

inline void CheckBlockCount(uint32_t blocks, const char* call, const Place& place) {
  if (blocks <= kMaxBlockCount) return;
  Fail(place, "%s of %u blocks, want at most %u", call, blocks, kMaxBlockCount);
}

template <typename T>
BlockShape ShapeOfCount(uint32_t count, const char* call, const Place& place) {
  const uint64_t bytes = uint64_t{count} * sizeof(T);
  if (bytes % kBlockBytes != 0 || bytes > kUbBytes) {
    Fail(place,
         "%s of %u elements: %llu bytes, want a multiple of %u up to %u; other lengths take "
         "DataCopyPad",
         call, count, static_cast<unsigned long long>(bytes), kBlockBytes, kUbBytes);
  }
  return {1, static_cast<uint32_t>(bytes)};
}

inline BlockShape ShapeOf(const AscendC::DataCopyParams& params, const char* call,
                          const Place& place) {
  CheckBlockCount(params.blockCount, call, place);
  return {params.blockCount, params.blockLen * kBlockBytes};
}

template <typename T>
BlockShape ShapeOf(const AscendC::DataCopyExtParams& params, const char* call, const Place& place) {
  CheckBlockCount(params.blockCount, call, place);
  if (params.blockLen > kMaxPadBlockBytes || params.blockLen % sizeof(T) != 0) {
    Fail(place, "%s with blockLen %u, want a multiple of %zu up to %u", call, params.blockLen,
         sizeof(T), kMaxPadBlockBytes);
  }
  return {params.blockCount, params.blockLen};
}

template <typename T>
uint8_t* AlignedGm(const AscendC::GlobalTensor<T>& tensor, const char* call, const Place& place) {
  uint8_t* address = AscendC::AddressOf(tensor);
  if (reinterpret_cast<uintptr_t>(address) % sizeof(T) != 0) {
    Fail(place, "%s: address %p in global memory, want a multiple of the element's %zu bytes", call,
         static_cast<void*>(address), sizeof(T));
  }
  return address;
}

}  // namespace host_ascendc

namespace AscendC {

template <typename T>
inline void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, uint32_t count,
                     host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyToUb("DataCopy", {ViewOf(dst), 0},
                         {host_ascendc::AlignedGm(src, "DataCopy", place), 0},
                         host_ascendc::ShapeOfCount<T>(count, "DataCopy", place), {}, place);
}

template <typename T>
inline void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src,
                     const DataCopyParams& params,
                     host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyToUb("DataCopy",
                         {ViewOf(dst), uint64_t{params.dstGap} * host_ascendc::kBlockBytes},
                         {host_ascendc::AlignedGm(src, "DataCopy", place),
                          uint64_t{params.srcGap} * host_ascendc::kBlockBytes},
                         host_ascendc::ShapeOf(params, "DataCopy", place), {}, place);
}

template <typename T>
inline void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, uint32_t count,
                     host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyToGm("DataCopy", {host_ascendc::AlignedGm(dst, "DataCopy", place), 0},
                         {ViewOf(src), 0}, host_ascendc::ShapeOfCount<T>(count, "DataCopy", place),
                         place);
}

template <typename T>
inline void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src,
                     const DataCopyParams& params,
                     host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyToGm("DataCopy",
                         {host_ascendc::AlignedGm(dst, "DataCopy", place),
                          uint64_t{params.dstGap} * host_ascendc::kBlockBytes},
                         {ViewOf(src), uint64_t{params.srcGap} * host_ascendc::kBlockBytes},
                         host_ascendc::ShapeOf(params, "DataCopy", place), place);
}

template <typename T>
inline void DataCopy(const LocalTensor<T>& dst, const LocalTensor<T>& src, uint32_t count,
                     host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyWithinUb("DataCopy", {ViewOf(dst), 0}, {ViewOf(src), 0},
                             host_ascendc::ShapeOfCount<T>(count, "DataCopy", place), place);
}

template <typename T>
inline void DataCopy(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                     const DataCopyParams& params,
                     host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyWithinUb("DataCopy",
                             {ViewOf(dst), uint64_t{params.dstGap} * host_ascendc::kBlockBytes},
                             {ViewOf(src), uint64_t{params.srcGap} * host_ascendc::kBlockBytes},
                             host_ascendc::ShapeOf(params, "DataCopy", place), place);
}

template <typename T>
inline void DataCopyPad(const LocalTensor<T>& dst, const GlobalTensor<T>& src,
                        const DataCopyExtParams& params, const DataCopyPadExtParams<T>& pad,
                        host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::Padding padding;
  padding.left = pad.leftPadding * static_cast<uint32_t>(sizeof(T));
  padding.right = pad.rightPadding * static_cast<uint32_t>(sizeof(T));
  if (padding.left > host_ascendc::kBlockBytes || padding.right > host_ascendc::kBlockBytes) {
    host_ascendc::Fail(place, "DataCopyPad with paddings of %u and %u bytes, want at most %u each",
                       padding.left, padding.right, host_ascendc::kBlockBytes);
  }
  padding.defined = pad.isPad && padding.left + padding.right != 0;
  padding.value_bytes = sizeof(T);
  std::memcpy(padding.value, &pad.paddingValue, sizeof(T));
  host_ascendc::CopyToUb("DataCopyPad",
                         {ViewOf(dst), uint64_t{params.dstStride} * host_ascendc::kBlockBytes},
                         {AddressOf(src), params.srcStride},
                         host_ascendc::ShapeOf<T>(params, "DataCopyPad", place), padding, place);
}

template <typename T>
inline void DataCopyPad(const GlobalTensor<T>& dst, const LocalTensor<T>& src,
                        const DataCopyExtParams& params,
                        host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::CopyToGm("DataCopyPad", {AddressOf(dst), params.dstStride},
                         {ViewOf(src), uint64_t{params.srcStride} * host_ascendc::kBlockBytes},
                         host_ascendc::ShapeOf<T>(params, "DataCopyPad", place), place);
}

template <typename T, bool isSetMask = true>
inline void Copy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const uint64_t mask,
                 const uint8_t repeat_time, const CopyRepeatParams& params,
                 host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(isSetMask, "a mask set outside is not there");
  constexpr uint32_t kWidth = host_ascendc::kRepeatBytes / sizeof(T);
  host_ascendc::Elementwise(
      "Copy", place, host_ascendc::FirstElements(mask, repeat_time, kWidth, "Copy", place),
      [](T value) { return value; }, OperandOf(dst, params.dstStride, params.dstRepeatSize),
      OperandOf(src, params.srcStride, params.srcRepeatSize));
}

}  // namespace AscendC
