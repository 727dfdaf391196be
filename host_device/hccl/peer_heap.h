// SPDX-License-Identifier: Apache-2.0
// Device memory of other ranks' processes, mapped to be read. A process maps each peer's once,
// however many communicators they share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "outcome.h"
#include "rank_slot.h"

namespace host_hccl {

// Writes into a rank's slot where peers find this process's device memory.
void OfferHeap(RankSlot* slot);

// Whether a stretch lies in this process's device memory, and how far from its first byte.
bool InOwnHeap(const void* address, uint64_t bytes, uint64_t* offset);

class PeerHeap {
 public:
  // `own` is not unmapped.
  PeerHeap(const uint8_t* base, uint64_t bytes, bool own) : base_(base), bytes_(bytes), own_(own) {}
  ~PeerHeap();
  PeerHeap(const PeerHeap&) = delete;
  PeerHeap& operator=(const PeerHeap&) = delete;

  const uint8_t* base() const { return base_; }
  uint64_t bytes() const { return bytes_; }

 private:
  const uint8_t* const base_;
  const uint64_t bytes_;
  const bool own_;
};

class PeerHeapTable {
 public:
  Outcome Open(const RankSlot& slot, std::shared_ptr<PeerHeap>* heap);

 private:
  std::mutex mutex_;
  std::map<uint64_t, std::weak_ptr<PeerHeap>> by_inode_;
};

}  // namespace host_hccl
