// SPDX-License-Identifier: Apache-2.0
#include "board.h"

#include <algorithm>

#include "deadline.h"
#include "futex.h"
#include "hash.h"
#include "liveness.h"

namespace host_hccl {
namespace {

// Odd while it is being written; readers take what they read between two equal even values.
void WriteEntry(BoardEntry* entry, uint64_t key, const RootInfo* root) {
  entry->version.fetch_add(1);
  entry->key.store(key);
  if (root) {
    entry->pid_and_fd.store(uint64_t{static_cast<uint32_t>(root->pid)} << 32 |
                            static_cast<uint32_t>(root->fd));
    entry->nonce[0].store(root->nonce.words[0]);
    entry->nonce[1].store(root->nonce.words[1]);
  }
  entry->version.fetch_add(1);
}

bool ReadEntry(const BoardEntry& entry, uint64_t key, uint64_t* pid_and_fd, Nonce* nonce) {
  const uint32_t version = entry.version.load();
  if (version % 2 != 0 || entry.key.load() != key) return false;
  *pid_and_fd = entry.pid_and_fd.load();
  *nonce = {{entry.nonce[0].load(), entry.nonce[1].load()}};
  return entry.version.load() == version;
}

bool FindPost(Communicator* communicator, const RankSlot& slot, uint64_t key, uint64_t* pid_and_fd,
              Nonce* nonce) {
  std::lock_guard<std::mutex> lock(communicator->board_mutex);
  for (const BoardEntry& entry : slot.board) {
    if (!ReadEntry(entry, key, pid_and_fd, nonce)) continue;
    std::vector<Nonce>& seen = communicator->seen_parts;
    if (std::find(seen.begin(), seen.end(), *nonce) != seen.end()) continue;
    seen.push_back(*nonce);
    return true;
  }
  return false;
}

}  // namespace

uint64_t GroupKey(uint64_t id, const uint32_t* ranks, uint32_t count) {
  const uint64_t key = Hash(ranks, count * sizeof(*ranks), Hash(&id, sizeof(id)));
  return key ? key : 1;
}

Outcome BoardPost::Put(Communicator* communicator, uint64_t key, const RootInfo& root) {
  RankSlot& slot = communicator->segment().slot(communicator->rank());
  {
    std::lock_guard<std::mutex> lock(communicator->board_mutex);
    while (entry_ < kBoardEntries && slot.board[entry_].key.load() != 0) ++entry_;
    if (entry_ == kBoardEntries) {
      return Failed(HCCL_E_UNAVAIL, "rank %u is making %u groups at once already: want fewer",
                    communicator->rank(), kBoardEntries);
    }
    WriteEntry(&slot.board[entry_], key, &root);
    communicator_ = communicator;
  }
  slot.board_version.fetch_add(1);
  FutexWakeAll(&slot.board_version);
  return {};
}

BoardPost::~BoardPost() {
  if (!communicator_) return;
  std::lock_guard<std::mutex> lock(communicator_->board_mutex);
  WriteEntry(&communicator_->segment().slot(communicator_->rank()).board[entry_], 0, nullptr);
}

Outcome AwaitPost(Communicator* communicator, uint32_t leader, uint64_t key,
                  int64_t timeout_seconds, RootInfo* root) {
  RankSlot& slot = communicator->segment().slot(leader);
  const int fd = communicator->segment().fd();
  const Deadline deadline(timeout_seconds);
  Presence presence = Presence::kAlive;
  for (;;) {
    const uint32_t version = slot.board_version.load();
    uint64_t pid_and_fd = 0;
    Nonce nonce;
    if (FindPost(communicator, slot, key, &pid_and_fd, &nonce)) {
      return MakeRootInfo(nonce, static_cast<int32_t>(pid_and_fd >> 32),
                          static_cast<int>(pid_and_fd & 0x7fffffff), root);
    }
    if (presence != Presence::kAlive) {
      return Failed(HCCL_E_REMOTE, "rank %u of '%s' (pid %d), the first of the group, %s", leader,
                    communicator->name().c_str(), PidOf(slot.owner.load()),
                    presence == Presence::kLeft ? "has left the communicator" : "is dead");
    }
    if (deadline.Passed()) {
      return Failed(HCCL_E_TIMEOUT,
                    "rank %u of '%s' (pid %d), the first of the group, did not come within %lld s "
                    "with the same subCommId and rankIds (HCCL_CONNECT_TIMEOUT sets the time)",
                    leader, communicator->name().c_str(), PidOf(slot.owner.load()),
                    static_cast<long long>(timeout_seconds));
    }
    FutexWait(&slot.board_version, version, std::min(kSliceNs, deadline.LeftNs()));
    presence = PresenceOf(fd, slot, leader);
  }
}

}  // namespace host_hccl
