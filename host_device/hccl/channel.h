// SPDX-License-Identifier: Apache-2.0
// HcclSend and HcclRecv: one message from one rank to another, in chunks through their own ring.
// Ranks that have no part in it are not touched by it, nor are the collectives.
#pragma once

#include "collective_task.h"

namespace host_hccl {

class MessageTask : public StreamTask {
 public:
  enum class Side { kSend, kReceive };

  MessageTask(std::shared_ptr<Communicator> communicator, const char* function, Side side,
              uint32_t peer, uint8_t* buffer, uint64_t count, HcclDataType type);
  aclError Run(HostFailure* failure) override;

 private:
  aclError Send(Channel* channel, HostFailure* failure);
  aclError Receive(Channel* channel, HostFailure* failure);
  // Waits until *word != value.
  aclError AwaitChange(std::atomic<uint32_t>* word, uint32_t value, const Channel& channel,
                       HostFailure* failure);
  aclError Fail(HostFailure* failure, aclError status, const char* format, ...)
      __attribute__((format(printf, 4, 5)));

  const Side side_;
  const uint32_t peer_;
  uint8_t* const buffer_;
  const uint64_t bytes_;
  const HcclDataType type_;
};

}  // namespace host_hccl
