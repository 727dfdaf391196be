// SPDX-License-Identifier: Apache-2.0
// One launch of a kernel that all ranks of group_ep take part in, on the host device.
#pragma once

#include <initializer_list>
#include <vector>

#include "host_communicator.h"
#include "host_executor.h"
#include "op_plan/expert_parallel.h"

namespace op_api {

HostCollectiveSignature MakeSignature(const char* op, const char* names,
                                      std::initializer_list<int64_t> fields);

struct CollectiveKernel {
  HostCollective* collective;
  HostCommInfo comm;
  std::vector<uint32_t> ranks;  // that take part, by the numbers of the communicator
  uint32_t epoch;
  uint64_t half_offset;  // of the half of every window that belongs to this launch
  uint64_t half_bytes;
  uint64_t status_offset;  // the same of the status areas

  // By the place in `ranks`.
  uint8_t* Window(uint32_t rank) const {
    return HostCollectiveWindow(collective, ranks[rank]) + half_offset;
  }
  uint8_t* Status(uint32_t rank) const {
    return HostCollectiveStatus(collective, ranks[rank]) + status_offset;
  }

  aclError PublishAndAwaitAll(HostFailure* failure) const;
  // A second round, for who has let others read its memory until then: it waits for every rank,
  // also behind the first that has failed, which is the one it tells of.
  void PublishStep() const;
  aclError AwaitStepOfAll(HostFailure* failure) const;
  // For such a rank that fails: tells all why, and waits until none reads its memory.
  void AwaitReaders(const HostFailure* failure) const;
  // Tells all ranks why this one cannot go on.
  aclError Fail(const HostFailure* failure) const;
};

// Which communicator, which of its ranks, and what all of them must agree on.
struct CollectiveRequest {
  const char* parameter;  // group_ep or group_tp, for messages
  const char* group;
  uint32_t world_size;
  uint32_t rank_id;
  std::vector<uint32_t> ranks;
  uint64_t needed_bytes;  // of a window
  HostCollectiveSignature signature;
};

// A rank's turn in a collective, from the first check to the end.
class CollectiveTurn {
 public:
  CollectiveTurn(const HostLaunch& launch, CollectiveRequest request, HostFailure* failure);
  ~CollectiveTurn();
  CollectiveTurn(const CollectiveTurn&) = delete;
  CollectiveTurn& operator=(const CollectiveTurn&) = delete;

  aclError status() const { return status_; }  // not ACL_SUCCESS: there is no kernel
  const CollectiveKernel& kernel() const { return kernel_; }

 private:
  HostComm* comm_ = nullptr;
  CollectiveKernel kernel_ = {};
  aclError status_;
};

}  // namespace op_api
