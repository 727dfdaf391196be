// SPDX-License-Identifier: Apache-2.0
#include "shared_segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "liveness.h"

namespace host_hccl {
namespace {

constexpr const char* kSegmentName = "hccl_communicator";

Outcome NewMemory(const Nonce& nonce, OwnedFd* fd) {
  OwnedFd made(memfd_create(kSegmentName, MFD_CLOEXEC));
  if (!made.valid()) return Failed(HCCL_E_SYSCALL, "memfd_create failed: %s", strerror(errno));
  // Only this user may open it through /proc.
  if (fchmod(made.get(), S_IRUSR | S_IWUSR) != 0 || ftruncate(made.get(), kPageBytes) != 0 ||
      pwrite(made.get(), &nonce, sizeof(nonce), offsetof(SegmentHeader, nonce)) !=
          static_cast<ssize_t>(sizeof(nonce)) ||
      pwrite(made.get(), &kSegmentMagic, sizeof(kSegmentMagic), offsetof(SegmentHeader, magic)) !=
          static_cast<ssize_t>(sizeof(kSegmentMagic))) {
    return Failed(HCCL_E_SYSCALL, "cannot set up shared memory: %s", strerror(errno));
  }
  *fd = std::move(made);
  return {};
}

// The first to come decides, the others have to want the same.
Outcome AgreeOnShape(int fd, const SegmentLayout& layout) {
  void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    return Failed(HCCL_E_MEMORY, "cannot map shared memory: %s", strerror(errno));
  }
  auto* header = static_cast<SegmentHeader*>(page);
  const uint64_t wanted = ((layout.window_bytes / kMegabyte) << 32) | layout.ranks;
  uint64_t shape = 0;
  const bool first = header->shape.compare_exchange_strong(shape, wanted);
  munmap(page, kPageBytes);
  if (first || shape == wanted) return {};
  const auto ranks = static_cast<uint32_t>(shape);
  if (ranks != layout.ranks) {
    return Failed(HCCL_E_PARA, "nRanks is %u here, and %u on the rank that came first",
                  layout.ranks, ranks);
  }
  return Failed(HCCL_E_PARA,
                "the buffer (HCCL_BUFFSIZE or hcclBufferSize) has %llu MB here, and %llu MB on the "
                "rank that came first",
                static_cast<unsigned long long>(layout.window_bytes / kMegabyte),
                static_cast<unsigned long long>(shape >> 32));
}

}  // namespace

SharedSegment::SharedSegment(std::shared_ptr<OwnedFd> fd, const Nonce& nonce,
                             const SegmentLayout& layout, int32_t root_pid, uint8_t* base)
    : fd_(std::move(fd)),
      nonce_(nonce),
      layout_(layout),
      base_(base),
      root_pid_(root_pid),
      pid_(getpid()) {}

SharedSegment::~SharedSegment() { munmap(base_, layout_.total); }

Outcome SharedSegment::Map(std::shared_ptr<OwnedFd> fd, const Nonce& nonce,
                           const SegmentLayout& layout, int32_t root_pid,
                           std::unique_ptr<SharedSegment>* segment) {
  Outcome outcome = AgreeOnShape(fd->get(), layout);
  if (!outcome.ok()) return outcome;
  struct stat status;
  if (fstat(fd->get(), &status) != 0) {
    return Failed(HCCL_E_SYSCALL, "cannot look at shared memory: %s", strerror(errno));
  }
  // Everybody who comes here wants the same size, so it only ever grows.
  if (static_cast<uint64_t>(status.st_size) < layout.total &&
      ftruncate(fd->get(), static_cast<off_t>(layout.total)) != 0) {
    return Failed(HCCL_E_MEMORY, "cannot size shared memory to %llu bytes: %s",
                  static_cast<unsigned long long>(layout.total), strerror(errno));
  }
  void* base =
      mmap(nullptr, layout.total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd->get(), 0);
  if (base == MAP_FAILED) {
    return Failed(
        HCCL_E_MEMORY,
        "cannot map %llu bytes of shared memory (%u ranks with a buffer of %llu MB): %s; a "
        "smaller HCCL_BUFFSIZE needs less address space",
        static_cast<unsigned long long>(layout.total), layout.ranks,
        static_cast<unsigned long long>(layout.window_bytes / kMegabyte), strerror(errno));
  }
  // A child of fork() has no business here, and a core dump no use for it.
  madvise(base, layout.total, MADV_DONTFORK);
  madvise(base, layout.total, MADV_DONTDUMP);
  segment->reset(
      new SharedSegment(std::move(fd), nonce, layout, root_pid, static_cast<uint8_t*>(base)));
  return {};
}

Outcome SegmentTable::CreateRoot(RootInfo* info) {
  Nonce nonce;
  Outcome outcome = RandomNonce(&nonce);
  OwnedFd fd;
  if (outcome.ok()) outcome = NewMemory(nonce, &fd);
  if (outcome.ok()) outcome = LockRank(fd.get(), kRootByte);
  if (outcome.ok()) outcome = MakeRootInfo(nonce, fd.get(), info);
  if (!outcome.ok()) return outcome;
  std::lock_guard<std::mutex> lock(mutex_);
  roots_[nonce] = std::make_shared<OwnedFd>(std::move(fd));
  return {};
}

void SegmentTable::DropRoot(const Nonce& nonce) {
  std::lock_guard<std::mutex> lock(mutex_);
  roots_.erase(nonce);
}

Outcome SegmentTable::OpenElsewhere(const RootInfo& info, std::shared_ptr<OwnedFd>* fd) {
  OwnedFd path_only;
  Outcome outcome = FindHeldMemory(info, &path_only);
  if (!outcome.ok()) return outcome;
  struct stat status;
  if (fstat(path_only.get(), &status) != 0) {
    return Failed(HCCL_E_SYSCALL, "cannot look at shared memory: %s", strerror(errno));
  }
  for (const auto& [nonce, entry] : segments_) {
    if (entry.device == status.st_dev && entry.inode == status.st_ino) {
      // That number now stands for another communicator, which is open here.
      return Failed(
          HCCL_E_UNAVAIL,
          "process %d has given up the memory of this root info; every communicator needs "
          "a new HcclGetRootInfo",
          info.pid);
    }
  }
  OwnedFd opened;
  outcome = OpenHeldMemory(info, path_only, &opened);
  if (outcome.ok()) *fd = std::make_shared<OwnedFd>(std::move(opened));
  return outcome;
}

Outcome SegmentTable::Attach(const RootInfo& info, uint32_t ranks, uint32_t window_megabytes,
                             std::shared_ptr<SharedSegment>* segment) {
  SegmentLayout layout;
  if (!layout.Set(ranks, window_megabytes)) {
    return Failed(
        HCCL_E_PARA,
        "%u ranks with a buffer of %u MB: want 1 to %u ranks and at most %llu bytes in all", ranks,
        window_megabytes, kMaxRanks, static_cast<unsigned long long>(SegmentLayout::kMaxBytes));
  }
  std::shared_ptr<SharedSegment> found;  // outlives the lock: its end takes the lock
  std::unique_lock<std::mutex> lock(mutex_);
  auto entry = segments_.find(info.nonce);
  // Its last user may be on the way out: wait until the descriptor is closed.
  while (entry != segments_.end() && !(found = entry->second.segment.lock())) {
    removed_.wait(lock);
    entry = segments_.find(info.nonce);
  }
  if (found) {
    Outcome outcome = AgreeOnShape(found->fd(), layout);
    if (outcome.ok()) *segment = std::move(found);
    return outcome;
  }
  std::shared_ptr<OwnedFd> fd;
  const auto root = roots_.find(info.nonce);
  if (root != roots_.end()) {
    fd = root->second;
  } else if (info.pid == getpid()) {
    return Failed(
        HCCL_E_UNAVAIL,
        "this process has given up the memory of this root info: its communicator has been "
        "formed or given up already; every communicator needs a new HcclGetRootInfo");
  } else {
    Outcome outcome = OpenElsewhere(info, &fd);
    if (!outcome.ok()) return outcome;
  }
  struct stat status;
  if (fstat(fd->get(), &status) != 0) {
    return Failed(HCCL_E_SYSCALL, "cannot look at shared memory: %s", strerror(errno));
  }
  std::unique_ptr<SharedSegment> made;
  Outcome outcome = SharedSegment::Map(std::move(fd), info.nonce, layout, info.pid, &made);
  if (!outcome.ok()) return outcome;
  found.reset(made.release(), [this](SharedSegment* last) { Remove(last); });
  segments_[info.nonce] = {found, status.st_dev, status.st_ino};
  *segment = std::move(found);
  return {};
}

void SegmentTable::Remove(SharedSegment* segment) {
  // In a child of fork() neither the mapping nor the lock is ours.
  if (!segment->InOwnerProcess()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  segments_.erase(segment->nonce());
  delete segment;
  removed_.notify_all();
}

}  // namespace host_hccl
