// SPDX-License-Identifier: Apache-2.0
// One word per rank on which its tasks sleep while they wait for messages, from whomever.
#pragma once

#include "rank_slot.h"

namespace host_hccl {

// After something was put where the tasks of that rank look.
void RingBell(RankSlot& slot);

// What `slot.bell` says before a look; if the look finds nothing, sleep until it says otherwise.
inline uint32_t ReadBell(const RankSlot& slot) { return slot.bell.load(std::memory_order_seq_cst); }

// False when the time passed.
bool AwaitBell(RankSlot& slot, uint32_t seen, int64_t timeout_ns);

}  // namespace host_hccl
