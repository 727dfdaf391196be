// SPDX-License-Identifier: Apache-2.0
// One direction between this rank and another, with the messages of one task that go that way, in
// order. A short message goes through the ring of the channel, chunk by chunk. A long one that lies
// in the sender's device memory is lent: the receiver reads it there, and the sender waits until it
// has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "communicator.h"

namespace host_hccl {

struct Message {
  enum class Side { kSend, kReceive };

  const char* function;  // static text: what was called
  Side side;
  uint32_t peer;
  uint8_t* buffer;
  uint64_t bytes;
  HcclDataType type;
};

class Lane {
 public:
  Lane(Communicator* communicator, Message::Side side, uint32_t peer)
      : communicator_(communicator), side_(side), peer_(peer) {}
  // Gives the direction free for other tasks of this rank. If it ends in the midst of a message,
  // the rest of the ring has no meaning any more, and both sides are told.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  bool Carries(const Message& message) const {
    return message.side == side_ && message.peer == peer_;
  }
  void Add(const Message* message) { messages_.push_back(message); }

  // Moves what can be moved without waiting; true when that was anything.
  bool Step();

  bool done() const { return current_ == messages_.size(); }
  uint32_t peer() const { return peer_; }
  // The message that it is at; not when done.
  const Message& message() const { return *messages_[current_]; }
  // Why no more can come of it, or empty.
  const std::string& broken() const { return broken_; }
  // What was wrong with a message that was taken out all the same, or empty.
  const std::string& mismatch() const { return mismatch_; }
  const Message* mismatched() const { return mismatched_; }
  // Another task of this rank is using the direction.
  bool held() const { return held_; }

 private:
  bool Take();
  void GiveBack();
  bool StepSend();
  bool StepReceive();
  bool ReceiveChunk(const Message& message);
  void CopyLent(const Message& message, uint64_t heap_offset);
  std::string GivenUp() const;
  void Next();
  Channel& channel() const;

  Communicator* const communicator_;
  const Message::Side side_;
  const uint32_t peer_;
  std::vector<const Message*> messages_;
  size_t current_ = 0;
  bool held_ = false;
  bool under_way_ = false;  // a part of the current message has been moved
  bool lent_ = false;       // the current message waits to be read
  uint64_t chunk_ = 0;      // of the current message
  uint64_t coming_bytes_ = 0;
  uint64_t coming_type_ = 0;
  std::string broken_;
  std::string mismatch_;
  const Message* mismatched_ = nullptr;
};

}  // namespace host_hccl
