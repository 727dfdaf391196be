// SPDX-License-Identifier: Apache-2.0
// How ranks whose kernels wait for one another sleep. A rank whose cores can all go no further
// starts the next round and sleeps until every other rank has come to that round, or has ended. A
// rank in the lowest round never sleeps, so that somebody always goes on; and each round brings all
// that the ranks could write without this one.
#pragma once

#include <string>

#include "op_api/host_cpu/collective_kernel.h"

namespace host_ascendc_kernel {

class Rounds {
 public:
  // `pair`: group_tp's collective, or null.
  Rounds(const op_api::CollectiveKernel& group, const op_api::CollectiveKernel* pair)
      : group_(group), pair_(pair) {}

  // False: a rank has failed (status() tells), or more rounds passed than a launch has waits.
  bool Next(std::string* why);
  // This rank waits for nobody any more. False: a rank has failed.
  bool End();

  bool exhausted() const { return round_ > kMostRounds; }
  aclError status() const { return status_; }
  const HostFailure& failure() const { return failure_; }

 private:
  // A launch waits at most three times for what another wait of a peer holds up: for the TP peer,
  // for V1's positions, for the rows.
  static constexpr uint32_t kMostRounds = 8;
  static constexpr uint32_t kLastRound = 0xFFFF;

  void Publish(uint32_t round) const;
  bool Await(const op_api::CollectiveKernel& kernel, uint32_t round);
  bool AwaitAll(uint32_t round);

  const op_api::CollectiveKernel& group_;
  const op_api::CollectiveKernel* const pair_;
  uint32_t round_ = 0;
  aclError status_ = ACL_SUCCESS;
  HostFailure failure_ = {};
};

}  // namespace host_ascendc_kernel
