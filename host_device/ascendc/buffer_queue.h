// SPDX-License-Identifier: Apache-2.0
// The buffers of one TQue or TQueBind: which are free, taken, queued or taken from the queue, and
// the event flags that a queue sets and waits for on the kernel's behalf.
#pragma once

#include <cstdint>
#include <vector>

#include "core.h"
#include "events.h"
#include "place.h"

namespace host_ascendc {

class BufferQueue {
 public:
  // queued: from what fills a buffer to what reads it; freed: back.
  BufferQueue(Event queued, Event freed, int depth)
      : queued_(queued), freed_(freed), depth_(depth) {}
  ~BufferQueue();
  BufferQueue(const BufferQueue&) = delete;
  BufferQueue& operator=(const BufferQueue&) = delete;

  void Init(uint8_t buffers, uint32_t bytes, const Place& place);

  UbView Alloc(const Place& place);
  void EnQue(const UbView& tensor, const Place& place);
  UbView DeQue(const Place& place);
  void Free(const UbView& tensor, const Place& place);

  int queued() const { return static_cast<int>(order_.size()); }
  int depth() const { return depth_; }
  bool HasFree() const;

  // The pipe's Reset or Destroy: waits for the flags of free buffers; fails for others.
  void Close(const Place& place);
  // The same where nothing may be thrown: what is left over fails the kernel at its end.
  void Abandon();

 private:
  enum class State : uint8_t { kFree, kTaken, kQueued, kDeQueued };
  struct Buffer {
    UbView view;
    State state = State::kFree;
    int8_t queued_id = -1;
    int8_t freed_id = -1;
    Place place;  // of the last call on it
  };

  // Null when all buffers are free.
  const Buffer* Leftover() const;
  static const char* WhatIsLeft(const Buffer& buffer);
  void Settle(const Place& place);
  Buffer& BufferOf(const UbView& tensor, const char* call, const Place& place);

  const Event queued_;
  const Event freed_;
  const int depth_;
  std::vector<Buffer> buffers_;
  std::vector<uint8_t> order_;  // queued buffers, first in first out
  size_t next_ = 0;
  Place made_;
};

}  // namespace host_ascendc
