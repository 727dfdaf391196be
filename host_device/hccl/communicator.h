// SPDX-License-Identifier: Apache-2.0
// One rank's side of a communicator.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collective.h"
#include "config.h"
#include "peer_heap.h"

namespace host_hccl {

class Communicator {
 public:
  struct Request {
    RootInfo root;
    uint32_t ranks;
    uint32_t rank;
    int32_t device;
    CommSettings settings;
    bool part = false;  // of another communicator
  };

  // Attaches, takes the rank's slot and enters the name in this process's table. AwaitAll must
  // follow.
  static Outcome Enter(const Request& request, std::shared_ptr<Communicator>* communicator);

  // Waits for the other ranks. When it fails, the communicator is closed.
  Outcome AwaitAll();

  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  // Waits for the collective in flight and leaves. Later collectives fail.
  Outcome Close();

  const std::string& name() const { return name_; }
  uint32_t rank() const { return rank_; }
  uint32_t size() const { return segment_->layout().ranks; }
  int32_t device() const { return device_; }
  bool part() const { return part_; }
  const SharedSegment& segment() const { return *segment_; }
  int64_t connect_timeout_seconds() const { return connect_timeout_seconds_; }
  HostCollective& collective() { return collective_; }

  // Device memory of a rank's process; mapped at the first call and kept.
  Outcome PeerHeapOf(uint32_t rank, const PeerHeap** heap);

  // Whether a task of this rank is using the direction to, or from, a rank: one at a time.
  std::atomic<bool>& direction_taken(bool send, uint32_t peer) {
    return directions_[2 * size_t{peer} + send];
  }

  // Guards this rank's board and `seen_parts`.
  std::mutex board_mutex;
  // Root infos from the board that this rank has used: a leader may be late to take them down.
  std::vector<Nonce> seen_parts;

 private:
  Communicator(std::shared_ptr<SharedSegment> segment, const Request& request, std::string name);
  void Leave();

  const std::shared_ptr<SharedSegment> segment_;
  const uint32_t rank_;
  const int32_t device_;
  const bool part_;
  const std::string name_;
  const int64_t connect_timeout_seconds_;
  HostCollective collective_;
  std::vector<std::atomic<bool>> directions_;
  std::mutex heaps_mutex_;
  std::vector<std::shared_ptr<PeerHeap>> heaps_;  // per rank
  std::mutex leave_mutex_;
  bool left_ = false;
};

}  // namespace host_hccl
