// SPDX-License-Identifier: Apache-2.0
// Who is alive. For each of its ranks a process holds a POSIX record lock on byte `rank` of the
// shared memory; the kernel takes it away when the process ends, in whatever way.
#pragma once

#include <cstdint>

#include "outcome.h"
#include "rank_slot.h"

namespace host_hccl {

// Fails with HCCL_E_PARA when another process holds it.
Outcome LockRank(int fd, uint32_t rank);
void UnlockRank(int fd, uint32_t rank);

// Does another process hold the byte? (Its own locks a process cannot see.)
bool RankLockedElsewhere(int fd, uint32_t rank, int32_t* holder);

enum class Presence { kAlive, kDead, kLeft, kAbsent };

// `slot` is that of `rank`. A rank of this process is alive by definition.
Presence PresenceOf(int fd, const RankSlot& slot, uint32_t rank);

}  // namespace host_hccl
