// SPDX-License-Identifier: Apache-2.0
#include "transfer.h"

#include <algorithm>
#include <cstdio>

#include "epoch.h"

namespace host_hccl {
namespace {

constexpr uint64_t kPieceAlignment = 4096;

}  // namespace

Transfer::Transfer(Communicator* communicator, const HostCollectiveSignature& signature,
                   std::string refusal, HostFailure* failure)
    : communicator_(communicator),
      collective_(communicator->collective()),
      failure_(failure),
      status_(collective_.Begin(&signature, failure)) {
  begun_ = status_ == ACL_SUCCESS;
  const uint64_t quarter = communicator->segment().layout().window_bytes / 4;
  piece_bytes_ = std::min(kMaxPieceBytes, quarter / kPieceAlignment * kPieceAlignment);
  if (begun_ && !refusal.empty()) {
    status_ = collective_.Fail(failure, ACL_ERROR_RT_PARAM_INVALID, communicator->rank(), "%s",
                               refusal.c_str());
    collective_.PublishFailure(refusal.c_str());
  }
  pieces_.resize(communicator->size());
}

Transfer::~Transfer() {
  if (begun_) collective_.End();
}

uint8_t* Transfer::Piece(uint32_t rank) const {
  const uint64_t half = communicator_->segment().layout().window_bytes / 2;
  return communicator_->segment().window(rank) + (collective_.epoch() & 1) * half +
         (round_ & 1) * piece_bytes_;
}

aclError Transfer::Fail(aclError status, const char* reason) {
  status_ = collective_.Fail(failure_, status, communicator_->rank(), "%s", reason);
  return status_;
}

aclError Transfer::Round(const Fill& fill, const Take& take) {
  if (status_ != ACL_SUCCESS) return status_;
  if (round_ > kMaxSteps) return Fail(ACL_ERROR_RT_OVER_LIMIT, "too much data for one call");
  fill(Piece(communicator_->rank()));
  if (round_ == 0) {
    collective_.Publish();
  } else {
    collective_.PublishStep(round_);
  }
  for (uint32_t rank = 0; rank < communicator_->size(); ++rank) {
    status_ = round_ == 0 ? collective_.Await(rank, failure_)
                          : collective_.AwaitStep(rank, round_, failure_);
    if (status_ != ACL_SUCCESS) return status_;
    pieces_[rank] = Piece(rank);
  }
  take(pieces_);
  ++round_;
  return ACL_SUCCESS;
}

}  // namespace host_hccl
