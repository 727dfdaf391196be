// SPDX-License-Identifier: Apache-2.0
#include "message_task.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "bell.h"
#include "deadline.h"
#include "liveness.h"

namespace host_hccl {
namespace {

bool IsSend(const Message& message) { return message.side == Message::Side::kSend; }

}  // namespace

MessageTask::MessageTask(std::shared_ptr<Communicator> communicator, std::vector<Message> messages)
    : StreamTask(std::move(communicator), messages.front().function) {
  Add(std::move(messages));
}

void MessageTask::Add(std::vector<Message> messages) {
  for (const Message& message : messages) {
    Touches(IsSend(message) ? "sendBuf" : "recvBuf", message.buffer, message.bytes);
  }
  // Several calls make one piece of work where a group of calls ends.
  if (!messages_.empty()) function_ = "HcclGroupEnd";
  messages_.insert(messages_.end(), messages.begin(), messages.end());
}

Outcome MessageTask::CheckOwn() const {
  uint64_t sent = 0;
  uint64_t received = 0;
  for (const Message& message : messages_) {
    if (message.peer == communicator_->rank()) ++(IsSend(message) ? sent : received);
  }
  if (sent == received) return {};
  return Failed(
      HCCL_E_PARA,
      "rank %u sends %llu messages to itself and receives %llu from itself in one call or "
      "group: want as many",
      communicator_->rank(), static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(received));
}

aclError MessageTask::Run(HostFailure* failure) {
  const std::string refusal = RangeRefusal();
  if (!refusal.empty()) {
    return Fail(failure, ACL_ERROR_RT_PARAM_INVALID, messages_[0], "%s", refusal.c_str());
  }
  std::deque<Lane> lanes;
  for (const Message& message : messages_) {
    const auto found = std::find_if(lanes.begin(), lanes.end(),
                                    [&](const Lane& lane) { return lane.Carries(message); });
    Lane& lane = found != lanes.end()
                     ? *found
                     : lanes.emplace_back(communicator_.get(), message.side, message.peer);
    lane.Add(&message);
  }
  return MoveAll(&lanes, failure);
}

aclError MessageTask::MoveAll(std::deque<Lane>* lanes, HostFailure* failure) {
  const SharedSegment& segment = communicator_->segment();
  RankSlot& own = segment.slot(communicator_->rank());
  const int64_t seconds = communicator_->collective().timeout_seconds();
  Deadline deadline(seconds);
  bool look = false;  // for ranks that are gone
  for (;;) {
    const uint32_t seen = ReadBell(own);
    // Before the look at the lanes: who has sent and then died or left has come.
    std::vector<Presence> presence(lanes->size(), Presence::kAlive);
    for (size_t i = 0; look && i < lanes->size(); ++i) {
      const uint32_t peer = (*lanes)[i].peer();
      presence[i] = PresenceOf(segment.fd(), segment.slot(peer), peer);
    }
    bool moved = false;
    for (Lane& lane : *lanes) moved |= lane.Step();
    const Lane* waiting = nullptr;
    for (size_t i = 0; i < lanes->size(); ++i) {
      const Lane& lane = (*lanes)[i];
      if (lane.done()) continue;
      if (!lane.broken().empty()) {
        return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, lane.message(), "%s",
                    lane.broken().c_str());
      }
      if (!moved && presence[i] != Presence::kAlive) {
        return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, lane.message(),
                    "rank %u (pid %d) %s", lane.peer(),
                    PidOf(segment.slot(lane.peer()).owner.load()),
                    presence[i] == Presence::kLeft ? "has left the communicator" : "is dead");
      }
      if (!waiting) waiting = &lane;
    }
    if (!waiting) break;
    if (moved) {
      deadline = Deadline(seconds);
      continue;
    }
    if (deadline.Passed()) {
      const Message& message = waiting->message();
      return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_TIMEOUT, message,
                  waiting->held()
                      ? "rank %u (pid %d) did not %s within %lld s"
                      : "a message of this rank and rank %u (pid %d), which comes first, did not "
                        "%s within %lld s",
                  waiting->peer(), PidOf(segment.slot(waiting->peer()).owner.load()),
                  waiting->held() ? (IsSend(message) ? "receive" : "send") : "end",
                  static_cast<long long>(seconds));
    }
    look = !AwaitBell(own, seen, std::min(kSliceNs, deadline.LeftNs()));
  }
  for (const Lane& lane : *lanes) {
    if (lane.mismatch().empty()) continue;
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, *lane.mismatched(), "%s",
                lane.mismatch().c_str());
  }
  return ACL_SUCCESS;
}

aclError MessageTask::Fail(HostFailure* failure, aclError status, const Message& message,
                           const char* format, ...) {
  char reason[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof(reason), format, arguments);
  va_end(arguments);
  char text[768];
  snprintf(text, sizeof(text), "group '%s', rank %u: %s", communicator_->name().c_str(),
           communicator_->rank(), reason);
  communicator_->collective().Remember(status, message.function, text);
  // The stream says whose work it is; of several calls this one has failed.
  const bool one_call = std::strcmp(message.function, function_) == 0;
  snprintf(failure->text, sizeof(failure->text), "%s%s%s", one_call ? "" : message.function,
           one_call ? "" : " on ", text);
  return status;
}

}  // namespace host_hccl
