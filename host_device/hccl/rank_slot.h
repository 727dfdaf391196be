// SPDX-License-Identifier: Apache-2.0
// What ranks tell one another through shared memory. Everything here may be written by another
// process at any time: readers copy, bound and check before they use it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "host_communicator.h"

namespace host_hccl {

struct Nonce {
  uint64_t words[2];
  bool operator==(const Nonce& other) const {
    return words[0] == other.words[0] && words[1] == other.words[1];
  }
  bool operator<(const Nonce& other) const {
    return words[0] != other.words[0] ? words[0] < other.words[0] : words[1] < other.words[1];
  }
};

constexpr size_t kPageBytes = 4096;
constexpr uint64_t kSegmentMagic = 0x484343484f535431;  // "HCCHOST1"
constexpr uint32_t kMaxRanks = 1024;
constexpr uint32_t kRootByte = kMaxRanks;  // locked by the process that made the root info

enum SlotState : uint32_t { kSlotFree = 0, kSlotJoining = 1, kSlotJoined = 2, kSlotLeft = 3 };

constexpr uint64_t OwnerWord(SlotState state, int32_t pid) {
  return uint64_t{static_cast<uint32_t>(pid)} << 32 | state;
}
constexpr uint32_t StateOf(uint64_t owner) { return static_cast<uint32_t>(owner); }
constexpr int32_t PidOf(uint64_t owner) { return static_cast<int32_t>(owner >> 32); }

// Word of the formation, decided once for all ranks: the low byte is the state, the rest the rank
// it is about: the one that died, or the one that gave up waiting.
enum FormationState : uint32_t {
  kForming = 0,
  kFormed = 1,
  kBrokenByDeath = 2,
  kBrokenByTimeout = 3,
  kBrokenByRoot = 4,  // the process that made the root info is gone
};

struct SegmentHeader {
  uint64_t magic;
  Nonce nonce;
  // Fixed by the first rank to come: ranks in the low half, megabytes of a window in the high half.
  alignas(64) std::atomic<uint64_t> shape;
  alignas(64) std::atomic<uint32_t> arrived;
  alignas(64) std::atomic<uint32_t> formation;  // futex
};

enum Verdict : uint32_t { kVerdictNone = 0, kVerdictPassed = 1, kVerdictFailed = 2 };

// What a rank publishes of one collective. Written before `progress` of its slot says so.
// Afterwards only `verdict` can change, once, from passed to failed, after `origin` and `text` were
// written.
struct alignas(64) CollectiveRecord {
  std::atomic<uint32_t> verdict;
  uint32_t epoch;
  uint32_t field_count;
  uint32_t origin;  // rank where the failure began
  int64_t fields[HostCollectiveSignature::kMaxFields];
  char op[64];
  char names[256];
  char text[512];
};

// One message of a member that makes a sub-communicator: "the root info of the group with this key
// is
// ...". Odd version: being written.
struct alignas(64) BoardEntry {
  std::atomic<uint32_t> version;
  std::atomic<uint64_t> key;  // 0: free
  std::atomic<uint64_t> pid_and_fd;
  std::atomic<uint64_t> nonce[2];
};

constexpr uint32_t kBoardEntries = 16;

struct alignas(kPageBytes) RankSlot {
  std::atomic<uint64_t> owner;  // SlotState and process id in one word, see OwnerWord
  std::atomic<uint64_t> name_hash;
  char name[COMM_NAME_MAX_LENGTH];
  // Device memory of the rank's process, for peers to map; heap_bytes is 0 where there is none.
  uint64_t heap_bytes;
  uint64_t heap_inode;
  int32_t heap_fd;

  alignas(64) std::atomic<uint32_t> progress;  // futex: the last collective this rank has published
  std::atomic<uint32_t> waiters;               // how many may sleep on `progress`
  alignas(64) std::atomic<uint32_t> step;      // futex: within a collective, see StepWord
  std::atomic<uint32_t> step_waiters;          // how many may sleep on `step`
  alignas(64) std::atomic<uint32_t> finished;  // the last collective this rank has ended
  alignas(
      64) std::atomic<uint32_t> board_version;  // futex: changes with every message on the board
  alignas(64) std::atomic<uint32_t> bell;       // futex: rung when a message may have moved
  std::atomic<uint32_t> bell_waiters;           // how many may sleep on `bell`
  CollectiveRecord records[2];                  // by the lowest bit of the epoch
  BoardEntry board[kBoardEntries];
};

// The way from one rank to another for messages: a ring of two chunks. Who changes anything here
// rings the bell of the other rank.
constexpr uint32_t kChannelChunks = 2;
constexpr size_t kChannelChunkBytes = 32768;

struct alignas(kPageBytes) Channel {
  alignas(64) std::atomic<uint32_t> sent;      // chunks put in
  alignas(64) std::atomic<uint32_t> received;  // chunks taken out
  alignas(64) std::atomic<uint32_t> broken;    // a message was given up half way
  struct {
    uint64_t message_bytes;
    uint64_t dtype;
    uint64_t first;  // 1 on the first chunk of a message
    uint64_t lent;   // 0, or 1 + where the whole message lies in the sender's device memory
  } heads[kChannelChunks];
  alignas(kPageBytes) uint8_t chunks[kChannelChunks][kChannelChunkBytes];
};

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(sizeof(SegmentHeader) <= kPageBytes);
static_assert(sizeof(CollectiveRecord) == 1024);
static_assert(sizeof(BoardEntry) == 64);
static_assert(sizeof(RankSlot) == kPageBytes);
static_assert(sizeof(Channel) == kPageBytes + kChannelChunks * kChannelChunkBytes);

}  // namespace host_hccl
