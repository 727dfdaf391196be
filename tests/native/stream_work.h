// SPDX-License-Identifier: Apache-2.0
// Work for streams in tests: any callable, and a gate that holds a stream until the test opens it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "host_runtime.h"
#include "recent_text.h"

using Work = std::function<aclError(HostFailure*)>;

// Long enough for any machine, short enough to end a test that hangs.
constexpr std::chrono::seconds kPatience(30);

inline aclError QueueWork(aclrtStream stream, const char* name, Work work) {
  auto state = std::make_unique<Work>(std::move(work));
  const HostTask task{
      name, [](void* work, HostFailure* failure) { return (*static_cast<Work*>(work))(failure); },
      [](void* work) { std::unique_ptr<Work>(static_cast<Work*>(work)); }, state.get()};
  const aclError status = HostStreamEnqueue(stream, &task);
  if (status == ACL_SUCCESS) state.release();
  return status;
}

inline aclError QueueFailure(aclrtStream stream, const char* name, aclError status,
                             const char* text) {
  return QueueWork(stream, name, [status, text](HostFailure* failure) {
    std::snprintf(failure->text, sizeof(failure->text), "%s", text);
    return status;
  });
}

// What is held keeps the gate's state alive, so that a test may end while work still stands there.
class Gate {
 public:
  ~Gate() { Open(); }

  void Open() { state_->Open(); }

  // Until somebody stands at the gate.
  bool AwaitEntry() { return state_->AwaitEntry(); }

  aclError Hold(aclrtStream stream, const char* name = "Gate") {
    return QueueWork(stream, name, [state = state_](HostFailure*) {
      return state->Pass() ? ACL_SUCCESS : ACL_ERROR_FAILURE;
    });
  }

 private:
  class State {
   public:
    void Open() {
      const std::lock_guard<std::mutex> lock(mutex_);
      open_ = true;
      changed_.notify_all();
    }

    bool AwaitEntry() {
      std::unique_lock<std::mutex> lock(mutex_);
      return changed_.wait_for(lock, kPatience, [&] { return entered_; });
    }

    // True when it was opened in time.
    bool Pass() {
      std::unique_lock<std::mutex> lock(mutex_);
      entered_ = true;
      changed_.notify_all();
      return changed_.wait_for(lock, kPatience, [&] { return open_; });
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    bool entered_ = false;
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};
