// SPDX-License-Identifier: Apache-2.0
// HcclSend, HcclRecv, HcclBatchSendRecv and groups of them: messages that go all at once. Ranks
// that have no part in them are not touched, nor are the collectives.
#pragma once

#include <deque>

#include "collective_task.h"
#include "lane.h"

namespace host_hccl {

class MessageTask : public StreamTask {
 public:
  MessageTask(std::shared_ptr<Communicator> communicator, std::vector<Message> messages);
  aclError Run(HostFailure* failure) override;

  void Add(std::vector<Message> messages);

  // Refuses messages of this rank to itself that no receive of the same task matches, and such
  // receives: they would wait for ever.
  Outcome CheckOwn() const;

 private:
  aclError MoveAll(std::deque<Lane>* lanes, HostFailure* failure);
  aclError Fail(HostFailure* failure, aclError status, const Message& message, const char* format,
                ...) __attribute__((format(printf, 5, 6)));

  std::vector<Message> messages_;
};

}  // namespace host_hccl
