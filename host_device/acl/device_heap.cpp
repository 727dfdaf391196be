// SPDX-License-Identifier: Apache-2.0
#include "device_heap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "device.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace host {
namespace {

constexpr uint64_t kAlignment = 512;
// What lies between two allocations, so that AddressSanitizer sees who writes over the end.
#if defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kGap = kAlignment;
void Poison(const uint8_t* from, uint64_t bytes) { ASAN_POISON_MEMORY_REGION(from, bytes); }
void Unpoison(const uint8_t* from, uint64_t bytes) { ASAN_UNPOISON_MEMORY_REGION(from, bytes); }
#else
constexpr uint64_t kGap = 0;
void Poison(const uint8_t*, uint64_t) {}
void Unpoison(const uint8_t*, uint64_t) {}
#endif

// The heap is opened from its beginning, as far as it is given out and in steps of this: tools that
// scan a program's memory, such as Valgrind, would otherwise fill the whole sparse file.
constexpr uint64_t kOpenStepBytes = 64 << 20;

// A process maps the heaps of all its peers, up to 1024, in an address space of 47 bits.
constexpr uint64_t kMostBytes = uint64_t{64} << 30;

constexpr uint64_t AlignUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

DeviceHeap& DeviceHeap::Instance() {
  static auto& heap = *new DeviceHeap;
  return heap;
}

DeviceHeap::DeviceHeap() {
  // Twice the machine's memory: what may be given out, and as much for what lies between.
  const uint64_t bytes = AlignUp(std::min(2 * MachineMemoryBytes(), kMostBytes), 1 << 21);
  const int fd = memfd_create("acl_device_memory", MFD_CLOEXEC);
  if (fd < 0) return;
  void* base = MAP_FAILED;
  if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && ftruncate(fd, static_cast<off_t>(bytes)) == 0) {
    base = mmap(nullptr, bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  }
  if (base == MAP_FAILED) {
    close(fd);
    return;
  }
  madvise(base, bytes, MADV_DONTDUMP);
  fd_ = fd;
  base_ = static_cast<uint8_t*>(base);
  bytes_ = bytes;
  AddFree(0, bytes);
}

void DeviceHeap::AddFree(uint64_t offset, uint64_t bytes) {
  free_.emplace(offset, bytes);
  by_size_.emplace(bytes, offset);
}

void DeviceHeap::RemoveFree(std::map<uint64_t, uint64_t>::iterator range) {
  by_size_.erase({range->second, range->first});
  free_.erase(range);
}

bool DeviceHeap::Open(uint64_t end) {
  if (end <= open_bytes_) return true;
  const uint64_t open = std::min(AlignUp(end, kOpenStepBytes), bytes_);
  uint8_t* from = base_ + open_bytes_;
  if (mprotect(from, open - open_bytes_, PROT_READ | PROT_WRITE) != 0) return false;
  open_bytes_ = open;
  return true;
}

void* DeviceHeap::Allocate(size_t size) { return AllocateAligned(size, kAlignment); }

void* DeviceHeap::AllocatePages(size_t bytes) {
  return AllocateAligned(AlignUp(bytes, kPageBytes), kPageBytes);
}

void* DeviceHeap::AllocateAligned(size_t size, uint64_t alignment) {
  const uint64_t bytes = AlignUp(size, kAlignment) + kGap;
  const std::lock_guard<std::mutex> lock(mutex_);
  // Everything free begins at a multiple of kAlignment.
  const auto best = by_size_.lower_bound({bytes + alignment - kAlignment, 0});
  if (best == by_size_.end()) return nullptr;
  const auto [have, start] = *best;
  const uint64_t offset = AlignUp(start, alignment);
  if (!Open(offset + bytes)) return nullptr;
  const uint64_t after = start + have - (offset + bytes);
  RemoveFree(free_.find(start));
  if (offset > start) AddFree(start, offset - start);
  if (after > 0) AddFree(offset + bytes, after);
  used_.emplace(offset, bytes);
  Unpoison(base_ + offset, size);
  Poison(base_ + offset + size, bytes - size);
  return base_ + offset;
}

void DeviceHeap::Free(void* address, uint64_t give_back_bytes) {
  uint64_t offset = static_cast<uint64_t>(static_cast<uint8_t*>(address) - base_);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = used_.find(offset);
  if (found == used_.end()) return;
  uint64_t bytes = found->second;
  used_.erase(found);
  Poison(base_ + offset, bytes);
  if (bytes >= give_back_bytes) {
    fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(bytes));
  }
  const auto next = free_.lower_bound(offset);
  if (next != free_.end() && next->first == offset + bytes) {
    bytes += next->second;
    RemoveFree(next);
  }
  const auto after = free_.lower_bound(offset);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      RemoveFree(before);
    }
  }
  AddFree(offset, bytes);
}

}  // namespace host
