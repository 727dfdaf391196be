// SPDX-License-Identifier: Apache-2.0
// Messages between the cores that share a token. A message is one block, which one copy writes
// whole, so that it is its own flag. Each core has at most one such token in a launch.
#pragma once

#include "rstd.h"
#include "token_share.h"
#include "window_places.h"

namespace combine_kernel {

class PartExchange {
 public:
  __aicore__ inline void Init(const WindowPlaces& places, const TokenShare& share,
                              AscendC::TPipe* pipe) {
    places_ = &places;
    share_ = &share;
    pipe->InitBuffer(outbox_buffer_, kPartRounds * kFlagBytes);
    pipe->InitBuffer(inbox_buffer_, kMostParts * kFlagBytes);
    pipe->InitBuffer(cleared_buffer_, kMostParts * kFlagBytes);
    outbox_ = outbox_buffer_.Get<float>();
    inbox_ = inbox_buffer_.Get<float>();
    cleared_ = cleared_buffer_.Get<float>();
    AscendC::Duplicate(outbox_, 0.0f, static_cast<int32_t>(kPartRounds * kFlagFloats));
    AscendC::Duplicate(cleared_, 0.0f, static_cast<int32_t>(kMostParts * kFlagFloats));
    Order<AscendC::HardEvent::V_S>();
    Order<AscendC::HardEvent::V_MTE3>();
  }

  // The largest of what the cores have. That all have come so far also says that the flags of the
  // token's rows are needed no more.
  __aicore__ inline uint32_t Largest(uint32_t own) {
    outbox_.SetValue(0, static_cast<float>(own + 1));
    Meet(0);
    float largest = 0.0f;
    for (uint32_t part = 0; part < share_->parts(); ++part) {
      const float other = inbox_.GetValue(part * kFlagFloats);
      if (other > largest) largest = other;
    }
    return static_cast<uint32_t>(static_cast<int32_t>(largest)) - 1;
  }

  __aicore__ inline SquareSum Sum(const SquareParts& own) {
    constexpr uint32_t kRound = 1;
    const AscendC::LocalTensor<float> message = outbox_[kRound * kFlagFloats];
    message.SetValue(0, 1.0f);
    message.SetValue(1, own.whole_high);
    message.SetValue(2, own.whole_low);
    message.SetValue(3, own.rest_high);
    message.SetValue(4, own.rest_low);
    Meet(kRound);
    SquareSum sum;
    for (uint32_t part = 0; part < share_->parts(); ++part) {
      const AscendC::LocalTensor<float> from = inbox_[part * kFlagFloats];
      sum.Add({from.GetValue(1), from.GetValue(2), from.GetValue(3), from.GetValue(4)});
    }
    return sum;
  }

 private:
  // Lays this core's message before every core of the token, this one too, and waits for theirs.
  __aicore__ inline void Meet(uint32_t round) {
    const auto core = static_cast<uint32_t>(AscendC::GetBlockIdx());
    const uint32_t parts = share_->parts();
    Order<AscendC::HardEvent::S_MTE3>();
    for (uint32_t part = 0; part < parts; ++part) {
      const uint32_t reader = core - share_->part() + part;
      AscendC::DataCopy(At<float>(places_->PartMessage(round, reader, share_->part())),
                        outbox_[round * kFlagFloats], kFlagFloats);
    }
    const AscendC::GlobalTensor<float> messages = At<float>(places_->PartMessage(round, core, 0));
    do {
      Order<AscendC::HardEvent::S_MTE2>();
      AscendC::DataCopy(inbox_, messages, parts * kFlagFloats);
      Order<AscendC::HardEvent::MTE2_S>();
    } while (!AllAreThere());
    AscendC::PipeBarrier<PIPE_MTE3>();  // one of the messages is this core's own
    AscendC::DataCopy(messages, cleared_, parts * kFlagFloats);
  }
  __aicore__ inline bool AllAreThere() const {
    for (uint32_t part = 0; part < share_->parts(); ++part) {
      if (inbox_.GetValue(part * kFlagFloats) == 0.0f) return false;
    }
    return true;
  }

  const WindowPlaces* places_;
  const TokenShare* share_;
  AscendC::TBuf<> outbox_buffer_, inbox_buffer_, cleared_buffer_;
  AscendC::LocalTensor<float> outbox_, inbox_, cleared_;
};

}  // namespace combine_kernel
