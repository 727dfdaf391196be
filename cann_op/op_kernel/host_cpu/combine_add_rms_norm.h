// SPDX-License-Identifier: Apache-2.0
// combine + add + RMSNorm on the CPU. A token's way: row_sender tells the rank that the token came
// from where each expert's row lies; row_resolver there finds the rows of its tokens; token_reducer
// reads them once, adds them up and normalises. A row stays in expand_x where other processes can
// read that, and goes into a window else.
#pragma once

#include "host_executor.h"
#include "op_api/host_cpu/collective_kernel.h"
#include "op_kernel/host_cpu/choices.h"
#include "op_plan/combine_plan.h"
#include "op_plan/window_layout.h"

namespace combine {

struct Params {
  op_plan::CombinePlan plan;
  char group_ep[128];
  char group_tp[128];
  uint32_t cores;  // threads that work on one launch
};

uint64_t WorkspaceBytes(const op_plan::CombinePlan& plan, uint32_t cores);

// A HostKernel on tensors in the order of op_plan::CombineTensor.
aclError Run(const HostLaunch* launch, HostFailure* failure);

// What the steps of one launch look at. Ranks are numbered as the routing data does.
struct Launch {
  const HostTensorView* tensors;
  const op_plan::CombinePlan& plan;
  const op_plan::ExpertParallel& ep;  // as it is now, see op_plan/topology.h
  const op_plan::WindowLayout layout;
  const op_api::CollectiveKernel& kernel;
  const Choices& choices;
  uint32_t cores;
  const uint8_t** rows;  // where each row slot's row lies, once it is resolved
  uint8_t* scratch;      // per core
};

// The part of the TP peer's expand_x that belongs to this rank: row i is to be added to own row i.
struct PairRows {
  const uint8_t* first = nullptr;  // null without TP
  int64_t row_bytes = 0;           // from one row to the next
};

// Tells every row's owner where the row lies. `lent`: owners read expand_x itself, so that it must
// stay until they have. False: `failure` says which row is wrong.
bool SendRows(const Launch& launch, const PairRows& pair, bool* lent, HostFailure* failure);

// Finds the rows of this rank's tokens, which all ranks have sent. False: `failure` says which is
// missing.
bool ResolveRows(const Launch& launch, HostFailure* failure);

// Adds up this rank's tokens and normalises them.
void ReduceTokens(const Launch& launch);
uint64_t ReducerScratchBytes(uint32_t h);

inline uint8_t* RowSlotOf(const Launch& launch, uint32_t rank, uint32_t slot) {
  return launch.kernel.Window(rank) + launch.layout.RowSlot(slot);
}

constexpr uint64_t kInWindow = UINT64_MAX;

// What a row's sender leaves in its owner's status area, by row slot.
struct Arrival {
  uint32_t epoch;  // of the launch that it belongs to
  uint32_t rank;   // the sender
  uint64_t place;  // of the row in the sender's device memory; kInWindow: in its slot here
};

inline Arrival* ArrivalOf(const Launch& launch, uint32_t rank, uint32_t slot) {
  return reinterpret_cast<Arrival*>(launch.kernel.Status(rank)) + slot;
}

// With the positions of dispatch V1 nobody but the owner knows which row is whose. Then a sender
// says per expert where the owner's rows begin: in its device memory, or in its half of its own
// window.
struct BlockArrival {
  uint32_t epoch;
  uint32_t count;
  uint32_t in_window;
  uint32_t reserved;
  uint64_t place;
  uint64_t row_bytes;  // from one row to the next
};

// Behind the arrivals by slot, so that a word of one is never taken for the epoch of the other.
constexpr uint64_t kBlockArrivals = 256 * 1024;

// `expert` counts the shared experts behind the others.
inline BlockArrival* BlockArrivalOf(const Launch& launch, uint32_t rank, uint32_t expert) {
  return reinterpret_cast<BlockArrival*>(launch.kernel.Status(rank) + kBlockArrivals) + expert;
}

}  // namespace combine
