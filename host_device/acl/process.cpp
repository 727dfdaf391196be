// SPDX-License-Identifier: Apache-2.0
// Start, end and fork of the process.
#include <pthread.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <vector>

#include "call.h"
#include "device.h"
#include "stream.h"

namespace host {
namespace {

// At exit, running work gets this long to end; then the process goes on without it.
constexpr int64_t kExitWaitMs = 2000;

std::atomic<bool> forked{false};

// Programs may end with work queued. It is dropped before static objects, which it may use, go.
void AtExit() {
  if (InForkedChild()) return;
  std::vector<std::shared_ptr<Stream>> streams;
  for (const auto& [handle, stream] : Streams().All()) {
    // A host function may call exit().
    if (stream->OnWorker()) continue;
    stream->Abort();
    streams.push_back(stream);
  }
  const Deadline deadline = AfterMs(kExitWaitMs);
  for (const std::shared_ptr<Stream>& stream : streams) stream->Close(deadline);
}

struct InitState {
  std::mutex mutex;
  uint64_t references = 0;
  bool finalized = false;
};

InitState& Init() {
  static auto& state = *new InitState;
  return state;
}

aclError Finalize(bool at_once, uint64_t* references) {
  InitState& state = Init();
  const std::lock_guard<std::mutex> lock(state.mutex);
  if (state.references == 0) {
    return state.finalized ? Fail(ACL_ERROR_REPEAT_FINALIZE, "already finalized")
                           : Fail(ACL_ERROR_UNINITIALIZE, "aclInit was not called");
  }
  state.references = at_once ? 0 : state.references - 1;
  if (references != nullptr) *references = state.references;
  if (state.references == 0) state.finalized = true;
  return ACL_SUCCESS;
}

}  // namespace

bool InForkedChild() { return forked.load(std::memory_order_relaxed); }

aclError FailForked() {
  return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
              "this process was forked from one that had used the runtime; start it by spawn or "
              "exec, or fork before the first use");
}

void WatchProcess() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
    std::atexit(AtExit);
  });
}

}  // namespace host

using host::Call;
using host::Fail;

extern "C" {

// The settings of the file concern tools (dump, profiling) that the host device does not have.
aclError aclInit(const char* configPath) {
  return Call(__func__, [&] {
    uint32_t count = 0;
    const aclError status = host::DeviceCount(&count);
    if (status != ACL_SUCCESS) return status;
    if (configPath != nullptr && *configPath != '\0' && !std::ifstream(configPath).good()) {
      return Fail(ACL_ERROR_INVALID_FILE, "configPath '%s' cannot be read", configPath);
    }
    host::InitState& state = host::Init();
    const std::lock_guard<std::mutex> lock(state.mutex);
    if (++state.references > 1) {
      return Fail(ACL_ERROR_REPEAT_INITIALIZE, "already initialized");
    }
    return ACL_SUCCESS;
  });
}

aclError aclFinalize() {
  return Call(__func__, [] { return host::Finalize(true, nullptr); });
}

aclError aclFinalizeReference(uint64_t* refCount) {
  return Call(__func__, [&] { return host::Finalize(false, refCount); });
}

aclError aclrtGetVersion(int32_t* majorVersion, int32_t* minorVersion, int32_t* patchVersion) {
  return Call(__func__, [&] {
    if (majorVersion == nullptr || minorVersion == nullptr || patchVersion == nullptr) {
      return Fail(ACL_ERROR_INVALID_PARAM, "%s is null",
                  majorVersion == nullptr   ? "majorVersion"
                  : minorVersion == nullptr ? "minorVersion"
                                            : "patchVersion");
    }
    *majorVersion = ACL_MAJOR_VERSION;
    *minorVersion = ACL_MINOR_VERSION;
    *patchVersion = ACL_PATCH_VERSION;
    return ACL_SUCCESS;
  });
}

aclError aclrtGetRunMode(aclrtRunMode* runMode) {
  return Call(__func__, [&] {
    if (runMode == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "runMode is null");
    *runMode = ACL_HOST;
    return ACL_SUCCESS;
  });
}

const char* aclrtGetSocName() { return "Ascend910_9391"; }

}  // extern "C"
