// SPDX-License-Identifier: Apache-2.0
// Handles that are checked instead of followed. A handle is a number in a pointer's clothes: kind,
// generation and slot. No handle is ever given out twice, so a stale one cannot meet a new object.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace host {

template <typename T>
class HandleTable {
 public:
  // `kind` differs between tables, so that a handle of one is refused by all others. It is not 0,
  // so that no user-space address looks like a handle.
  explicit HandleTable(uint8_t kind) : kind_(kind) {}

  void* Add(std::shared_ptr<T> object) {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      slots_.push_back({});
      // Room for every slot, so that Remove never needs memory.
      free_.reserve(slots_.capacity());
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    slots_[slot].object = std::move(object);
    return Encode(slot, slots_[slot].generation);
  }

  // Null when the handle is not, or no longer, one of this table.
  std::shared_ptr<T> Find(const void* handle) const {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    uint32_t slot = 0;
    return Decode(handle, &slot) ? slots_[slot].object : nullptr;
  }

  // Takes the object out; the handle is stale from here on.
  std::shared_ptr<T> Remove(const void* handle) {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    uint32_t slot = 0;
    if (!Decode(handle, &slot)) return nullptr;
    std::shared_ptr<T> object = std::move(slots_[slot].object);
    slots_[slot].object = nullptr;
    // A slot whose generations are used up is never used again.
    if (++slots_[slot].generation <= kGenerationMask) free_.push_back(slot);
    return object;
  }

  std::vector<std::pair<void*, std::shared_ptr<T>>> All() const {
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    std::vector<std::pair<void*, std::shared_ptr<T>>> all;
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot].object != nullptr) {
        all.emplace_back(Encode(slot, slots_[slot].generation), slots_[slot].object);
      }
    }
    return all;
  }

 private:
  // 8 bits of kind, 32 of generation, 24 of slot. The top bit stays 0 for languages that read
  // handles as signed numbers.
  static constexpr uint32_t kSlotBits = 24;
  static constexpr uint32_t kGenerationBits = 32;
  static constexpr uint64_t kGenerationMask = (uint64_t{1} << kGenerationBits) - 1;

  struct Slot {
    uint64_t generation = 1;
    std::shared_ptr<T> object;
  };

  void* Encode(uint32_t slot, uint64_t generation) const {
    const uint64_t value = (static_cast<uint64_t>(kind_) << (kSlotBits + kGenerationBits)) |
                           (generation << kSlotBits) | slot;
    return reinterpret_cast<void*>(static_cast<uintptr_t>(value));
  }

  bool Decode(const void* handle, uint32_t* slot) const {
    const uint64_t value = reinterpret_cast<uintptr_t>(handle);
    if (value >> (kSlotBits + kGenerationBits) != kind_) return false;
    *slot = static_cast<uint32_t>(value & ((uint64_t{1} << kSlotBits) - 1));
    return *slot < slots_.size() && slots_[*slot].object != nullptr &&
           slots_[*slot].generation == ((value >> kSlotBits) & kGenerationMask);
  }

  const uint8_t kind_;
  mutable std::shared_mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

// One number for each table of all libraries.
enum HandleKind : uint8_t {
  kContextKind = 0x11,
  kStreamKind = 0x12,
  kEventKind = 0x13,
  kPhysicalMemoryKind = 0x14,
  kDataBufferKind = 0x15,
  kTensorDescriptionKind = 0x16,
  kOpAttributesKind = 0x17,
  kTensorKind = 0x21,
  kScalarKind = 0x22,
  kIntArrayKind = 0x23,
  kFloatArrayKind = 0x24,
  kBoolArrayKind = 0x25,
  kTensorListKind = 0x26,
  kScalarListKind = 0x27,
  kExecutorKind = 0x28,
};

}  // namespace host
