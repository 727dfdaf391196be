// SPDX-License-Identifier: Apache-2.0
// Tensor parallelism on the way back: each rank of a pair has computed rows of both. This reads the
// peer's part where it lies; row_sender adds it while it writes the rows into windows.
#pragma once

#include "op_kernel/host_cpu/combine_add_rms_norm.h"

namespace combine {

// One rank's turn in the exchange of a pair.
class PairExchange {
 public:
  // `packed`: device memory for the peer's part, where expand_x cannot be lent as it is.
  PairExchange(const HostLaunch& host, const Params& params, uint8_t* packed, HostFailure* failure);

  aclError status() const { return turn_.status(); }
  // Offers the peer its part and finds the own one.
  aclError Find(PairRows* rows, HostFailure* failure);
  // The own part has been read.
  void Done() const { turn_.kernel().PublishStep(); }
  aclError AwaitPeer(HostFailure* failure) const { return turn_.kernel().AwaitStepOfAll(failure); }
  void Fail(const HostFailure* failure) const { turn_.kernel().AwaitReaders(failure); }

 private:
  struct Offer;
  bool MakeOffer(Offer* offer, HostFailure* failure);

  const HostTensorView* tensors_;
  const op_plan::ExpertParallel& ep_;
  uint8_t* packed_;
  op_api::CollectiveTurn turn_;
};

uint64_t PairPackBytes(const op_plan::ExpertParallel& ep);

}  // namespace combine
