// SPDX-License-Identifier: Apache-2.0
#include "call_group.h"

#include <algorithm>

#include "hccl/hccl.h"

namespace host_hccl {

CallGroup& CallGroup::OfThisThread() {
  thread_local CallGroup group;
  return group;
}

Outcome CallGroup::Take(std::unique_ptr<StreamTask> task, aclrtStream stream) {
  if (!open()) return StreamTask::Queue(std::move(task), stream);
  Outcome outcome = task->CheckStream(stream);
  if (outcome.ok()) kept_.push_back({std::move(task), nullptr, stream});
  return outcome;
}

Outcome CallGroup::TakeMessages(std::shared_ptr<Communicator> communicator,
                                std::vector<Message> messages, aclrtStream stream) {
  const auto same = [&](const Kept& kept) {
    return kept.messages && kept.stream == stream &&
           &kept.messages->communicator() == communicator.get();
  };
  const auto found = open() ? std::find_if(kept_.begin(), kept_.end(), same) : kept_.end();
  if (found != kept_.end()) {
    found->messages->Add(std::move(messages));
    return {};
  }
  auto task = std::make_unique<MessageTask>(std::move(communicator), std::move(messages));
  if (!open()) {
    Outcome outcome = task->CheckOwn();
    return outcome.ok() ? StreamTask::Queue(std::move(task), stream) : outcome;
  }
  Outcome outcome = task->CheckStream(stream);
  if (!outcome.ok()) return outcome;
  MessageTask* const kept = task.get();
  kept_.push_back({std::move(task), kept, stream});
  return {};
}

void CallGroup::Refuse(const char* function, HcclResult code) {
  if (!open() || refused_) return;
  refused_ = function;
  refused_code_ = code;
}

Outcome CallGroup::End() {
  if (!open()) {
    return Failed(HCCL_E_PARA, "there is no HcclGroupStart of this thread that it could end");
  }
  if (--depth_ != 0) return {};
  std::vector<Kept> kept = std::exchange(kept_, {});
  const char* const refused = std::exchange(refused_, nullptr);
  if (refused) {
    return Failed(refused_code_, "%s was refused within the group: nothing of it was queued",
                  refused);
  }
  for (const Kept& call : kept) {
    if (!call.messages) continue;
    Outcome outcome = call.messages->CheckOwn();
    if (!outcome.ok()) return outcome;
  }
  for (Kept& call : kept) {
    Outcome outcome = StreamTask::Queue(std::move(call.task), call.stream);
    if (!outcome.ok()) return outcome;
  }
  return {};
}

}  // namespace host_hccl

extern "C" {

HcclResult HcclGroupStart(void) {
  return host_hccl::ApiCall(__func__, []() -> host_hccl::Outcome {
    host_hccl::CallGroup::OfThisThread().Start();
    return {};
  });
}

HcclResult HcclGroupEnd(void) {
  return host_hccl::ApiCall(__func__, [] { return host_hccl::CallGroup::OfThisThread().End(); });
}

}  // extern "C"
