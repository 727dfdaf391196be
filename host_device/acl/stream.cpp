// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#include <utility>

#include "call.h"
#include "context.h"

namespace host {
namespace {

// How long destruction lets queued work go on before it drops it, and then waits for what runs.
constexpr int64_t kGraceMs = 10'000;
constexpr int64_t kForceWaitMs = 30'000;

constexpr uint32_t kLowestPriority = 7;
constexpr uint32_t kKnownFlags = ACL_STREAM_FAST_LAUNCH | ACL_STREAM_FAST_SYNC |
                                 ACL_STREAM_PERSISTENT | ACL_STREAM_HUGE | ACL_STREAM_CPU_SCHEDULE |
                                 ACL_STREAM_DEVICE_USE_ONLY;

std::atomic<int64_t> op_wait_timeout_ms{-1};
std::atomic<int64_t> op_execute_timeout_ms{-1};

// What an operator launched through the seam is.
class HostWork : public Task {
 public:
  explicit HostWork(const HostTask& task) : Task(task.name), task_(task) {}
  // The state stays the caller's until the stream has taken the task.
  ~HostWork() override {
    if (queued_ && task_.release != nullptr) task_.release(task_.state);
  }
  void Queued() override { queued_ = true; }

  aclError Run(HostFailure* failure) override {
    const int64_t limit_ms = op_execute_timeout_ms.load(std::memory_order_relaxed);
    const Clock::time_point start = Clock::now();
    const aclError status = task_.run(task_.state, failure);
    if (status != ACL_SUCCESS || limit_ms < 0) return status;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
    if (ms <= limit_ms) return status;
    return TaskFails(failure, ACL_ERROR_RT_AICORE_TIMEOUT,
                     "took %lld ms; aclrtSetOpExecuteTimeOut allows %lld ms",
                     static_cast<long long>(ms), static_cast<long long>(limit_ms));
  }

 private:
  const HostTask task_;
  bool queued_ = false;
};

aclError CheckTimeout(int32_t timeout) {
  if (timeout >= -1) return ACL_SUCCESS;
  return Fail(ACL_ERROR_RT_PARAM_INVALID, "timeout is %d, want milliseconds or -1", timeout);
}

aclError Synchronize(aclrtStream handle, int32_t timeout) {
  aclError status = CheckTimeout(timeout);
  if (status != ACL_SUCCESS) return status;
  std::shared_ptr<Stream> stream;
  status = FindStream(handle, &stream);
  return status == ACL_SUCCESS ? stream->Synchronize(AfterMs(timeout), timeout) : status;
}

aclError NewStream(aclrtStream* handle, uint32_t priority, uint32_t flags) {
  if (handle == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "stream is null");
  if (priority > kLowestPriority) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "priority is %u, want 0 (highest) to %u", priority,
                kLowestPriority);
  }
  if ((flags & ~kKnownFlags) != 0) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "flag is 0x%x, of which 0x%x is unknown", flags,
                flags & ~kKnownFlags);
  }
  std::shared_ptr<Context> context;
  const aclError status = CurrentContext(&context);
  if (status != ACL_SUCCESS) return status;
  *handle = Streams().Add(
      std::make_shared<Stream>(context->device(), context->handle(), false, priority, flags));
  return ACL_SUCCESS;
}

aclError DestroyStream(aclrtStream handle, bool force) {
  if (handle == nullptr) {
    return Fail(ACL_ERROR_INVALID_PARAM, "stream is null; a default stream cannot be destroyed");
  }
  std::shared_ptr<Stream> stream;
  const aclError status = FindStream(handle, &stream);
  if (status != ACL_SUCCESS) return status;
  if (stream->is_default()) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "%s cannot be destroyed; it ends with its context",
                stream->Describe().c_str());
  }
  if (stream->OnWorker()) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "%s cannot be destroyed by work that runs on it",
                stream->Describe().c_str());
  }
  if (Streams().Remove(handle) == nullptr) {
    return Fail(ACL_ERROR_RT_INVALID_HANDLE, "stream %p is not a live stream", handle);
  }
  if (force) return EndStreams({stream}, true);
  stream->Close(std::nullopt);
  return ACL_SUCCESS;
}

}  // namespace

HandleTable<Stream>& Streams() {
  static auto& streams = *new HandleTable<Stream>(kStreamKind);
  return streams;
}

aclError FindStream(aclrtStream handle, std::shared_ptr<Stream>* stream) {
  if (handle != nullptr) {
    *stream = Streams().Find(handle);
    if (*stream != nullptr) return ACL_SUCCESS;
    return Fail(ACL_ERROR_RT_INVALID_HANDLE, "stream %p is not a live stream", handle);
  }
  std::shared_ptr<Context> context;
  const aclError status = CurrentContext(&context);
  if (status != ACL_SUCCESS) return status;
  *stream = context->DefaultStream(nullptr);
  if (*stream != nullptr) return ACL_SUCCESS;
  return Fail(ACL_ERROR_RT_CONTEXT_NULL, "the current context is being destroyed");
}

aclError EndStreams(const std::vector<std::shared_ptr<Stream>>& streams, bool force) {
  const Deadline grace = AfterMs(force ? 0 : kGraceMs);
  for (const std::shared_ptr<Stream>& stream : streams) {
    if (stream->OnWorker()) stream->Abort();
    if (force) stream->Abort();
  }
  for (const std::shared_ptr<Stream>& stream : streams) {
    if (!force && !stream->OnWorker() && !stream->Close(grace)) stream->Abort();
  }
  const Deadline deadline = AfterMs(kForceWaitMs);
  for (const std::shared_ptr<Stream>& stream : streams) {
    // Its own worker ends when the work that called this does.
    if (stream->OnWorker() || stream->Close(deadline)) continue;
    return Fail(ACL_ERROR_RT_STREAM_SYNC_TIMEOUT, "%s could not be ended within %lld ms: %s",
                stream->Describe().c_str(), static_cast<long long>(kForceWaitMs),
                stream->Progress().c_str());
  }
  return ACL_SUCCESS;
}

int64_t OpWaitTimeoutMs() { return op_wait_timeout_ms.load(std::memory_order_relaxed); }

}  // namespace host

using host::Call;
using host::Fail;
using host::FindStream;
using host::SeamCall;
using host::Stream;

extern "C" {

aclError aclrtCreateStream(aclrtStream* stream) {
  return Call(__func__, [&] { return host::NewStream(stream, 0, 0); });
}

aclError aclrtCreateStreamWithConfig(aclrtStream* stream, uint32_t priority, uint32_t flag) {
  return Call(__func__, [&] { return host::NewStream(stream, priority, flag); });
}

aclError aclrtDestroyStream(aclrtStream stream) {
  return Call(__func__, [&] { return host::DestroyStream(stream, false); });
}

aclError aclrtDestroyStreamForce(aclrtStream stream) {
  return Call(__func__, [&] { return host::DestroyStream(stream, true); });
}

aclError aclrtSynchronizeStream(aclrtStream stream) {
  return Call(__func__, [&] { return host::Synchronize(stream, -1); });
}

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout) {
  return Call(__func__, [&] { return host::Synchronize(stream, timeout); });
}

aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus* status) {
  return Call(__func__, [&] {
    if (status == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "status is null");
    std::shared_ptr<Stream> found;
    aclError result = FindStream(stream, &found);
    if (result != ACL_SUCCESS) return result;
    bool idle = false;
    result = found->Query(&idle);
    *status = idle ? ACL_STREAM_STATUS_COMPLETE : ACL_STREAM_STATUS_NOT_READY;
    return result;
  });
}

aclError aclrtStreamGetId(aclrtStream stream, int32_t* streamId) {
  return Call(__func__, [&] {
    if (streamId == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "streamId is null");
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status == ACL_SUCCESS) *streamId = found->id();
    return status;
  });
}

aclError aclrtStreamGetPriority(aclrtStream stream, uint32_t* priority) {
  return Call(__func__, [&] {
    if (priority == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "priority is null");
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status == ACL_SUCCESS) *priority = found->priority();
    return status;
  });
}

aclError aclrtStreamGetFlags(aclrtStream stream, uint32_t* flags) {
  return Call(__func__, [&] {
    if (flags == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "flags is null");
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status == ACL_SUCCESS) *flags = found->flags();
    return status;
  });
}

aclError aclrtDeviceGetStreamPriorityRange(int32_t* leastPriority, int32_t* greatestPriority) {
  return Call(__func__, [&] {
    if (leastPriority == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "leastPriority is null");
    if (greatestPriority == nullptr) {
      return Fail(ACL_ERROR_INVALID_PARAM, "greatestPriority is null");
    }
    *leastPriority = host::kLowestPriority;
    *greatestPriority = 0;
    return ACL_SUCCESS;
  });
}

aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t mode) {
  return Call(__func__, [&] {
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status != ACL_SUCCESS) return status;
    if (mode == ACL_STOP_ON_FAILURE) return ACL_SUCCESS;
    if (mode == ACL_CONTINUE_ON_FAILURE) {
      return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                  "a stream of the host device always stops on failure; want "
                  "ACL_STOP_ON_FAILURE");
    }
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "mode is %llu, want ACL_STOP_ON_FAILURE",
                static_cast<unsigned long long>(mode));
  });
}

aclError aclrtSetOpWaitTimeout(uint32_t timeout) {
  return Call(__func__, [&] {
    host::op_wait_timeout_ms.store(timeout == 0 ? -1 : int64_t{timeout} * 1000,
                                   std::memory_order_relaxed);
    return ACL_SUCCESS;
  });
}

// A host kernel cannot be interrupted: one that took longer fails its stream when it ends.
aclError aclrtSetOpExecuteTimeOut(uint32_t timeout) {
  return Call(__func__, [&] {
    host::op_execute_timeout_ms.store(timeout == 0 ? -1 : int64_t{timeout} * 1000,
                                      std::memory_order_relaxed);
    return ACL_SUCCESS;
  });
}

aclError HostStreamEnqueue(aclrtStream stream, const HostTask* task) {
  return SeamCall([&] {
    if (task == nullptr || task->run == nullptr || task->name == nullptr) {
      return Fail(ACL_ERROR_INVALID_PARAM, "%s is null",
                  task == nullptr ? "task" : (task->run == nullptr ? "task.run" : "task.name"));
    }
    std::shared_ptr<Stream> found;
    aclError status = FindStream(stream, &found);
    if (status != ACL_SUCCESS) return status;
    std::unique_ptr<host::Task> work = std::make_unique<host::HostWork>(*task);
    return found->Enqueue(&work);
  });
}

aclError HostStreamDevice(aclrtStream stream, int32_t* device) {
  return SeamCall([&] {
    if (device == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "device is null");
    if (stream == nullptr) return HostCurrentDevice(device);
    std::shared_ptr<Stream> found;
    const aclError status = FindStream(stream, &found);
    if (status == ACL_SUCCESS) *device = found->device();
    return status;
  });
}

}  // extern "C"
