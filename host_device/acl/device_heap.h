// SPDX-License-Identifier: Apache-2.0
// Where device memory lies: one sparse memory file of this process. Kernels of other ranks'
// processes can map it and read a tensor where it is, instead of a copy of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

namespace host {

class DeviceHeap {
 public:
  // The heap of this process, made at the first call.
  static DeviceHeap& Instance();

  // 512-byte aligned; null when nothing is left.
  void* Allocate(size_t bytes);
  void Free(void* address) { Free(address, kGiveBackBytes); }

  // The same in whole pages of kPageBytes, which go back to the system at once.
  static constexpr uint64_t kPageBytes = 2 << 20;  // a huge page, as on an Atlas A3
  void* AllocatePages(size_t bytes);
  void FreePages(void* address) { Free(address, kPageBytes); }

  // False when the system gave no memory file: then nothing can be allocated.
  bool mapped() const { return base_ != nullptr; }
  bool Holds(const void* address) const {
    const auto* byte = static_cast<const uint8_t*>(address);
    return byte >= base_ && byte < base_ + bytes_;
  }
  int fd() const { return fd_; }
  uint8_t* base() const { return base_; }
  uint64_t bytes() const { return bytes_; }

 private:
  // Freed ranges from here on go back to the system; smaller ones are likely to be used again at
  // once.
  static constexpr uint64_t kGiveBackBytes = 64 << 20;

  DeviceHeap();

  void Free(void* address, uint64_t give_back_bytes);
  void* AllocateAligned(size_t size, uint64_t alignment);
  // Makes [0, end) readable and writable; false when the system refuses.
  bool Open(uint64_t end);
  void AddFree(uint64_t offset, uint64_t bytes);
  void RemoveFree(std::map<uint64_t, uint64_t>::iterator range);

  int fd_ = -1;
  uint8_t* base_ = nullptr;
  uint64_t bytes_ = 0;
  uint64_t open_bytes_ = 0;

  std::mutex mutex_;
  std::map<uint64_t, uint64_t> used_;                // offset -> bytes
  std::map<uint64_t, uint64_t> free_;                // offset -> bytes, never two in a row
  std::set<std::pair<uint64_t, uint64_t>> by_size_;  // (bytes, offset) of what is free
};

}  // namespace host
