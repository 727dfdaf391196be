// SPDX-License-Identifier: Apache-2.0
// Physical memory shared between processes by handle, which is not here.
#include <unistd.h>

#include "call.h"

namespace host {
namespace {

aclError NoSharing(const char* function) {
  return Call(function, [] {
    return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                "the host device shares no device memory between processes by handle; send it "
                "through HCCL, or through shared host memory");
  });
}

}  // namespace
}  // namespace host

extern "C" {

aclError aclrtMemExportToShareableHandle(aclrtDrvMemHandle /*handle*/,
                                         aclrtMemHandleType /*handleType*/, uint64_t /*flags*/,
                                         uint64_t* /*shareableHandle*/) {
  return host::NoSharing(__func__);
}

aclError aclrtMemImportFromShareableHandle(uint64_t /*shareableHandle*/, int32_t /*deviceId*/,
                                           aclrtDrvMemHandle* /*handle*/) {
  return host::NoSharing(__func__);
}

aclError aclrtMemSetPidToShareableHandle(uint64_t /*shareableHandle*/, int32_t* /*pid*/,
                                         size_t /*pidNum*/) {
  return host::NoSharing(__func__);
}

aclError aclrtDeviceGetBareTgid(int32_t* pid) {
  return host::Call(__func__, [&] {
    if (pid == nullptr) return host::Fail(ACL_ERROR_INVALID_PARAM, "pid is null");
    *pid = static_cast<int32_t>(getpid());
    return ACL_SUCCESS;
  });
}

}  // extern "C"
