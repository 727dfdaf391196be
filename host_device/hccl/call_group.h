// SPDX-License-Identifier: Apache-2.0
// What a thread calls between HcclGroupStart and HcclGroupEnd: kept, and queued at the end.
// Messages of one communicator on one stream become one task, so that none of them waits for
// another.
#pragma once

#include "api_call.h"
#include "message_task.h"

namespace host_hccl {

class CallGroup {
 public:
  static CallGroup& OfThisThread();

  // Groups may be nested: the outermost end queues.
  void Start() { ++depth_; }
  Outcome End();
  bool open() const { return depth_ != 0; }

  // Queues at once where no group is open.
  Outcome Take(std::unique_ptr<StreamTask> task, aclrtStream stream);
  Outcome TakeMessages(std::shared_ptr<Communicator> communicator, std::vector<Message> messages,
                       aclrtStream stream);

  // A call was refused: of this group nothing is queued.
  void Refuse(const char* function, HcclResult code);

 private:
  struct Kept {
    std::unique_ptr<StreamTask> task;
    MessageTask* messages;  // `task`, when it is that
    aclrtStream stream;
  };

  uint32_t depth_ = 0;
  std::vector<Kept> kept_;
  const char* refused_ = nullptr;
  HcclResult refused_code_ = HCCL_SUCCESS;
};

// The frame around a function that queues work.
template <typename Body>
HcclResult QueueingCall(const char* function, Body body) {
  const HcclResult code = ApiCall(function, std::move(body));
  if (code != HCCL_SUCCESS) CallGroup::OfThisThread().Refuse(function, code);
  return code;
}

}  // namespace host_hccl
