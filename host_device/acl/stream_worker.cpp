// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cinttypes>
#include <system_error>
#include <utility>

#include "call.h"
#include "context.h"
#include "stream.h"

namespace host {
namespace {

std::atomic<int32_t> next_id{0};
thread_local const Stream* working_for = nullptr;

}  // namespace

Stream::Stream(int32_t device, aclrtContext context, bool is_default, uint32_t priority,
               uint32_t flags)
    : id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      device_(device),
      context_(context),
      is_default_(is_default),
      priority_(priority),
      flags_(flags) {}

std::string Stream::Describe() const {
  return (is_default_ ? "default stream " : "stream ") + std::to_string(id_) + " of device " +
         std::to_string(device_);
}

bool Stream::OnWorker() const { return working_for == this; }

aclError Stream::Enqueue(std::unique_ptr<Task>* task) {
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) {
      return Fail(ACL_ERROR_RT_INVALID_HANDLE, "%s is being destroyed", Describe().c_str());
    }
    if (!started_) {
      WatchProcess();
      const std::string name = "acl-" + std::to_string(device_) + "." + std::to_string(id_);
      try {
        StartThread(name.c_str(), [self = shared_from_this()] { self->Work(); });
      } catch (const std::system_error& error) {
        return Fail(ACL_ERROR_RT_NO_STREAM_RESOURCE,
                    "no worker thread for %s: %s; destroy streams or raise the limit of threads",
                    Describe().c_str(), error.what());
      }
      started_ = true;
    }
    queue_.push_back(nullptr);
    queue_.back() = std::move(*task);
    queue_.back()->Queued();
    submitted_.fetch_add(1, std::memory_order_release);
    wake = asleep_;
  }
  if (wake) work_.notify_one();
  return ACL_SUCCESS;
}

void Stream::Work() {
  working_for = this;
  SetThreadContext(context_);
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    if (!queue_.empty()) {
      RunOne(&lock);
      continue;
    }
    if (closed_) break;
    const uint64_t seen = submitted_.load(std::memory_order_relaxed);
    lock.unlock();
    SpinUntil([&] {
      return submitted_.load(std::memory_order_acquire) != seen ||
             closing_.load(std::memory_order_acquire);
    });
    lock.lock();
    asleep_ = true;
    work_.wait(lock, [&] { return !queue_.empty() || closed_; });
    asleep_ = false;
  }
  ended_ = true;
  // Under the lock: after it, the last reference may be the one of this thread.
  done_.notify_all();
}

void Stream::RunOne(std::unique_lock<std::mutex>* lock) {
  std::unique_ptr<Task> task = std::move(queue_.front());
  queue_.pop_front();
  aclError skip = failure_;
  if (skip == ACL_SUCCESS && aborted_) skip = ACL_ERROR_RT_STREAM_ABORT;
  running_ = task.get();
  running_since_ = Clock::now();
  lock->unlock();

  HostFailure failure;
  failure.text[0] = '\0';
  aclError status = ACL_SUCCESS;
  if (skip != ACL_SUCCESS) {
    // Only this thread writes failure_text_, so it may read it without the lock.
    const std::string text = skip == failure_ ? failure_text_ : Describe() + " was destroyed";
    task->Skip(skip, text.c_str());
  } else {
    try {
      status = task->Run(&failure);
    } catch (const std::bad_alloc&) {
      status = TaskFails(&failure, ACL_ERROR_BAD_ALLOC, "out of host memory");
    } catch (const std::exception& error) {
      status = TaskFails(&failure, ACL_ERROR_INTERNAL_ERROR, "%s", error.what());
    }
  }
  const char* const name = task->name();

  lock->lock();
  running_ = nullptr;
  lock->unlock();
  // Before completion: who synchronises may count on everything being released.
  task.reset();
  lock->lock();
  if (skip == ACL_ERROR_RT_STREAM_ABORT && failure_ == ACL_SUCCESS) {
    failure_ = skip;
    failure_text_ = std::string(name) + ": dropped, because " + Describe() + " was destroyed";
  }
  if (status != ACL_SUCCESS && failure_ == ACL_SUCCESS) {
    failure.text[sizeof(failure.text) - 1] = '\0';
    failure_ = status;
    failure_text_ = std::string(name) + ": " +
                    (failure.text[0] != '\0' ? std::string(failure.text)
                                             : "failed with status " + std::to_string(status));
  }
  const uint64_t completed = completed_.load(std::memory_order_relaxed) + 1;
  completed_.store(completed, std::memory_order_release);
  if (completed >= wake_at_) {
    wake_at_ = UINT64_MAX;
    lock->unlock();
    done_.notify_all();
    lock->lock();
  }
}

aclError Stream::ReportFailureLocked(std::unique_lock<std::mutex>* lock) const {
  if (failure_ == ACL_SUCCESS) return ACL_SUCCESS;
  const std::string text = failure_text_;
  const aclError status = failure_;
  lock->unlock();
  return FailAs(status, text.c_str());
}

aclError Stream::Synchronize(Deadline deadline, int64_t timeout_ms) {
  if (OnWorker()) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "%s cannot wait for itself from work that runs on it",
                Describe().c_str());
  }
  const uint64_t target = submitted_.load(std::memory_order_acquire);
  const auto reached = [&] { return completed_.load(std::memory_order_acquire) >= target; };
  SpinUntil(reached);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!reached()) {
    wake_at_ = std::min(wake_at_, target);
    if (!deadline.has_value()) {
      done_.wait(lock);
    } else if (done_.wait_until(lock, *deadline) == std::cv_status::timeout && !reached()) {
      const std::string progress = ProgressLocked();
      lock.unlock();
      return Fail(ACL_ERROR_RT_STREAM_SYNC_TIMEOUT, "%s did not finish within %" PRId64 " ms: %s",
                  Describe().c_str(), timeout_ms, progress.c_str());
    }
  }
  return ReportFailureLocked(&lock);
}

aclError Stream::Query(bool* idle) {
  std::unique_lock<std::mutex> lock(mutex_);
  *idle = completed_.load(std::memory_order_relaxed) == submitted_.load(std::memory_order_relaxed);
  return *idle ? ReportFailureLocked(&lock) : ACL_SUCCESS;
}

bool Stream::Close(Deadline deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  closed_ = true;
  closing_.store(true, std::memory_order_release);
  work_.notify_all();
  const auto ended = [&] { return !started_ || ended_; };
  if (deadline.has_value()) return done_.wait_until(lock, *deadline, ended);
  done_.wait(lock, ended);
  return true;
}

void Stream::Abort() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  aborted_ = true;
  closing_.store(true, std::memory_order_release);
  if (running_ != nullptr) running_->Cancel();
  work_.notify_all();
}

std::string Stream::Progress() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ProgressLocked();
}

std::string Stream::ProgressLocked() const {
  const std::string queued = std::to_string(queue_.size());
  if (running_ == nullptr) return "nothing is running, and " + queued + " are queued";
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - running_since_).count();
  return "'" + std::string(running_->name()) + "' has been running for " + std::to_string(ms) +
         " ms, and " + queued + " more are queued";
}

}  // namespace host
