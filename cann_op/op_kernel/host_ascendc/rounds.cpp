// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/rounds.h"

namespace host_ascendc_kernel {

bool Rounds::Next(std::string* why) {
  if (++round_ > kMostRounds) {
    *why = "every rank has done what it can";
    return false;
  }
  Publish(round_);
  if (AwaitAll(round_)) return true;
  *why = failure_.text;
  return false;
}

bool Rounds::End() {
  Publish(kLastRound);
  return AwaitAll(kLastRound);
}

bool Rounds::AwaitAll(uint32_t round) {
  return Await(group_, round) && (pair_ == nullptr || Await(*pair_, round));
}

void Rounds::Publish(uint32_t round) const {
  HostCollectivePublishStep(group_.collective, round);
  if (pair_ != nullptr) HostCollectivePublishStep(pair_->collective, round);
}

bool Rounds::Await(const op_api::CollectiveKernel& kernel, uint32_t round) {
  for (const uint32_t rank : kernel.ranks) {
    status_ = HostCollectiveAwaitStep(kernel.collective, rank, round, &failure_);
    if (status_ != ACL_SUCCESS) return false;
  }
  return true;
}

}  // namespace host_ascendc_kernel
