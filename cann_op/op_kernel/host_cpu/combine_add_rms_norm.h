// SPDX-License-Identifier: Apache-2.0
// combine + add + RMSNorm on the CPU. A token's way: row_sender writes each expert's row into the
// window of the rank that the token came from; token_reducer there adds them up, in one pass over
// the rows.
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
  // Where copy c of token t lies: its slot in the own window, or in expand_x when this rank sent
  // it.
  const uint16_t** rows;
  uint8_t* scratch;  // per core
};

// Writes every row of expand_x to where its token came from. False: `failure` says which row is
// wrong.
bool SendRows(const Launch& launch, HostFailure* failure);

// Adds up this rank's tokens and normalises them. All ranks have sent.
bool ReduceTokens(const Launch& launch, HostFailure* failure);
uint64_t ReducerScratchBytes(uint32_t h);

inline uint16_t* RowSlotOf(const Launch& launch, uint32_t rank, uint32_t slot) {
  uint8_t* window = HostCollectiveWindow(launch.kernel.collective, rank);
  return reinterpret_cast<uint16_t*>(window + launch.kernel.half_offset +
                                     launch.layout.RowSlot(slot));
}

// Word of a rank's status area that carries the epoch in which a row slot was last filled.
inline uint32_t* ArrivalOf(const Launch& launch, uint32_t rank, uint32_t slot) {
  uint8_t* status = HostCollectiveStatus(launch.kernel.collective, rank);
  return reinterpret_cast<uint32_t*>(status + launch.kernel.status_offset) + slot;
}

}  // namespace combine
