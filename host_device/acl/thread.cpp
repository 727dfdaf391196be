// SPDX-License-Identifier: Apache-2.0
#include "thread.h"

#include <pthread.h>
#include <signal.h>

#include <string>
#include <thread>
#include <utility>

#include "host_runtime.h"

namespace host {
namespace {

constexpr std::chrono::microseconds kSpinTime(10);

// Blocks for the calling thread, hence for the one it starts, what is not a fault of the thread
// itself.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Deadline AfterMs(int64_t ms) {
  if (ms < 0) return std::nullopt;
  return Clock::now() + std::chrono::milliseconds(ms);
}

void StartThread(const char* name, std::function<void()> body) {
  const SignalsBlocked signals_blocked;
  std::thread([name = std::string(name, 0, 15), body = std::move(body)] {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  }).detach();
}

std::chrono::nanoseconds SpinTime() {
  static const std::chrono::nanoseconds spin_time =
      HostCoreCount() > 1 ? std::chrono::nanoseconds(kSpinTime) : std::chrono::nanoseconds(0);
  return spin_time;
}

}  // namespace host
