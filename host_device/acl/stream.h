// SPDX-License-Identifier: Apache-2.0
// An in-order queue with one worker, which is started by the first work. The first failure sticks:
// later work is not run, and every synchronisation reports that failure.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "handle_table.h"
#include "task.h"
#include "thread.h"

namespace host {

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(int32_t device, aclrtContext context, bool is_default, uint32_t priority, uint32_t flags);

  int32_t id() const { return id_; }
  int32_t device() const { return device_; }
  aclrtContext context() const { return context_; }
  bool is_default() const { return is_default_; }
  uint32_t priority() const { return priority_; }
  uint32_t flags() const { return flags_; }
  std::string Describe() const;  // "stream 3 of device 0"

  // Takes `task` on success only.
  aclError Enqueue(std::unique_ptr<Task>* task);

  // Waits for all that is queued now; reports the stream's failure as the thread's error. At the
  // deadline: ACL_ERROR_RT_STREAM_SYNC_TIMEOUT.
  aclError Synchronize(Deadline deadline, int64_t timeout_ms);

  // Whether nothing is queued or running; reports the stream's failure if so.
  aclError Query(bool* idle);

  // No more work is taken; what is queued is run, and the worker ends. False when the worker has
  // not ended by the deadline.
  bool Close(Deadline deadline);

  // No more work is taken; what is queued is skipped, waits for events and callbacks end.
  void Abort();

  // "'MoeDistributeDispatch' has been running for 12 ms, and 3 more are queued"
  std::string Progress();

  // True on the stream's own worker.
  bool OnWorker() const;

 private:
  void Work();
  void RunOne(std::unique_lock<std::mutex>* lock);
  std::string ProgressLocked() const;
  aclError ReportFailureLocked(std::unique_lock<std::mutex>* lock) const;

  const int32_t id_;
  const int32_t device_;
  const aclrtContext context_;
  const bool is_default_;
  const uint32_t priority_;
  const uint32_t flags_;

  std::mutex mutex_;
  std::condition_variable work_;  // the worker waits here
  std::condition_variable done_;  // all others
  std::deque<std::unique_ptr<Task>> queue_;
  Task* running_ = nullptr;
  Clock::time_point running_since_;
  bool started_ = false;
  bool ended_ = false;
  bool asleep_ = false;
  bool closed_ = false;
  bool aborted_ = false;
  uint64_t wake_at_ = UINT64_MAX;  // the lowest count of completed tasks that somebody waits for
  aclError failure_ = ACL_SUCCESS;
  std::string failure_text_;  // "<task>: <text>"
  // Written with the mutex held, read without it by those that spin.
  std::atomic<uint64_t> submitted_{0};
  std::atomic<uint64_t> completed_{0};
  std::atomic<bool> closing_{false};
};

HandleTable<Stream>& Streams();

// The stream of a handle, or with null the default stream of the current context.
aclError FindStream(aclrtStream handle, std::shared_ptr<Stream>* stream);

// Ends streams that are out of the table. By force, or after the grace period, what is queued is
// dropped. Fails, naming a task, when running work does not end; its worker is then left to itself.
aclError EndStreams(const std::vector<std::shared_ptr<Stream>>& streams, bool force);

// Registers, once per process, what must happen at exit and in a forked child.
void WatchProcess();

// Length of aclrtSetOpWaitTimeout, -1 without one.
int64_t OpWaitTimeoutMs();

}  // namespace host
