// SPDX-License-Identifier: Apache-2.0
// dispatch on the CPU. A rank puts each of its tokens once into its own window, with a table of who
// gets it; the ranks that hold the experts fetch it from there. So a token is written once, not K
// times.
#pragma once

#include "host_executor.h"
#include "op_api/host_cpu/collective_kernel.h"
#include "op_kernel/host_cpu/choices.h"
#include "op_plan/dispatch_plan.h"
#include "op_plan/window_layout.h"

namespace dispatch {

struct Params {
  op_plan::DispatchPlan plan;
  char group_ep[128];
  char group_tp[128];
  uint32_t cores;
};

uint64_t WorkspaceBytes(const op_plan::DispatchPlan& plan);

// A HostKernel on tensors in the order of op_plan::DispatchTensor.
aclError Run(const HostLaunch* launch, HostFailure* failure);

// What the steps of one launch look at. Ranks are numbered as the routing data does.
struct Launch {
  const HostTensorView* tensors;
  const op_plan::DispatchPlan& plan;
  const op_plan::ExpertParallel& ep;  // as it is now, see op_plan/topology.h
  const op_plan::WindowLayout layout;
  const op_api::CollectiveKernel& kernel;
  const Choices& choices;
  uint32_t cores;
  uint32_t* workspace;
};

// Fills the own window. The choices have been checked.
void OfferTokens(const Launch& launch);

// Fetches this rank's rows from the windows of all ranks, which have filled them; `rows` tells how
// many.
bool FetchRows(const Launch& launch, int64_t* rows, HostFailure* failure);

}  // namespace dispatch
