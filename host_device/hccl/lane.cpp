// SPDX-License-Identifier: Apache-2.0
#include "lane.h"

#include <algorithm>
#include <cstring>

#include "bell.h"
#include "data_type.h"

namespace host_hccl {
namespace {

// From here on one handover costs less than several and a second copy.
constexpr uint64_t kLendBytes = kChannelChunks * kChannelChunkBytes;

uint64_t ChunksOf(uint64_t bytes) {
  return std::max<uint64_t>(1, (bytes + kChannelChunkBytes - 1) / kChannelChunkBytes);
}

}  // namespace

Lane::~Lane() {
  if (!held_) return;
  if (under_way_) {
    channel().broken.store(1);
    RingBell(communicator_->segment().slot(peer_));
  }
  GiveBack();
}

Channel& Lane::channel() const {
  const uint32_t own = communicator_->rank();
  return side_ == Message::Side::kSend ? communicator_->segment().channel(own, peer_)
                                       : communicator_->segment().channel(peer_, own);
}

bool Lane::Take() {
  held_ = !communicator_->direction_taken(side_ == Message::Side::kSend, peer_).exchange(true);
  return held_;
}

void Lane::GiveBack() {
  held_ = false;
  communicator_->direction_taken(side_ == Message::Side::kSend, peer_).store(false);
  RingBell(communicator_->segment().slot(communicator_->rank()));
}

bool Lane::Step() {
  if (done() || !broken_.empty() || (!held_ && !Take())) return false;
  const bool moved = side_ == Message::Side::kSend ? StepSend() : StepReceive();
  if (moved) RingBell(communicator_->segment().slot(peer_));
  // At once, not when the task ends: another may have it and hold what this one waits for.
  if (done()) GiveBack();
  // What came before the end may have been the rest.
  if (!moved && !done() && channel().broken.load() != 0) {
    broken_ = GivenUp();
  }
  return moved;
}

std::string Lane::GivenUp() const {
  return Failed(HCCL_E_REMOTE,
                "a message between it and rank %u was given up half way: make a new communicator",
                peer_)
      .text;
}

void Lane::Next() {
  ++current_;
  chunk_ = 0;
  under_way_ = false;
  lent_ = false;
}

bool Lane::StepSend() {
  Channel& way = channel();
  bool moved = false;
  while (!done()) {
    const Message& message = *messages_[current_];
    const uint32_t sent = way.sent.load(std::memory_order_relaxed);
    const uint32_t received = way.received.load(std::memory_order_acquire);
    if (lent_) {
      if (received != sent) break;
      Next();
      moved = true;
      continue;
    }
    if (sent - received == kChannelChunks) break;
    auto& head = way.heads[sent % kChannelChunks];
    head = {message.bytes, static_cast<uint64_t>(message.type), chunk_ == 0, 0};
    uint64_t heap_offset = 0;
    lent_ = message.bytes > kLendBytes && InOwnHeap(message.buffer, message.bytes, &heap_offset);
    if (lent_) {
      head.lent = heap_offset + 1;
    } else {
      const uint64_t done_bytes = chunk_ * kChannelChunkBytes;
      const uint64_t part = std::min<uint64_t>(kChannelChunkBytes, message.bytes - done_bytes);
      if (part != 0) memcpy(way.chunks[sent % kChannelChunks], message.buffer + done_bytes, part);
    }
    under_way_ = true;
    moved = true;
    way.sent.store(sent + 1, std::memory_order_release);
    if (!lent_ && ++chunk_ == ChunksOf(message.bytes)) Next();
  }
  return moved;
}

bool Lane::StepReceive() {
  Channel& way = channel();
  bool moved = false;
  while (!done() && broken_.empty()) {
    const uint32_t received = way.received.load(std::memory_order_relaxed);
    if (way.sent.load(std::memory_order_acquire) == received) break;
    under_way_ = true;
    const bool last = ReceiveChunk(*messages_[current_]);
    if (!broken_.empty()) break;
    moved = true;
    way.received.store(received + 1, std::memory_order_release);
    if (last) Next();
  }
  return moved;
}

// True for the last chunk of a message.
bool Lane::ReceiveChunk(const Message& message) {
  Channel& way = channel();
  const uint32_t place = way.received.load(std::memory_order_relaxed) % kChannelChunks;
  const auto head = way.heads[place];
  if (chunk_ == 0) {
    coming_bytes_ = head.message_bytes;
    coming_type_ = head.dtype;
  }
  if (head.first != (chunk_ == 0) || head.message_bytes != coming_bytes_) {
    broken_ =
        Failed(HCCL_E_REMOTE, "what rank %u sent is out of step: make a new communicator", peer_)
            .text;
    return false;
  }
  // A message that does not fit is taken out all the same, so that the next one can come.
  const bool fits =
      coming_bytes_ == message.bytes && coming_type_ == static_cast<uint64_t>(message.type);
  if (!fits && mismatch_.empty()) {
    mismatched_ = &message;
    mismatch_ =
        Failed(HCCL_E_PARA, "rank %u sent %llu bytes of %s, this rank expects %llu bytes of %s",
               peer_, static_cast<unsigned long long>(coming_bytes_),
               DataTypeName(static_cast<HcclDataType>(coming_type_)),
               static_cast<unsigned long long>(message.bytes), DataTypeName(message.type))
            .text;
  }
  if (head.lent != 0) {
    // A sender that gives up uses the memory for something else: what it lent is not read after
    // that, and what was read meanwhile does not count.
    if (fits && way.broken.load() == 0) CopyLent(message, head.lent - 1);
    if (way.broken.load() != 0 && broken_.empty()) broken_ = GivenUp();
    return true;
  }
  if (fits) {
    const uint64_t done_bytes = chunk_ * kChannelChunkBytes;
    const uint64_t part = std::min<uint64_t>(kChannelChunkBytes, message.bytes - done_bytes);
    if (part != 0) memcpy(message.buffer + done_bytes, way.chunks[place], part);
  }
  return ++chunk_ == ChunksOf(coming_bytes_);
}

void Lane::CopyLent(const Message& message, uint64_t heap_offset) {
  const PeerHeap* heap = nullptr;
  const Outcome outcome = communicator_->PeerHeapOf(peer_, &heap);
  if (!outcome.ok()) {
    broken_ = outcome.text;
  } else if (heap_offset > heap->bytes() || heap->bytes() - heap_offset < message.bytes) {
    broken_ = Failed(HCCL_E_REMOTE, "what rank %u lent lies outside its device memory", peer_).text;
  } else {
    memcpy(message.buffer, heap->base() + heap_offset, message.bytes);
  }
}

}  // namespace host_hccl
