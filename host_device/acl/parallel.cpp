// SPDX-License-Identifier: Apache-2.0
// Parallel loops on a pool of threads that sleep between loops. One loop at a time has the pool; a
// loop that finds it taken, by another stream or by a loop around it, runs on its caller alone.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>

#include "call.h"
#include "setting.h"
#include "stream.h"
#include "thread.h"

namespace host {
namespace {

using Body = void (*)(void* state, uint32_t index);

struct Loop {
  Body body;
  void* state;
  uint32_t count;
  std::atomic<uint32_t> next{0};

  void Work() {
    for (;;) {
      const uint32_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) return;
      body(state, index);
    }
  }
};

class Pool {
 public:
  // False when the pool is taken.
  bool Run(Loop* loop, uint32_t helpers) {
    if (taken_.exchange(true, std::memory_order_acquire)) return false;
    bool wake = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      Grow(helpers);
      loop_ = loop;
      tickets_ = std::min(helpers, threads_);
      wake = tickets_ > 0;
    }
    if (wake) work_.notify_all();
    loop->Work();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      // Helpers that have not come by now find nothing to do.
      tickets_ = 0;
      if (active_.load(std::memory_order_relaxed) > 0) {
        lock.unlock();
        SpinUntil([&] { return active_.load(std::memory_order_acquire) == 0; });
        lock.lock();
        done_.wait(lock, [&] { return active_.load(std::memory_order_relaxed) == 0; });
      }
      loop_ = nullptr;
    }
    taken_.store(false, std::memory_order_release);
    return true;
  }

 private:
  // With the lock held. A system that gives no thread makes loops slower, not wrong.
  void Grow(uint32_t helpers) {
    try {
      for (; threads_ < helpers; ++threads_) {
        StartThread("acl-parallel", [this] { Help(); });
      }
    } catch (const std::system_error&) {
    }
  }

  void Help() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return tickets_ > 0; });
      --tickets_;
      active_.fetch_add(1, std::memory_order_relaxed);
      Loop* const loop = loop_;
      lock.unlock();
      loop->Work();
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_release) == 1) done_.notify_one();
    }
  }

  std::atomic<bool> taken_{false};
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  Loop* loop_ = nullptr;
  uint32_t tickets_ = 0;  // helpers that may still join the loop
  std::atomic<uint32_t> active_{0};
  uint32_t threads_ = 0;
};

Pool& ThePool() {
  static auto& pool = *new Pool;
  return pool;
}

}  // namespace
}  // namespace host

extern "C" {

uint32_t HostCoreCount() {
  if (const uint32_t cores = host::CoreCountSetting().value; cores != 0) return cores;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  // More cores than the set has room for: the kernel refuses, and the set's size is the answer.
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return CPU_SETSIZE;
  return static_cast<uint32_t>(std::max(CPU_COUNT(&cores), 1));
}

void HostParallelFor(uint32_t count, uint32_t cores, void (*body)(void* state, uint32_t index),
                     void* state) {
  const uint32_t wanted = std::min(count, cores);
  if (wanted > 1 && !host::InForkedChild()) {
    const uint32_t threads = std::min(wanted, HostCoreCount());
    host::WatchProcess();
    host::Loop loop{body, state, count};
    if (threads > 1 && host::ThePool().Run(&loop, threads - 1)) return;
  }
  for (uint32_t index = 0; index < count; ++index) body(state, index);
}

}  // extern "C"
