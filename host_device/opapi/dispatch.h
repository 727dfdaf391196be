// SPDX-License-Identifier: Apache-2.0
// dispatch on the CPU. A rank puts each of its tokens once into its own window, with a table of who
// gets it; the ranks that hold the experts fetch it from there. So a token is written once, not K
// times.
#pragma once

#include "host_communicator.h"
#include "host_executor.h"
#include "op_plan/dispatch_plan.h"
#include "op_plan/window_layout.h"

namespace dispatch {

struct Params {
  op_plan::DispatchPlan plan;
  char group_ep[128];
  uint32_t cores;
};

op_plan::Verdict CheckSupported(const op_plan::DispatchPlan& plan);
uint64_t WorkspaceBytes(const op_plan::DispatchPlan& plan);

// A HostKernel on tensors in the order of op_plan::DispatchTensor.
aclError Run(const HostLaunch* launch, HostFailure* failure);

// What both halves of one launch look at.
struct Launch {
  const HostTensorView* tensors;
  const op_plan::DispatchPlan& plan;
  op_plan::WindowLayout layout;
  HostCollective* collective;
  uint64_t half_offset;  // of the half of every window that this launch uses
  uint32_t cores;
  uint32_t* workspace;

  uint8_t* HalfOf(uint32_t rank) const {
    return HostCollectiveWindow(collective, rank) + half_offset;
  }
};

// Fills the own window. expert_ids have been checked.
void OfferTokens(const Launch& launch);

// Fetches this rank's rows from the windows of all ranks, which have filled them.
bool FetchRows(const Launch& launch, HostFailure* failure);

}  // namespace dispatch
