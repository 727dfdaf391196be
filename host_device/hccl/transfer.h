// SPDX-License-Identifier: Apache-2.0
// How HCCL's own collectives move data: in rounds, through a piece of every rank's window, all
// ranks awaiting all in each round. One call is one collective, however many rounds it takes.
#pragma once

#include <functional>
#include <vector>

#include "communicator.h"

namespace host_hccl {

class Transfer {
 public:
  // `refusal` is the reason why this rank cannot take part, or empty; the others then fail with it.
  Transfer(Communicator* communicator, const HostCollectiveSignature& signature,
           std::string refusal, HostFailure* failure);
  // Ends the collective.
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Bytes of a piece: one of two in the half of the window that this collective may use.
  uint64_t piece_bytes() const { return piece_bytes_; }

  // `fill` writes this rank's piece; when all have, `take` reads everybody's, by rank.
  using Fill = std::function<void(uint8_t* piece)>;
  using Take = std::function<void(const std::vector<const uint8_t*>& pieces)>;
  aclError Round(const Fill& fill, const Take& take);

  aclError Fail(aclError status, const char* reason);

 private:
  uint8_t* Piece(uint32_t rank) const;

  Communicator* const communicator_;
  HostCollective& collective_;
  HostFailure* const failure_;
  uint64_t piece_bytes_ = 0;
  aclError status_;
  bool begun_ = false;
  uint32_t round_ = 0;
  std::vector<const uint8_t*> pieces_;
};

// A piece is not larger than this, so that a large buffer is not touched for large data.
constexpr uint64_t kMaxPieceBytes = 4 << 20;

}  // namespace host_hccl
