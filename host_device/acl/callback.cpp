// SPDX-License-Identifier: Apache-2.0
// Host functions in stream order: run on the stream's worker (aclrtLaunchHostFunc), or by a thread
// of the program that has subscribed and calls aclrtProcessReport (aclrtLaunchCallback).
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "call.h"
#include "stream.h"

namespace host {
namespace {

// One function on its way to the thread that runs it.
struct Report {
  aclrtCallback function;
  void* data;
  bool done = false;
};

// What a thread has subscribed to.
class Inbox {
 public:
  void Put(std::shared_ptr<Report> report) {
    const std::lock_guard<std::mutex> lock(mutex_);
    reports_.push_back(std::move(report));
    changed_.notify_all();
  }

  // Runs what has come; waits for the first. False at the deadline.
  bool Process(Deadline deadline) {
    std::deque<std::shared_ptr<Report>> reports;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const auto ready = [&] { return !reports_.empty(); };
      if (!deadline.has_value()) {
        changed_.wait(lock, ready);
      } else if (!changed_.wait_until(lock, *deadline, ready)) {
        return false;
      }
      reports.swap(reports_);
    }
    for (const std::shared_ptr<Report>& report : reports) {
      report->function(report->data);
      const std::lock_guard<std::mutex> lock(mutex_);
      report->done = true;
      changed_.notify_all();
    }
    return true;
  }

  enum class Outcome { kDone, kUnsubscribed, kCancelled, kTimeout };

  Outcome Await(const Report& report, Deadline deadline, const std::atomic<bool>& cancelled) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto over = [&] {
      return report.done || closed_ || cancelled.load(std::memory_order_relaxed);
    };
    if (deadline.has_value()) {
      changed_.wait_until(lock, *deadline, over);
    } else {
      changed_.wait(lock, over);
    }
    if (report.done) return Outcome::kDone;
    if (closed_) return Outcome::kUnsubscribed;
    return cancelled.load(std::memory_order_relaxed) ? Outcome::kCancelled : Outcome::kTimeout;
  }

  void Poke() {
    const std::lock_guard<std::mutex> lock(mutex_);
    changed_.notify_all();
  }

  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  uint32_t streams = 0;  // guarded by the subscriptions' mutex

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Report>> reports_;
  bool closed_ = false;
};

struct Subscriptions {
  std::mutex mutex;
  std::map<uint64_t, std::shared_ptr<Inbox>> by_thread;
  std::map<int32_t, uint64_t> thread_of_stream;  // by the stream's id
};

Subscriptions& All() {
  static auto& subscriptions = *new Subscriptions;
  return subscriptions;
}

class CallbackTask : public Task {
 public:
  CallbackTask(aclrtCallback function, void* data, bool blocks, std::shared_ptr<Inbox> inbox,
               uint64_t thread)
      : Task("aclrtLaunchCallback"),
        report_(std::make_shared<Report>(Report{function, data})),
        blocks_(blocks),
        inbox_(std::move(inbox)),
        thread_(thread) {}

  aclError Run(HostFailure* failure) override {
    inbox_->Put(report_);
    if (!blocks_) return ACL_SUCCESS;
    const int64_t timeout_ms = OpWaitTimeoutMs();
    switch (inbox_->Await(*report_, AfterMs(timeout_ms), cancelled_)) {
      case Inbox::Outcome::kDone:
        return ACL_SUCCESS;
      case Inbox::Outcome::kUnsubscribed:
        return TaskFails(failure, ACL_ERROR_RT_THREAD_SUBSCRIBE,
                         "thread %llu unsubscribed before it ran the callback",
                         static_cast<unsigned long long>(thread_));
      case Inbox::Outcome::kCancelled:
        return TaskFails(failure, ACL_ERROR_RT_STREAM_ABORT,
                         "the stream was destroyed while it waited for thread %llu",
                         static_cast<unsigned long long>(thread_));
      case Inbox::Outcome::kTimeout:
        break;
    }
    return TaskFails(failure, ACL_ERROR_WAIT_CALLBACK_TIMEOUT,
                     "thread %llu did not run the callback within %lld ms; it must call "
                     "aclrtProcessReport",
                     static_cast<unsigned long long>(thread_), static_cast<long long>(timeout_ms));
  }

  void Cancel() override {
    cancelled_.store(true, std::memory_order_relaxed);
    inbox_->Poke();
  }

 private:
  const std::shared_ptr<Report> report_;
  const bool blocks_;
  const std::shared_ptr<Inbox> inbox_;
  const uint64_t thread_;
  std::atomic<bool> cancelled_{false};
};

class HostFunctionTask : public Task {
 public:
  HostFunctionTask(aclrtHostFunc function, void* data)
      : Task("aclrtLaunchHostFunc"), function_(function), data_(data) {}
  aclError Run(HostFailure* /*failure*/) override {
    function_(data_);
    return ACL_SUCCESS;
  }

 private:
  const aclrtHostFunc function_;
  void* const data_;
};

aclError Unsubscribe(uint64_t thread, const Stream& stream) {
  Subscriptions& all = All();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto subscribed = all.thread_of_stream.find(stream.id());
  if (subscribed == all.thread_of_stream.end() || subscribed->second != thread) {
    return Fail(ACL_ERROR_RT_STREAM_SUBSCRIBE, "thread %llu has not subscribed to %s",
                static_cast<unsigned long long>(thread), stream.Describe().c_str());
  }
  all.thread_of_stream.erase(subscribed);
  const auto inbox = all.by_thread.find(thread);
  if (--inbox->second->streams == 0) {
    inbox->second->Close();
    all.by_thread.erase(inbox);
  }
  return ACL_SUCCESS;
}

aclError Subscribe(uint64_t thread, const Stream& stream) {
  Subscriptions& all = All();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto subscribed = all.thread_of_stream.find(stream.id());
  if (subscribed != all.thread_of_stream.end()) {
    return Fail(ACL_ERROR_RT_STREAM_SUBSCRIBE, "%s has thread %llu as its subscriber already",
                stream.Describe().c_str(), static_cast<unsigned long long>(subscribed->second));
  }
  std::shared_ptr<Inbox>& inbox = all.by_thread[thread];
  if (inbox == nullptr) inbox = std::make_shared<Inbox>();
  all.thread_of_stream.emplace(stream.id(), thread);
  ++inbox->streams;
  return ACL_SUCCESS;
}

// Programs name a thread by pthread_self or by gettid.
std::shared_ptr<Inbox> OwnInbox() {
  Subscriptions& all = All();
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (const uint64_t name :
       {static_cast<uint64_t>(pthread_self()), static_cast<uint64_t>(syscall(SYS_gettid))}) {
    const auto inbox = all.by_thread.find(name);
    if (inbox != all.by_thread.end()) return inbox->second;
  }
  return nullptr;
}

}  // namespace
}  // namespace host

using host::Call;
using host::Fail;
using host::FindStream;
using host::Stream;

extern "C" {

aclError aclrtSubscribeReport(uint64_t threadId, aclrtStream stream) {
  return Call(__func__, [&] {
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    return status == ACL_SUCCESS ? host::Subscribe(threadId, *found) : status;
  });
}

aclError aclrtUnSubscribeReport(uint64_t threadId, aclrtStream stream) {
  return Call(__func__, [&] {
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    return status == ACL_SUCCESS ? host::Unsubscribe(threadId, *found) : status;
  });
}

aclError aclrtLaunchCallback(aclrtCallback fn, void* userData, aclrtCallbackBlockType blockType,
                             aclrtStream stream) {
  return Call(__func__, [&] {
    if (fn == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "fn is null");
    if (blockType != ACL_CALLBACK_NO_BLOCK && blockType != ACL_CALLBACK_BLOCK) {
      return Fail(ACL_ERROR_INVALID_PARAM, "blockType is %d, want an aclrtCallbackBlockType",
                  static_cast<int>(blockType));
    }
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status != ACL_SUCCESS) return status;
    std::shared_ptr<host::Inbox> inbox;
    uint64_t thread = 0;
    {
      host::Subscriptions& all = host::All();
      const std::lock_guard<std::mutex> lock(all.mutex);
      const auto subscribed = all.thread_of_stream.find(found->id());
      if (subscribed == all.thread_of_stream.end()) {
        return Fail(ACL_ERROR_RT_STREAM_NO_CB_REG,
                    "no thread has subscribed to %s; call aclrtSubscribeReport first",
                    found->Describe().c_str());
      }
      thread = subscribed->second;
      inbox = all.by_thread.at(thread);
    }
    std::unique_ptr<host::Task> task = std::make_unique<host::CallbackTask>(
        fn, userData, blockType == ACL_CALLBACK_BLOCK, std::move(inbox), thread);
    return found->Enqueue(&task);
  });
}

aclError aclrtProcessReport(int32_t timeout) {
  return Call(__func__, [&] {
    if (timeout < -1 || timeout == 0) {
      return Fail(ACL_ERROR_INVALID_PARAM, "timeout is %d, want milliseconds above 0, or -1",
                  timeout);
    }
    const std::shared_ptr<host::Inbox> inbox = host::OwnInbox();
    if (inbox == nullptr) {
      return Fail(ACL_ERROR_RT_THREAD_SUBSCRIBE,
                  "no stream has this thread as its subscriber; call aclrtSubscribeReport first");
    }
    if (inbox->Process(host::AfterMs(timeout))) return ACL_SUCCESS;
    return Fail(ACL_ERROR_RT_REPORT_TIMEOUT, "no callback came within %d ms", timeout);
  });
}

aclError aclrtLaunchHostFunc(aclrtStream stream, aclrtHostFunc fn, void* args) {
  return Call(__func__, [&] {
    if (fn == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "fn is null");
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status != ACL_SUCCESS) return status;
    std::unique_ptr<host::Task> task = std::make_unique<host::HostFunctionTask>(fn, args);
    return found->Enqueue(&task);
  });
}

}  // extern "C"
