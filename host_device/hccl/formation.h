// SPDX-License-Identifier: Apache-2.0
// How the ranks of a communicator come together: each takes its slot, the last one declares it
// formed. Whether it is formed or broken is decided once, in one word of shared memory, and the
// same for all.
#pragma once

#include <string>

#include "outcome.h"
#include "shared_segment.h"

namespace host_hccl {

// Takes the slot of `rank`. Fails when it was taken before, naming the process.
Outcome ClaimRank(const SharedSegment& segment, uint32_t rank, const std::string& name);

// Waits until all ranks have come and checks that they use one name. When it fails, `rank` has
// left.
Outcome AwaitFormation(SharedSegment* segment, uint32_t rank, int64_t timeout_seconds);

// Gives the slot up for good.
void LeaveRank(const SharedSegment& segment, uint32_t rank);

}  // namespace host_hccl
