// SPDX-License-Identifier: Apache-2.0
#include "liveness.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace host_hccl {
namespace {

struct flock ByteOf(uint32_t rank, short type) {
  struct flock lock;
  memset(&lock, 0, sizeof(lock));
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = rank;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Outcome LockRank(int fd, uint32_t rank) {
  struct flock lock = ByteOf(rank, F_WRLCK);
  if (fcntl(fd, F_SETLK, &lock) == 0) return {};
  const int error = errno;
  int32_t holder = 0;
  if ((error == EAGAIN || error == EACCES) && RankLockedElsewhere(fd, rank, &holder)) {
    return Failed(HCCL_E_PARA, "rank %u is taken already, by process %d", rank, holder);
  }
  return Failed(HCCL_E_SYSCALL, "cannot lock the byte of rank %u in shared memory: %s", rank,
                strerror(error));
}

void UnlockRank(int fd, uint32_t rank) {
  struct flock lock = ByteOf(rank, F_UNLCK);
  fcntl(fd, F_SETLK, &lock);
}

bool RankLockedElsewhere(int fd, uint32_t rank, int32_t* holder) {
  struct flock lock = ByteOf(rank, F_WRLCK);
  // When the kernel cannot answer, nobody is declared dead.
  if (fcntl(fd, F_GETLK, &lock) != 0) return true;
  if (lock.l_type == F_UNLCK) return false;
  if (holder) *holder = lock.l_pid;
  return true;
}

Presence PresenceOf(int fd, const RankSlot& slot, uint32_t rank) {
  const uint64_t owner = slot.owner.load(std::memory_order_acquire);
  if (StateOf(owner) == kSlotFree) return Presence::kAbsent;
  if (StateOf(owner) == kSlotLeft) return Presence::kLeft;
  if (PidOf(owner) == getpid()) return Presence::kAlive;
  if (RankLockedElsewhere(fd, rank, nullptr)) return Presence::kAlive;
  // It says that it leaves before it unlocks.
  const uint64_t now = slot.owner.load(std::memory_order_acquire);
  return StateOf(now) == kSlotLeft ? Presence::kLeft : Presence::kDead;
}

}  // namespace host_hccl
