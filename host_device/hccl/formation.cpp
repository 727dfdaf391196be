// SPDX-License-Identifier: Apache-2.0
#include "formation.h"

#include <algorithm>
#include <cstring>

#include "deadline.h"
#include "futex.h"
#include "hash.h"
#include "liveness.h"
#include "peer_heap.h"

namespace host_hccl {
namespace {

// Ranks of other processes that one look examines, so that many processes do not look at all of
// many.
constexpr uint32_t kScanRanks = 64;

constexpr uint32_t Broken(FormationState why, uint32_t rank) { return rank << 8 | why; }

RankList MissingRanks(const SharedSegment& segment) {
  RankList missing;
  for (uint32_t rank = 0; rank < segment.layout().ranks; ++rank) {
    const uint32_t state = StateOf(segment.slot(rank).owner.load(std::memory_order_acquire));
    if (state == kSlotFree || state == kSlotJoining) missing.Add(rank);
  }
  return missing;
}

void Decide(const SharedSegment& segment, uint32_t value) {
  uint32_t forming = kForming;
  segment.header().formation.compare_exchange_strong(forming, value);
  FutexWakeAll(&segment.header().formation);
}

// One thread per process and slice looks whether one of those that have come is dead.
void LookForDead(SharedSegment* segment, uint32_t from) {
  const uint32_t ranks = segment->layout().ranks;
  const int64_t now = NowNs();
  int64_t due = segment->next_scan_ns.load(std::memory_order_relaxed);
  if (now < due || !segment->next_scan_ns.compare_exchange_strong(due, now + kSliceNs)) return;
  if (segment->root_pid() != getpid() && !RankLockedElsewhere(segment->fd(), kRootByte, nullptr)) {
    return Decide(*segment, Broken(kBrokenByRoot, 0));
  }
  for (uint32_t i = 0; i < std::min(ranks, kScanRanks); ++i) {
    const uint32_t rank = (from + i) % ranks;
    const Presence presence = PresenceOf(segment->fd(), segment->slot(rank), rank);
    if (presence == Presence::kDead) return Decide(*segment, Broken(kBrokenByDeath, rank));
  }
}

Outcome WhyBroken(const SharedSegment& segment, uint32_t rank, uint32_t word,
                  int64_t timeout_seconds) {
  const uint32_t ranks = segment.layout().ranks;
  const uint32_t about = (word >> 8) % ranks;
  if ((word & 0xff) == kBrokenByDeath) {
    return Failed(HCCL_E_REMOTE, "rank %u (pid %d) died before all %u ranks had come", about,
                  PidOf(segment.slot(about).owner.load()), ranks);
  }
  const RankList missing = MissingRanks(segment);
  if ((word & 0xff) == kBrokenByRoot) {
    return Failed(
        HCCL_E_REMOTE,
        "process %d, which made the root info, died before all %u ranks had come; missing: "
        "%s",
        segment.root_pid(), ranks, missing.count() ? missing.Text().c_str() : "none");
  }
  if (about != rank) {
    return Failed(HCCL_E_TIMEOUT, "rank %u has given up waiting for all %u ranks; missing now: %s",
                  about, ranks, missing.count() ? missing.Text().c_str() : "none");
  }
  return Failed(
      HCCL_E_TIMEOUT,
      "%u of %u ranks did not come within %lld s: %s (HCCL_CONNECT_TIMEOUT sets the time)",
      missing.count(), ranks, static_cast<long long>(timeout_seconds), missing.Text().c_str());
}

std::string NameOf(const RankSlot& slot) {
  return std::string(slot.name, strnlen(slot.name, sizeof(slot.name)));
}

// Every rank sees the same slots, so all come to the same answer.
Outcome CheckNames(const SharedSegment& segment) {
  const uint64_t expected = segment.slot(0).name_hash.load(std::memory_order_relaxed);
  for (uint32_t rank = 1; rank < segment.layout().ranks; ++rank) {
    if (segment.slot(rank).name_hash.load(std::memory_order_relaxed) == expected) continue;
    return Failed(HCCL_E_PARA, "hcclCommName is '%s' on rank 0 and '%s' on rank %u; want one name",
                  NameOf(segment.slot(0)).c_str(), NameOf(segment.slot(rank)).c_str(), rank);
  }
  return {};
}

}  // namespace

Outcome ClaimRank(const SharedSegment& segment, uint32_t rank, const std::string& name) {
  RankSlot& slot = segment.slot(rank);
  uint64_t owner = slot.owner.load(std::memory_order_acquire);
  if (StateOf(owner) == kSlotFree) {
    // First the lock, so that nobody finds a taken slot without one.
    Outcome outcome = LockRank(segment.fd(), rank);
    if (!outcome.ok()) return outcome;
    if (slot.owner.compare_exchange_strong(owner, OwnerWord(kSlotJoining, getpid()))) {
      memset(slot.name, 0, sizeof(slot.name));
      memcpy(slot.name, name.data(), std::min(name.size(), sizeof(slot.name) - 1));
      slot.name_hash.store(Hash(name.data(), name.size()), std::memory_order_relaxed);
      OfferHeap(&slot);
      slot.owner.store(OwnerWord(kSlotJoined, getpid()), std::memory_order_release);
      if (segment.header().arrived.fetch_add(1) + 1 == segment.layout().ranks) {
        Decide(segment, kFormed);
      }
      return {};
    }
    // Lost to another thread, whose lock this is too, or to a process that is dead by now.
    if (PidOf(owner) != getpid()) UnlockRank(segment.fd(), rank);
  }
  const char* when = StateOf(owner) == kSlotLeft ? "was taken before" : "is taken already";
  return Failed(HCCL_E_PARA, "rank %u %s, by process %d%s", rank, when, PidOf(owner),
                PidOf(owner) == getpid() ? " (this one)" : "");
}

Outcome AwaitFormation(SharedSegment* segment, uint32_t rank, int64_t timeout_seconds) {
  std::atomic<uint32_t>& formation = segment->header().formation;
  const Deadline deadline(timeout_seconds);
  // With many processes the looks of all of them add up.
  const int64_t slice = kSliceNs + segment->layout().ranks * kNsPerMs / 4;
  uint32_t from = rank;
  for (;;) {
    const uint32_t word = formation.load(std::memory_order_acquire);
    if (word == kFormed) {
      Outcome outcome = CheckNames(*segment);
      if (!outcome.ok()) LeaveRank(*segment, rank);
      return outcome;
    }
    if (word != kForming) {
      Outcome outcome = WhyBroken(*segment, rank, word, timeout_seconds);
      LeaveRank(*segment, rank);
      return outcome;
    }
    if (deadline.Passed()) {
      Decide(*segment, Broken(kBrokenByTimeout, rank));
      continue;
    }
    if (!FutexWait(&formation, kForming, std::min(slice, deadline.LeftNs()))) {
      LookForDead(segment, from);
      from += kScanRanks;
    }
  }
}

void LeaveRank(const SharedSegment& segment, uint32_t rank) {
  RankSlot& slot = segment.slot(rank);
  slot.owner.store(OwnerWord(kSlotLeft, getpid()), std::memory_order_release);
  UnlockRank(segment.fd(), rank);
  FutexWakeAll(&slot.progress);
}

}  // namespace host_hccl
