// SPDX-License-Identifier: Apache-2.0
// Tensors in UB and in global memory: a typed place, no memory of their own.
#pragma once

#include <cstdint>

#include "copy_engine.h"
#include "core.h"
#include "cost_model.h"
#include "kernel_common.h"
#include "place.h"
#include "vector_unit.h"

namespace AscendC {

enum class CacheMode : uint8_t { CACHE_MODE_DISABLE = 0, CACHE_MODE_NORMAL = 1 };
enum class CacheRwMode : uint8_t { READ = 1, WRITE = 2, RW = 3 };

template <TPosition src, TPosition dst, int32_t depth, auto mask>
class TQueBind;
template <TPosition pos>
class TBuf;

template <typename T>
class LocalTensor {
 public:
  using PrimType = T;

  LocalTensor() = default;

  T GetValue(uint32_t offset, host_ascendc::Place place = host_ascendc::Place()) const {
    host_ascendc::Core& core = host_ascendc::Core::Current();
    const host_ascendc::UbView view = At(offset);
    const uint8_t* from = core.Ub(view, sizeof(T), alignof(T), "GetValue", place);
    core.CountRead("GetValue", place);
    if (host_ascendc::Observer* observer = core.observer()) {
      observer->Begin(host_ascendc::Pipe::kScalar, "GetValue", place, host_ascendc::ScalarCycles());
      observer->ReadUb(view.address, sizeof(T));
      observer->End();
    }
    return *reinterpret_cast<const T*>(from);
  }

  template <typename S>
  void SetValue(uint32_t index, S value, host_ascendc::Place place = host_ascendc::Place()) const {
    host_ascendc::Core& core = host_ascendc::Core::Current();
    const host_ascendc::UbView view = At(index);
    uint8_t* to = core.Ub(view, sizeof(T), alignof(T), "SetValue", place);
    if (host_ascendc::Observer* observer = core.observer()) {
      observer->Begin(host_ascendc::Pipe::kScalar, "SetValue", place, host_ascendc::ScalarCycles());
      observer->WriteUb(view.address, sizeof(T));
      observer->End();
    }
    *reinterpret_cast<T*>(to) = static_cast<T>(value);
  }

  LocalTensor operator[](uint32_t offset) const {
    LocalTensor moved = *this;
    moved.view_.address += offset * static_cast<uint32_t>(sizeof(T));
    const uint64_t skipped = uint64_t{offset} * sizeof(T);
    moved.bytes_ = skipped < bytes_ ? bytes_ - static_cast<uint32_t>(skipped) : 0;
    return moved;
  }

  template <typename U>
  LocalTensor<U> ReinterpretCast() const {
    return LocalTensor<U>(view_, bytes_, position_);
  }

  uint64_t GetPhyAddr() const { return view_.address; }
  uint64_t GetPhyAddr(uint32_t offset) const { return At(offset).address; }
  uint32_t GetSize() const { return bytes_ / static_cast<uint32_t>(sizeof(T)); }
  void SetSize(uint32_t size) { bytes_ = size * static_cast<uint32_t>(sizeof(T)); }
  int32_t GetPosition() const { return static_cast<int32_t>(position_); }

 private:
  template <typename U>
  friend class LocalTensor;
  template <TPosition src, TPosition dst, int32_t depth, auto mask>
  friend class TQueBind;
  template <TPosition pos>
  friend class TBuf;
  template <typename U>
  friend host_ascendc::UbView ViewOf(const LocalTensor<U>& tensor);

  LocalTensor(const host_ascendc::UbView& view, uint32_t bytes, TPosition position)
      : view_(view), bytes_(bytes), position_(position) {}

  host_ascendc::UbView At(uint32_t offset) const {
    return {view_.address + offset * static_cast<uint32_t>(sizeof(T)), view_.begin, view_.end};
  }

  host_ascendc::UbView view_;
  uint32_t bytes_ = 0;
  TPosition position_ = TPosition::LCM;
};

template <typename T>
host_ascendc::UbView ViewOf(const LocalTensor<T>& tensor) {
  return tensor.view_;
}

template <typename T>
host_ascendc::Operand<T> OperandOf(const LocalTensor<T>& tensor, uint32_t block_stride = 1,
                                   uint32_t repeat_stride = 8) {
  return {ViewOf(tensor), block_stride, repeat_stride};
}

template <typename T>
class GlobalTensor {
 public:
  using PrimType = T;

  GlobalTensor() = default;

  void SetGlobalBuffer(__gm__ T* buffer, uint64_t buffer_size) {
    address_ = buffer;
    size_ = buffer_size;
  }
  void SetGlobalBuffer(__gm__ T* buffer) { SetGlobalBuffer(buffer, 0); }

  const __gm__ T* GetPhyAddr() const { return address_; }
  __gm__ T* GetPhyAddr(uint64_t offset) const { return address_ + offset; }
  uint64_t GetSize() const { return size_; }

  T GetValue(uint64_t offset, host_ascendc::Place place = host_ascendc::Place()) const {
    T value;
    host_ascendc::ReadGmScalar(&value, address_ + offset, sizeof(T), "GetValue", place);
    return value;
  }
  void SetValue(uint64_t offset, T value, host_ascendc::Place place = host_ascendc::Place()) {
    host_ascendc::WriteGmScalar(address_ + offset, &value, sizeof(T), "SetValue", place);
  }

  GlobalTensor operator[](uint64_t offset) const {
    GlobalTensor moved = *this;
    moved.address_ += offset;
    moved.size_ = offset < size_ ? size_ - offset : 0;
    return moved;
  }

  // A hint for the L2 cache, which the CPU has no use for.
  template <CacheRwMode rw_mode = CacheRwMode::RW>
  void SetL2CacheHint(CacheMode) {}

 private:
  T* address_ = nullptr;
  uint64_t size_ = 0;
};

template <typename T>
uint8_t* AddressOf(const GlobalTensor<T>& tensor) {
  return reinterpret_cast<uint8_t*>(tensor.GetPhyAddr(0));
}

}  // namespace AscendC
