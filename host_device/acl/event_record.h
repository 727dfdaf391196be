// SPDX-License-Identifier: Apache-2.0
// Events. Each aclrtRecordEvent makes a record of its own, and whoever waits holds on to the record
// that was the latest when it began: so recording again, resetting and destroying an event never
// disturb those that wait already.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "handle_table.h"
#include "stream.h"

namespace host {

class EventRecord {
 public:
  enum class State { kUnrecorded, kPending, kDone };

  State state() const { return state_.load(std::memory_order_acquire); }

  // Taken into the queue of a stream.
  void Begin(const std::shared_ptr<Stream>& stream);
  // Undoes Begin when the stream refused.
  void Withdraw();
  // The stream has come to it, or has failed before.
  void Complete(aclError status, const char* text);

  // Waits for completion; false at the deadline or when `cancelled`.
  bool Await(Deadline deadline, const std::atomic<bool>* cancelled);
  // Makes Await look at its `cancelled`.
  void Poke();

  // Once done: status, text of the failure, and time.
  aclError status() const { return status_; }
  const std::string& text() const { return text_; }
  Clock::time_point time() const { return time_; }

  // "stream 3 of device 0", or that it is not recorded.
  std::string Where();
  std::string Progress();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<State> state_{State::kUnrecorded};
  std::weak_ptr<Stream> stream_;
  std::string where_;
  aclError status_ = ACL_SUCCESS;
  std::string text_;
  Clock::time_point time_;
};

class Event {
 public:
  Event(uint32_t id, uint32_t flags, bool waits_for_first_record)
      : id_(id), flags_(flags), waits_for_first_record_(waits_for_first_record) {}

  uint32_t id() const { return id_; }
  uint32_t flags() const { return flags_; }
  // Whether a wait on the unrecorded event waits for a record, or passes.
  bool waits_for_first_record() const { return waits_for_first_record_; }

  std::shared_ptr<EventRecord> Latest();
  aclError Record(const std::shared_ptr<Stream>& stream);
  void Reset();

  // Waits in streams that have not ended yet.
  const std::shared_ptr<std::atomic<uint32_t>>& waits() const { return waits_; }

 private:
  const uint32_t id_;
  const uint32_t flags_;
  const bool waits_for_first_record_;
  const std::shared_ptr<std::atomic<uint32_t>> waits_ = std::make_shared<std::atomic<uint32_t>>(0);
  std::mutex mutex_;
  std::shared_ptr<EventRecord> latest_ = std::make_shared<EventRecord>();
};

}  // namespace host
