// SPDX-License-Identifier: Apache-2.0
// How dispatch and combine divide a rank's window of HCCL_BUFFSIZE bytes.
//
//   | half 0                                        | half 1 ...
//   | dispatch area           | combine area        |
//   |                         | row slots, one per copy of a token, row_stride apart
//
// Collectives use the halves in turn, so a rank may still read one while its peers fill the other.
// The halves are those of the whole window, not of one size of tokens: calls of different sizes may
// follow one another on a communicator.
#pragma once

#include <cstdint>

#include "op_plan/expert_parallel.h"

namespace op_plan {

struct WindowLayout {
  uint64_t dispatch_bytes;  // the dispatch area starts the half
  uint64_t row_offset;      // of the first row slot, from the start of the half
  uint64_t row_stride;
  uint32_t row_count;  // max_bs * copies per token

  uint64_t NeededHalfBytes() const { return row_offset + row_count * row_stride; }
  uint64_t RowSlot(uint32_t slot) const { return row_offset + slot * row_stride; }
};

WindowLayout MakeWindowLayout(const ExpertParallel& ep);

// First byte of the half that belongs to collective `epoch`.
uint64_t HalfOffset(uint64_t window_bytes, uint32_t epoch);
// What HCCL_BUFFSIZE must be at least, in bytes.
uint64_t RequiredBufferBytes(const ExpertParallel& ep);

}  // namespace op_plan
