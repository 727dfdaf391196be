// SPDX-License-Identifier: Apache-2.0
#include "channel.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "data_type.h"
#include "futex.h"
#include "liveness.h"

namespace host_hccl {
namespace {

uint64_t ChunksOf(uint64_t bytes) {
  return std::max<uint64_t>(1, (bytes + kChannelChunkBytes - 1) / kChannelChunkBytes);
}

void Advance(std::atomic<uint32_t>* word) {
  word->fetch_add(1, std::memory_order_release);
  FutexWakeAll(word);
}

// While a message is on its way. If its task ends before that is over, the rest of the ring has no
// meaning any more.
class OnTheWay {
 public:
  explicit OnTheWay(Channel* channel) : channel_(channel) {}
  ~OnTheWay() {
    if (!begun_ || over_) return;
    channel_->broken.store(1);
    FutexWakeAll(&channel_->sent);
    FutexWakeAll(&channel_->received);
  }
  void Begin() { begun_ = true; }
  void Over() { over_ = true; }

 private:
  Channel* const channel_;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace

MessageTask::MessageTask(std::shared_ptr<Communicator> communicator, const char* function,
                         Side side, uint32_t peer, uint8_t* buffer, uint64_t count,
                         HcclDataType type)
    : StreamTask(std::move(communicator), function),
      side_(side),
      peer_(peer),
      buffer_(buffer),
      bytes_(count * ElementBytes(type)),
      type_(type) {
  Touches(side == Side::kSend ? "sendBuf" : "recvBuf", buffer, bytes_);
}

aclError MessageTask::Run(HostFailure* failure) {
  const std::string refusal = RangeRefusal();
  if (!refusal.empty()) return Fail(failure, ACL_ERROR_RT_PARAM_INVALID, "%s", refusal.c_str());
  const SharedSegment& segment = communicator_->segment();
  if (side_ == Side::kSend) {
    std::lock_guard<std::mutex> lock(communicator_->send_mutex(peer_));
    return Send(&segment.channel(communicator_->rank(), peer_), failure);
  }
  std::lock_guard<std::mutex> lock(communicator_->receive_mutex(peer_));
  return Receive(&segment.channel(peer_, communicator_->rank()), failure);
}

aclError MessageTask::Send(Channel* channel, HostFailure* failure) {
  OnTheWay message(channel);
  const uint64_t chunks = ChunksOf(bytes_);
  for (uint64_t chunk = 0; chunk < chunks; ++chunk) {
    const uint32_t sent = channel->sent.load(std::memory_order_relaxed);
    const aclError status =
        AwaitChange(&channel->received, sent - kChannelChunks, *channel, failure);
    if (status != ACL_SUCCESS) return status;
    const uint64_t done = chunk * kChannelChunkBytes;
    const uint64_t part = std::min<uint64_t>(kChannelChunkBytes, bytes_ - done);
    const uint32_t place = sent % kChannelChunks;
    channel->heads[place] = {bytes_, static_cast<uint64_t>(type_), chunk == 0};
    if (part != 0) memcpy(channel->chunks[place], buffer_ + done, part);
    message.Begin();
    Advance(&channel->sent);
  }
  message.Over();
  return ACL_SUCCESS;
}

aclError MessageTask::Receive(Channel* channel, HostFailure* failure) {
  OnTheWay message(channel);
  uint64_t coming = bytes_;
  uint64_t coming_type = type_;
  uint64_t chunks = 1;
  for (uint64_t chunk = 0; chunk < chunks; ++chunk) {
    const uint32_t received = channel->received.load(std::memory_order_relaxed);
    const aclError status = AwaitChange(&channel->sent, received, *channel, failure);
    if (status != ACL_SUCCESS) return status;
    message.Begin();
    const uint32_t place = received % kChannelChunks;
    const auto head = channel->heads[place];
    if (chunk == 0) {
      coming = head.message_bytes;
      coming_type = head.dtype;
      chunks = ChunksOf(coming);
    }
    if (head.first != (chunk == 0) || head.message_bytes != coming) {
      return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION,
                  "what rank %u sent is out of step: make a new communicator", peer_);
    }
    // A message that does not fit is taken out all the same, so that the next one can come.
    if (coming == bytes_ && coming_type == static_cast<uint64_t>(type_)) {
      const uint64_t done = chunk * kChannelChunkBytes;
      const uint64_t part = std::min<uint64_t>(kChannelChunkBytes, bytes_ - done);
      if (part != 0) memcpy(buffer_ + done, channel->chunks[place], part);
    }
    Advance(&channel->received);
  }
  message.Over();
  if (coming == bytes_ && coming_type == static_cast<uint64_t>(type_)) return ACL_SUCCESS;
  return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION,
              "rank %u sent %llu bytes of %s, this rank expects %llu bytes of %s", peer_,
              static_cast<unsigned long long>(coming),
              DataTypeName(static_cast<HcclDataType>(coming_type)),
              static_cast<unsigned long long>(bytes_), DataTypeName(type_));
}

aclError MessageTask::AwaitChange(std::atomic<uint32_t>* word, uint32_t value,
                                  const Channel& channel, HostFailure* failure) {
  const SharedSegment& segment = communicator_->segment();
  const RankSlot& slot = segment.slot(peer_);
  const int64_t seconds = communicator_->collective().timeout_seconds();
  const Deadline deadline(seconds);
  Presence presence = Presence::kAlive;
  for (;;) {
    if (word->load(std::memory_order_acquire) != value) return ACL_SUCCESS;
    const int32_t pid = PidOf(slot.owner.load(std::memory_order_relaxed));
    if (channel.broken.load() != 0) {
      return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION,
                  "a message between it and rank %u was given up half way: make a new communicator",
                  peer_);
    }
    if (presence != Presence::kAlive) {
      return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "rank %u (pid %d) %s", peer_, pid,
                  presence == Presence::kLeft ? "has left the communicator" : "is dead");
    }
    if (deadline.Passed()) {
      return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_TIMEOUT,
                  "rank %u (pid %d) did not %s within %lld s", peer_, pid,
                  side_ == Side::kSend ? "receive" : "send", static_cast<long long>(seconds));
    }
    FutexWait(word, value, std::min(kSliceNs, deadline.LeftNs()));
    presence = PresenceOf(segment.fd(), slot, peer_);
  }
}

aclError MessageTask::Fail(HostFailure* failure, aclError status, const char* format, ...) {
  char reason[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof(reason), format, arguments);
  va_end(arguments);
  snprintf(failure->text, sizeof(failure->text), "%s on group '%s', rank %u: %s", function_,
           communicator_->name().c_str(), communicator_->rank(), reason);
  return status;
}

}  // namespace host_hccl
