// SPDX-License-Identifier: Apache-2.0
#include "event_record.h"

#include <utility>

namespace host {
namespace {

class RecordTask : public Task {
 public:
  explicit RecordTask(std::shared_ptr<EventRecord> record)
      : Task("aclrtRecordEvent"), record_(std::move(record)) {}
  aclError Run(HostFailure* /*failure*/) override {
    record_->Complete(ACL_SUCCESS, "");
    return ACL_SUCCESS;
  }
  void Skip(aclError status, const char* text) override { record_->Complete(status, text); }

 private:
  const std::shared_ptr<EventRecord> record_;
};

}  // namespace

void EventRecord::Begin(const std::shared_ptr<Stream>& stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stream_ = stream;
  where_ = stream->Describe();
  state_.store(State::kPending, std::memory_order_release);
}

void EventRecord::Withdraw() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stream_.reset();
  where_.clear();
  state_.store(State::kUnrecorded, std::memory_order_release);
}

void EventRecord::Complete(aclError status, const char* text) {
  const Clock::time_point now = Clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  status_ = status;
  text_ = text;
  time_ = now;
  state_.store(State::kDone, std::memory_order_release);
  changed_.notify_all();
}

bool EventRecord::Await(Deadline deadline, const std::atomic<bool>* cancelled) {
  SpinUntil([&] { return state() == State::kDone; });
  const auto over = [&] {
    return state() == State::kDone ||
           (cancelled != nullptr && cancelled->load(std::memory_order_relaxed));
  };
  std::unique_lock<std::mutex> lock(mutex_);
  if (deadline.has_value()) {
    changed_.wait_until(lock, *deadline, over);
  } else {
    changed_.wait(lock, over);
  }
  return state() == State::kDone;
}

void EventRecord::Poke() {
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

std::string EventRecord::Where() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return where_.empty() ? "no stream: it has not been recorded" : where_;
}

std::string EventRecord::Progress() {
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (state() == State::kUnrecorded) return "it has not been recorded";
    stream = stream_.lock();
  }
  return stream == nullptr ? "its stream has been destroyed"
                           : "on " + stream->Describe() + " " + stream->Progress();
}

std::shared_ptr<EventRecord> Event::Latest() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return latest_;
}

aclError Event::Record(const std::shared_ptr<Stream>& stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<EventRecord> record = latest_->state() == EventRecord::State::kUnrecorded
                                            ? latest_
                                            : std::make_shared<EventRecord>();
  std::unique_ptr<Task> task = std::make_unique<RecordTask>(record);
  record->Begin(stream);
  const aclError status = stream->Enqueue(&task);
  if (status != ACL_SUCCESS) {
    record->Withdraw();
    return status;
  }
  latest_ = std::move(record);
  return ACL_SUCCESS;
}

void Event::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (latest_->state() != EventRecord::State::kUnrecorded) {
    latest_ = std::make_shared<EventRecord>();
  }
}

}  // namespace host
