// SPDX-License-Identifier: Apache-2.0
// The shared memory of one communicator as this process sees it: one descriptor and one mapping,
// however many of its ranks live here. It never has a name in a file system, so nothing stays when
// the last process is gone, and it takes memory only where it was touched.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "outcome.h"
#include "owned_fd.h"
#include "root_info.h"
#include "segment_layout.h"

namespace host_hccl {

// How /proc shows the descriptor of such memory.
constexpr const char* kSegmentLinkName = "/memfd:hccl_communicator";

class SharedSegment {
 public:
  // Agrees with the other processes on the layout and maps it.
  static Outcome Map(std::shared_ptr<OwnedFd> fd, const Nonce& nonce, const SegmentLayout& layout,
                     int32_t root_pid, std::unique_ptr<SharedSegment>* segment);
  ~SharedSegment();
  SharedSegment(const SharedSegment&) = delete;
  SharedSegment& operator=(const SharedSegment&) = delete;

  const SegmentLayout& layout() const { return layout_; }
  const Nonce& nonce() const { return nonce_; }
  int fd() const { return fd_->get(); }
  int32_t root_pid() const { return root_pid_; }
  // False in a child made by fork(), where nothing of this is mapped.
  bool InOwnerProcess() const { return getpid() == pid_; }

  SegmentHeader& header() const { return *reinterpret_cast<SegmentHeader*>(base_); }
  RankSlot& slot(uint32_t rank) const {
    return reinterpret_cast<RankSlot*>(base_ + layout_.slots)[rank];
  }
  Channel& channel(uint32_t from, uint32_t to) const {
    return reinterpret_cast<Channel*>(base_ + layout_.channels)[from * layout_.ranks + to];
  }
  uint8_t* status(uint32_t rank) const { return base_ + layout_.status + rank * kStatusBytes; }
  uint8_t* window(uint32_t rank) const {
    return base_ + layout_.windows + rank * layout_.window_bytes;
  }

  // When this process last looked for ranks that died during formation.
  std::atomic<int64_t> next_scan_ns{0};

 private:
  SharedSegment(std::shared_ptr<OwnedFd> fd, const Nonce& nonce, const SegmentLayout& layout,
                int32_t root_pid, uint8_t* base);

  const std::shared_ptr<OwnedFd> fd_;
  const Nonce nonce_;
  const SegmentLayout layout_;
  uint8_t* const base_;
  const int32_t root_pid_;
  const int32_t pid_;
};

// All shared memory that this process has open. There is never a second descriptor for the same
// memory: closing it would drop the record locks that say that this process's ranks are alive.
class SegmentTable {
 public:
  // Makes new memory and holds it open for the ranks to come.
  Outcome CreateRoot(RootInfo* info);
  void DropRoot(const Nonce& nonce);

  Outcome Attach(const RootInfo& info, uint32_t ranks, uint32_t window_megabytes,
                 std::shared_ptr<SharedSegment>* segment);

 private:
  struct Entry {
    std::weak_ptr<SharedSegment> segment;
    uint64_t device;
    uint64_t inode;
  };

  Outcome OpenElsewhere(const RootInfo& info, std::shared_ptr<OwnedFd>* fd);
  void Remove(SharedSegment* segment);

  std::mutex mutex_;
  std::condition_variable removed_;
  std::map<Nonce, Entry> segments_;
  std::map<Nonce, std::shared_ptr<OwnedFd>> roots_;
};

}  // namespace host_hccl
