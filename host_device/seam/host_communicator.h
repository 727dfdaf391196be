// SPDX-License-Identifier: Apache-2.0
// What libhccl gives kernels: the ranks of a communicator, their windows, and one kind of
// synchronisation. Every collective is: begin, write (own window or others'), publish, await the ranks
// whose data is needed, read, end.
//
// Why no acknowledgement is needed: collectives on one communicator are numbered (epoch) and use the two
// halves of a window in turn. Whoever starts epoch e + 2 has finished e + 1, for which every rank had
// published e + 1, which it did after it had finished e. So nobody still reads half e % 2.
// This holds because every collective awaits every rank.
#pragma once

#include "hccl/hccl.h"
#include "host_runtime.h"

struct HostComm;        // one rank's side of a communicator, held alive by HostCommAcquire
struct HostCollective;  // one collective in flight on it

struct HostCommInfo {
  char name[128];
  uint32_t rank;
  uint32_t size;
  uint32_t local_size;     // ranks that share this machine's cores (all of them, on the host device)
  uint64_t window_bytes;   // HCCL_BUFFSIZE in bytes
  uint64_t status_bytes;   // size of each rank's status area
};

// What a rank says of the collective it is in; every rank's must be equal, or all fail with both values.
// `fields` are compared in order; `names` is a comma-separated list of as many names, for messages.
struct HostCollectiveSignature {
  static constexpr uint32_t kMaxFields = 16;
  const char* op;  // static text, e.g. "MoeDistributeDispatch"
  const char* names;
  uint32_t field_count;
  int64_t fields[kMaxFields];
};

#pragma GCC visibility push(default)
extern "C" {

// The rank of communicator `name` that lives on `device` in this process. On failure the text lists the
// names that exist on that device.
HcclResult HostCommAcquire(const char* name, int32_t device, HostComm** comm);
void HostCommRelease(HostComm* comm);
void HostCommGetInfo(const HostComm* comm, HostCommInfo* info);

// Starts the next collective of this rank. Blocks while another collective of this rank is in flight.
aclError HostCollectiveBegin(HostComm* comm, const HostCollectiveSignature* signature,
                             HostCollective** collective, HostFailure* failure);

// Number of the collective; its lowest bit tells the half of the windows that belongs to it. Never 0.
uint32_t HostCollectiveEpoch(const HostCollective* collective);

// First byte of a rank's window (window_bytes long) and status area (status_bytes long). Status areas
// start zeroed and are not divided or reset by anybody but the operators.
uint8_t* HostCollectiveWindow(const HostCollective* collective, uint32_t rank);
uint8_t* HostCollectiveStatus(const HostCollective* collective, uint32_t rank);

// Makes all that this rank has written visible and wakes who waits for it. Once per collective.
void HostCollectivePublish(HostCollective* collective);

// Says instead that this rank cannot take part, and why: everyone who awaits it fails with that text at once.
void HostCollectivePublishFailure(HostCollective* collective, const char* text);

// Waits until `rank` has published. Fails, naming the rank, when it failed, has left, is dead, is in
// another collective, or does not come within the communicator's timeout.
aclError HostCollectiveAwait(HostCollective* collective, uint32_t rank, HostFailure* failure);

// The device memory of a rank's process as this process can read it: what lies in that process at
// HostGetDeviceHeap().base + i lies here at *base + i, for i below *bytes. Who lets peers read a tensor
// there must not end before they have: see the steps below.
aclError HostCollectivePeerHeap(HostCollective* collective, uint32_t rank, const uint8_t** base,
                                uint64_t* bytes, HostFailure* failure);

// Further rounds of a published collective, numbered from 1: as publish and await, without a record. A
// rank that has failed after it published fails those who await its step.
void HostCollectivePublishStep(HostCollective* collective, uint32_t step);
aclError HostCollectiveAwaitStep(HostCollective* collective, uint32_t rank, uint32_t step,
                                 HostFailure* failure);

// Ends it. A collective that was neither published nor failed is published as failed.
void HostCollectiveEnd(HostCollective* collective);

}  // extern "C"
#pragma GCC visibility pop
