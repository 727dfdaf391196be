// SPDX-License-Identifier: Apache-2.0
#include "peer_heap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <string>

#include "host_runtime.h"
#include "owned_fd.h"

namespace host_hccl {
namespace {

Outcome Map(const RankSlot& slot, int32_t pid, std::shared_ptr<PeerHeap>* heap) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(slot.heap_fd);
  const OwnedFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!fd.valid() || fstat(fd.get(), &status) != 0) {
    return Failed(HCCL_E_OPEN_FILE_FAILURE, "the device memory of process %d cannot be opened: %s",
                  pid, strerror(errno));
  }
  // The number may stand for another file by now, and its size is what the peer says.
  if (status.st_ino != slot.heap_inode || static_cast<uint64_t>(status.st_size) < slot.heap_bytes) {
    return Failed(HCCL_E_REMOTE, "process %d has given up its device memory", pid);
  }
  void* base = mmap(nullptr, slot.heap_bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (base == MAP_FAILED) {
    return Failed(HCCL_E_MEMORY,
                  "the device memory of process %d (%" PRIu64
                  " bytes of address space) cannot be mapped: %s",
                  pid, slot.heap_bytes, strerror(errno));
  }
  *heap = std::make_shared<PeerHeap>(static_cast<const uint8_t*>(base), slot.heap_bytes, false);
  return {};
}

}  // namespace

void OfferHeap(RankSlot* slot) {
  HostDeviceHeap own;
  struct stat status;
  if (!HostGetDeviceHeap(&own) || fstat(own.fd, &status) != 0) return;
  slot->heap_fd = own.fd;
  slot->heap_inode = status.st_ino;
  slot->heap_bytes = own.bytes;
}

bool InOwnHeap(const void* address, uint64_t bytes, uint64_t* offset) {
  HostDeviceHeap own;
  if (!HostGetDeviceHeap(&own)) return false;
  const auto* first = static_cast<const uint8_t*>(address);
  if (first < own.base || first >= own.base + own.bytes) return false;
  *offset = static_cast<uint64_t>(first - own.base);
  return own.bytes - *offset >= bytes;
}

PeerHeap::~PeerHeap() {
  if (!own_) munmap(const_cast<uint8_t*>(base_), bytes_);
}

Outcome PeerHeapTable::Open(const RankSlot& slot, std::shared_ptr<PeerHeap>* heap) {
  const int32_t pid = PidOf(slot.owner.load(std::memory_order_acquire));
  if (slot.heap_bytes == 0) {
    return Failed(HCCL_E_NOT_FOUND, "process %d offers no device memory", pid);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  std::weak_ptr<PeerHeap>& known = by_inode_[slot.heap_inode];
  *heap = known.lock();
  if (*heap != nullptr) return {};
  HostDeviceHeap own;
  if (pid == getpid() && HostGetDeviceHeap(&own)) {
    *heap = std::make_shared<PeerHeap>(own.base, own.bytes, true);
  } else {
    Outcome outcome = Map(slot, pid, heap);
    if (!outcome.ok()) return outcome;
  }
  known = *heap;
  return {};
}

}  // namespace host_hccl
