// SPDX-License-Identifier: Apache-2.0
// One launch of a kernel that all ranks of group_ep take part in, on the host device.
#pragma once

#include <initializer_list>

#include "host_communicator.h"
#include "host_executor.h"
#include "op_plan/expert_parallel.h"

namespace op_api {

HostCollectiveSignature MakeSignature(const char* op, const char* names,
                                      std::initializer_list<int64_t> fields);

struct CollectiveKernel {
  HostCollective* collective;
  uint32_t ep_world_size;
  uint32_t epoch;
  uint64_t half_offset;    // of the half of every window that belongs to this launch
  uint64_t status_offset;  // the same of the status areas

  aclError PublishAndAwaitAll(HostFailure* failure) const;
  // A second round, for who has let others read its memory until then.
  void PublishStep() const;
  aclError AwaitStepOfAll(HostFailure* failure) const;
  // Tells all ranks why this one cannot go on.
  aclError Fail(const HostFailure* failure) const;
};

// A rank's turn in a collective over `group_ep`, from the first check to the end.
class CollectiveTurn {
 public:
  CollectiveTurn(const HostLaunch& launch, const char* group_ep, const op_plan::ExpertParallel& ep,
                 const HostCollectiveSignature& signature, HostFailure* failure);
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

template <typename Body>
aclError RunCollective(const HostLaunch& launch, const char* group_ep,
                       const op_plan::ExpertParallel& ep, const HostCollectiveSignature& signature,
                       HostFailure* failure, Body body) {
  const CollectiveTurn turn(launch, group_ep, ep, signature, failure);
  return turn.status() == ACL_SUCCESS ? body(turn.kernel()) : turn.status();
}

}  // namespace op_api
