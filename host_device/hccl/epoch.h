// SPDX-License-Identifier: Apache-2.0
// Epochs number the collectives of a communicator: 1, 2, ... 2^32 - 1, 2, 3, ... Zero means "none
// yet" and never comes again, and odd and even take turns for ever, because they choose the
// window's half.
#pragma once

#include <cstdint>

namespace host_hccl {

constexpr uint32_t NextEpoch(uint32_t epoch) { return epoch == UINT32_MAX ? 2 : epoch + 1; }

// Is `value` at or after `epoch`? Holds while the two are less than 2^31 apart, and ranks are never
// more than a few apart.
constexpr bool EpochReached(uint32_t value, uint32_t epoch) {
  return static_cast<int32_t>(value - epoch) >= 0;
}

// Long transfers go in steps within one collective. Words of later steps and later epochs compare
// as later, by EpochReached.
constexpr uint32_t kMaxSteps = 0xffff;
constexpr uint32_t StepWord(uint32_t epoch, uint32_t step) { return epoch << 16 | step; }

static_assert(EpochReached(StepWord(NextEpoch(UINT32_MAX), 0), StepWord(UINT32_MAX, kMaxSteps)));
static_assert(NextEpoch(0) == 1 && NextEpoch(UINT32_MAX) % 2 != UINT32_MAX % 2);
static_assert(EpochReached(NextEpoch(UINT32_MAX), UINT32_MAX));
static_assert(!EpochReached(UINT32_MAX, NextEpoch(UINT32_MAX)) && !EpochReached(0, 1));

}  // namespace host_hccl
