// SPDX-License-Identifier: Apache-2.0
#include "bell.h"

#include "futex.h"

namespace host_hccl {

void RingBell(RankSlot& slot) {
  // Both sequentially consistent, as are the sleeper's: either this sees the sleeper, or the
  // sleeper sees the new value. One that was killed stays counted, which costs a system call.
  slot.bell.fetch_add(1, std::memory_order_seq_cst);
  if (slot.bell_waiters.load(std::memory_order_seq_cst) != 0) FutexWakeAll(&slot.bell);
}

bool AwaitBell(RankSlot& slot, uint32_t seen, int64_t timeout_ns) {
  slot.bell_waiters.fetch_add(1, std::memory_order_seq_cst);
  const bool rung = FutexWait(&slot.bell, seen, timeout_ns);
  slot.bell_waiters.fetch_sub(1, std::memory_order_relaxed);
  return rung;
}

}  // namespace host_hccl
