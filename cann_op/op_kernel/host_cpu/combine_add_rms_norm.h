// SPDX-License-Identifier: Apache-2.0
// combine + add + RMSNorm on the CPU. A token's way: row_sender tells the rank that the token came
// from where each expert's row lies; token_reducer there reads the rows once, adds them up and
// normalises. A row stays in expand_x where other processes can read that, and goes into the
// owner's window else.
#pragma once

#include "host_executor.h"
#include "op_api/host_cpu/collective_kernel.h"
#include "op_plan/combine_plan.h"
#include "op_plan/window_layout.h"

namespace combine {

struct Params {
  op_plan::CombinePlan plan;
  char group_ep[128];
  uint32_t cores;  // threads that work on one launch
};

// 561003 for what this kernel does not do.
op_plan::Verdict CheckSupported(const op_plan::CombinePlan& plan);

uint64_t WorkspaceBytes(const op_plan::CombinePlan& plan, uint32_t cores);

// A HostKernel on tensors in the order of op_plan::CombineTensor.
aclError Run(const HostLaunch* launch, HostFailure* failure);

// What both halves of one launch look at.
struct Launch {
  const HostTensorView* tensors;
  const op_plan::CombinePlan& plan;
  op_plan::WindowLayout layout;
  const op_api::CollectiveKernel& kernel;
  uint32_t cores;
  const uint16_t** rows;  // where each row slot's row lies, once it is resolved
  uint8_t* scratch;       // per core
};

// Tells every row's owner where the row lies. `lent`: owners read expand_x itself, so that it must
// stay until they have. False: `failure` says which row is wrong.
bool SendRows(const Launch& launch, bool* lent, HostFailure* failure);

// Finds the rows of this rank's tokens, which all ranks have sent. False: `failure` says which is
// missing.
bool ResolveRows(const Launch& launch, HostFailure* failure);

// Adds up this rank's tokens and normalises them.
void ReduceTokens(const Launch& launch);
uint64_t ReducerScratchBytes(uint32_t h);

inline uint16_t* RowSlotOf(const Launch& launch, uint32_t rank, uint32_t slot) {
  uint8_t* window = HostCollectiveWindow(launch.kernel.collective, rank);
  return reinterpret_cast<uint16_t*>(window + launch.kernel.half_offset +
                                     launch.layout.RowSlot(slot));
}

// What a row's sender leaves in its owner's status area.
struct Arrival {
  uint32_t epoch;  // of the launch that it belongs to
  uint32_t rank;   // the sender
  uint64_t place;  // of the row in the sender's device memory, or kInSlot
};
constexpr uint64_t kInSlot = UINT64_MAX;

inline Arrival* ArrivalOf(const Launch& launch, uint32_t rank, uint32_t slot) {
  uint8_t* status = HostCollectiveStatus(launch.kernel.collective, rank);
  return reinterpret_cast<Arrival*>(status + launch.kernel.status_offset) + slot;
}

}  // namespace combine
