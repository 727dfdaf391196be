// SPDX-License-Identifier: Apache-2.0
#include "buffer_queue.h"

#include <algorithm>

#include "fault.h"

namespace host_ascendc {
namespace {

// Of all queues and buffers of a kernel (asc-devkit, InitBuffer).
constexpr size_t kMaxBuffers = 64;

}  // namespace

BufferQueue::~BufferQueue() {
  Abandon();
  std::vector<BufferQueue*>& queues = Core::Current().queues;
  queues.erase(std::remove(queues.begin(), queues.end(), this), queues.end());
}

void BufferQueue::Init(uint8_t buffers, uint32_t bytes, const Place& place) {
  Core& core = Core::Current();
  if (buffers == 0) Fail(place, "InitBuffer with 0 buffers");
  if (bytes == 0) Fail(place, "InitBuffer with buffers of 0 bytes");
  if (!buffers_.empty()) {
    Fail(place, "InitBuffer of a queue that has its buffers since %s", Show(made_).c_str());
  }
  size_t all = buffers;
  for (const BufferQueue* other : core.queues) all += other->buffers_.size();
  if (all > kMaxBuffers) {
    Fail(place, "InitBuffer: %zu buffers in the queues of this kernel, want at most %zu", all,
         kMaxBuffers);
  }
  made_ = place;
  for (uint8_t i = 0; i < buffers; ++i) {
    Buffer buffer;
    buffer.view.address = buffer.view.begin = core.TakeUb(bytes, "InitBuffer", place);
    buffer.view.end = core.ub_used();
    buffer.place = place;
    buffers_.push_back(buffer);
  }
  core.queues.push_back(this);
}

bool BufferQueue::HasFree() const {
  return std::any_of(buffers_.begin(), buffers_.end(),
                     [](const Buffer& buffer) { return buffer.state == State::kFree; });
}

BufferQueue::Buffer& BufferQueue::BufferOf(const UbView& tensor, const char* call,
                                           const Place& place) {
  for (Buffer& buffer : buffers_) {
    if (buffer.view.begin == tensor.begin && buffer.view.end == tensor.end) return buffer;
  }
  Fail(place, "%s of a tensor that is not a buffer of this queue", call);
}

UbView BufferQueue::Alloc(const Place& place) {
  if (buffers_.empty()) Fail(place, "AllocTensor of a queue without InitBuffer");
  Core& core = Core::Current();
  for (size_t tried = 0; tried < buffers_.size(); ++tried) {
    Buffer& buffer = buffers_[next_];
    next_ = next_ + 1 == buffers_.size() ? 0 : next_ + 1;
    if (buffer.state != State::kFree) continue;
    buffer.state = State::kTaken;
    buffer.place = place;
    if (buffer.freed_id >= 0) {
      core.WaitFlag(freed_, buffer.freed_id, place);
      core.events().Release(freed_, buffer.freed_id, place);
      buffer.freed_id = -1;
    }
    return buffer.view;
  }
  Fail(place,
       "AllocTensor: all %zu buffers of the queue are in use, the first since %s: FreeTensor is "
       "missing; the core would wait without end",
       buffers_.size(), Show(buffers_[0].place).c_str());
}

void BufferQueue::EnQue(const UbView& tensor, const Place& place) {
  Buffer& buffer = BufferOf(tensor, "EnQue", place);
  if (buffer.state == State::kFree || buffer.state == State::kQueued) {
    Fail(place, "EnQue of a tensor that %s at %s",
         buffer.state == State::kFree ? "was freed" : "is in the queue since EnQue",
         Show(buffer.place).c_str());
  }
  if (queued() >= depth_) {
    Fail(place, "EnQue: the queue holds %d tensors and its depth is %d: DeQue is missing", queued(),
         depth_);
  }
  Core& core = Core::Current();
  buffer.state = State::kQueued;
  buffer.place = place;
  buffer.queued_id = core.events().Alloc(queued_, place);
  core.SetFlag(queued_, buffer.queued_id, place);
  order_.push_back(static_cast<uint8_t>(&buffer - buffers_.data()));
}

UbView BufferQueue::DeQue(const Place& place) {
  if (order_.empty()) Fail(place, "DeQue of an empty queue: EnQue is missing");
  Core& core = Core::Current();
  Buffer& buffer = buffers_[order_.front()];
  order_.erase(order_.begin());
  core.WaitFlag(queued_, buffer.queued_id, place);
  core.events().Release(queued_, buffer.queued_id, place);
  buffer.queued_id = -1;
  buffer.state = State::kDeQueued;
  buffer.place = place;
  return buffer.view;
}

void BufferQueue::Free(const UbView& tensor, const Place& place) {
  Core& core = Core::Current();
  Buffer& buffer = BufferOf(tensor, "FreeTensor", place);
  if (buffer.state == State::kFree) {
    Fail(place, "FreeTensor of a tensor that is free since %s", Show(buffer.place).c_str());
  }
  if (buffer.state == State::kQueued) {
    Fail(place, "FreeTensor of a tensor that is in the queue since EnQue at %s: DeQue is missing",
         Show(buffer.place).c_str());
  }
  buffer.freed_id = core.events().Alloc(freed_, place);
  core.SetFlag(freed_, buffer.freed_id, place);
  buffer.state = State::kFree;
  buffer.place = place;
  if (core.observer() != nullptr) {
    core.observer()->SpoilUb(buffer.view.begin, buffer.view.end - buffer.view.begin);
  }
}

const BufferQueue::Buffer* BufferQueue::Leftover() const {
  for (const Buffer& buffer : buffers_) {
    if (buffer.state != State::kFree) return &buffer;
  }
  return nullptr;
}

const char* BufferQueue::WhatIsLeft(const Buffer& buffer) {
  return buffer.state == State::kQueued
             ? "EnQue without DeQue by the end of the pipe"
             : "a tensor of the queue is not freed by the end of the pipe: FreeTensor is missing";
}

void BufferQueue::Settle(const Place& place) {
  Core& core = Core::Current();
  for (Buffer& buffer : buffers_) {
    if (buffer.freed_id < 0) continue;
    core.WaitFlag(freed_, buffer.freed_id, place);
    core.events().Release(freed_, buffer.freed_id, place);
  }
  buffers_.clear();
  order_.clear();
  next_ = 0;
}

void BufferQueue::Close(const Place& place) {
  const Buffer* left = Leftover();
  if (left != nullptr) Fail(left->place, "%s", WhatIsLeft(*left));
  Settle(place);
}

void BufferQueue::Abandon() {
  const Buffer* left = Leftover();
  if (left != nullptr) {
    Core::Current().NoteLeftover(left->place, WhatIsLeft(*left));
    buffers_.clear();
    order_.clear();
    return;
  }
  Settle(made_);
}

}  // namespace host_ascendc
