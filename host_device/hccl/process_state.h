// SPDX-License-Identifier: Apache-2.0
// What libhccl knows of this process. A child made by fork() starts with nothing: the parent's
// locks, mappings and threads are not its own.
#pragma once

#include "communicator_table.h"
#include "peer_heap.h"
#include "shared_segment.h"

namespace host_hccl {

struct ProcessState {
  SegmentTable segments;
  CommunicatorTable communicators;
  PeerHeapTable heaps;

  static ProcessState& Get();
  static bool IsForkedChild();
};

}  // namespace host_hccl
