// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include <unistd.h>

#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "allocation.h"
#include "call.h"
#include "context.h"
#include "setting.h"
#include "stream.h"
#include "virtual_memory.h"

namespace host {
namespace {

// An Atlas A3 die, as operators plan for it.
constexpr int64_t kCubeCores = 24;
constexpr int64_t kVectorCores = 48;
constexpr int64_t kL2Bytes = int64_t{192} << 20;

struct Primary {
  std::shared_ptr<Context> context;
  uint32_t users = 0;
};

struct Primaries {
  std::mutex mutex;
  std::map<int32_t, Primary> of_device;
};

Primaries& AllPrimaries() {
  static auto& primaries = *new Primaries;
  return primaries;
}

struct Peers {
  std::mutex mutex;
  std::set<std::pair<int32_t, int32_t>> enabled;  // from, to
};

Peers& AllPeers() {
  static auto& peers = *new Peers;
  return peers;
}

aclError ResetDevice(int32_t device, bool force) {
  aclError status = CheckDevice("deviceId", device);
  if (status != ACL_SUCCESS) return status;
  std::shared_ptr<Context> context;
  {
    Primaries& primaries = AllPrimaries();
    const std::lock_guard<std::mutex> lock(primaries.mutex);
    const auto primary = primaries.of_device.find(device);
    if (primary == primaries.of_device.end()) {
      return Fail(ACL_ERROR_RT_CONTEXT_NULL,
                  "device %d is not in use; aclrtSetDevice was not called", device);
    }
    if (!force && --primary->second.users > 0) return ACL_SUCCESS;
    context = std::move(primary->second.context);
    primaries.of_device.erase(primary);
  }
  if (ThreadContext() == context->handle()) SetThreadContext(nullptr);
  status = EndContext(context, force);
  if (status != ACL_SUCCESS) return status;
  // Locked, so that no new user of the device comes between the look and the deed.
  const std::lock_guard<std::mutex> lock(AllPrimaries().mutex);
  for (const auto& [handle, other] : Contexts().All()) {
    if (other->device() == device) return ACL_SUCCESS;
  }
  FreePhysicalMemory(device);
  FreeDeviceMemory(device);
  return ACL_SUCCESS;
}

aclError SynchronizeDevice(int32_t timeout) {
  if (timeout < -1) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "timeout is %d, want milliseconds or -1", timeout);
  }
  std::shared_ptr<Context> current;
  aclError first = CurrentContext(&current);
  if (first != ACL_SUCCESS) return first;
  const Deadline deadline = AfterMs(timeout);
  for (const auto& [handle, stream] : Streams().All()) {
    if (stream->device() != current->device()) continue;
    const aclError status = stream->Synchronize(deadline, timeout);
    if (first == ACL_SUCCESS) first = status;
    if (status == ACL_ERROR_RT_STREAM_SYNC_TIMEOUT) break;
  }
  return first;
}

aclError CheckPeer(int32_t peer, std::pair<int32_t, int32_t>* link) {
  std::shared_ptr<Context> current;
  aclError status = CurrentContext(&current);
  if (status == ACL_SUCCESS) status = CheckDevice("peerDeviceId", peer);
  if (status != ACL_SUCCESS) return status;
  if (peer == current->device()) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "peerDeviceId %d is the current device itself", peer);
  }
  *link = {current->device(), peer};
  return ACL_SUCCESS;
}

}  // namespace

aclError DeviceCount(uint32_t* count) {
  for (const Setting* setting : {&DeviceCountSetting(), &CoreCountSetting()}) {
    if (!setting->refusal.empty()) {
      return Fail(ACL_ERROR_RT_NO_DEVICE, "%s", setting->refusal.c_str());
    }
  }
  *count = DeviceCountSetting().value;
  return ACL_SUCCESS;
}

aclError CheckDevice(const char* parameter, int64_t device) {
  uint32_t count = 0;
  const aclError status = DeviceCount(&count);
  if (status != ACL_SUCCESS) return status;
  if (device < 0 || device >= count) {
    return Fail(ACL_ERROR_RT_INVALID_DEVICEID,
                "%s is %lld, want 0 to %u; ACLNN_MOE_HOST_DEVICES sets the number of devices",
                parameter, static_cast<long long>(device), count - 1);
  }
  return ACL_SUCCESS;
}

std::shared_ptr<Context> NewExplicitContext(int32_t device) {
  const std::lock_guard<std::mutex> lock(AllPrimaries().mutex);
  return NewContext(device, false);
}

uint64_t MachineMemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return std::numeric_limits<int64_t>::max();
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes);
}

}  // namespace host

using host::Call;
using host::Fail;

extern "C" {

aclError aclrtSetDevice(int32_t deviceId) {
  return Call(__func__, [&] {
    const aclError status = host::CheckDevice("deviceId", deviceId);
    if (status != ACL_SUCCESS) return status;
    host::Primaries& primaries = host::AllPrimaries();
    const std::lock_guard<std::mutex> lock(primaries.mutex);
    host::Primary& primary = primaries.of_device[deviceId];
    if (primary.context == nullptr) primary.context = host::NewContext(deviceId, true);
    ++primary.users;
    host::SetThreadContext(primary.context->handle());
    return ACL_SUCCESS;
  });
}

aclError aclrtResetDevice(int32_t deviceId) {
  return Call(__func__, [&] { return host::ResetDevice(deviceId, false); });
}

aclError aclrtResetDeviceForce(int32_t deviceId) {
  return Call(__func__, [&] { return host::ResetDevice(deviceId, true); });
}

aclError aclrtGetDevice(int32_t* deviceId) {
  return Call(__func__, [&] {
    if (deviceId == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "deviceId is null");
    std::shared_ptr<host::Context> current;
    const aclError status = host::CurrentContext(&current);
    if (status == ACL_SUCCESS) *deviceId = current->device();
    return status;
  });
}

aclError aclrtGetDeviceCount(uint32_t* count) {
  return Call(__func__, [&] {
    if (count == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "count is null");
    return host::DeviceCount(count);
  });
}

aclError aclrtGetPrimaryCtxState(int32_t deviceId, uint32_t* flags, int32_t* active) {
  return Call(__func__, [&] {
    if (active == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "active is null");
    if (flags != nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "flags is reserved, want null");
    const aclError status = host::CheckDevice("deviceId", deviceId);
    if (status != ACL_SUCCESS) return status;
    host::Primaries& primaries = host::AllPrimaries();
    const std::lock_guard<std::mutex> lock(primaries.mutex);
    *active = primaries.of_device.count(deviceId) != 0 ? 1 : 0;
    return ACL_SUCCESS;
  });
}

aclError aclrtSynchronizeDevice(void) {
  return Call(__func__, [&] { return host::SynchronizeDevice(-1); });
}

aclError aclrtSynchronizeDeviceWithTimeout(int32_t timeout) {
  return Call(__func__, [&] { return host::SynchronizeDevice(timeout); });
}

aclError aclrtGetDeviceInfo(uint32_t deviceId, aclrtDevAttr attr, int64_t* value) {
  return Call(__func__, [&] {
    if (value == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "value is null");
    const aclError status = host::CheckDevice("deviceId", deviceId);
    if (status != ACL_SUCCESS) return status;
    switch (attr) {
      case ACL_DEV_ATTR_AICORE_CORE_NUM:
      case ACL_DEV_ATTR_CUBE_CORE_NUM:
        *value = host::kCubeCores;
        return ACL_SUCCESS;
      case ACL_DEV_ATTR_VECTOR_CORE_NUM:
        *value = host::kVectorCores;
        return ACL_SUCCESS;
      case ACL_DEV_ATTR_L2_CACHE_SIZE:
        *value = host::kL2Bytes;
        return ACL_SUCCESS;
      case ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE:
        *value = static_cast<int64_t>(host::MachineMemoryBytes());
        return ACL_SUCCESS;
      default:
        return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                    "attr %d is not known to the host device; it knows the numbers of cores, the "
                    "size of the memory and of the L2 cache",
                    static_cast<int>(attr));
    }
  });
}

aclError aclGetDeviceCapability(uint32_t deviceId, aclDeviceInfo deviceInfo, int64_t* value) {
  switch (deviceInfo) {
    case ACL_DEVICE_INFO_AI_CORE_NUM:
      return aclrtGetDeviceInfo(deviceId, ACL_DEV_ATTR_AICORE_CORE_NUM, value);
    case ACL_DEVICE_INFO_VECTOR_CORE_NUM:
      return aclrtGetDeviceInfo(deviceId, ACL_DEV_ATTR_VECTOR_CORE_NUM, value);
    case ACL_DEVICE_INFO_L2_SIZE:
      return aclrtGetDeviceInfo(deviceId, ACL_DEV_ATTR_L2_CACHE_SIZE, value);
    default:
      return Call(__func__, [&] {
        return Fail(ACL_ERROR_INVALID_PARAM, "deviceInfo is %d, want an aclDeviceInfo",
                    static_cast<int>(deviceInfo));
      });
  }
}

aclError aclrtDeviceCanAccessPeer(int32_t* canAccessPeer, int32_t deviceId, int32_t peerDeviceId) {
  return Call(__func__, [&] {
    if (canAccessPeer == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "canAccessPeer is null");
    aclError status = host::CheckDevice("deviceId", deviceId);
    if (status == ACL_SUCCESS) status = host::CheckDevice("peerDeviceId", peerDeviceId);
    if (status == ACL_SUCCESS) *canAccessPeer = deviceId != peerDeviceId ? 1 : 0;
    return status;
  });
}

aclError aclrtDeviceEnablePeerAccess(int32_t peerDeviceId, uint32_t flags) {
  return Call(__func__, [&] {
    if (flags != 0) return Fail(ACL_ERROR_INVALID_PARAM, "flags is %u, want 0", flags);
    std::pair<int32_t, int32_t> link;
    const aclError status = host::CheckPeer(peerDeviceId, &link);
    if (status != ACL_SUCCESS) return status;
    const std::lock_guard<std::mutex> lock(host::AllPeers().mutex);
    host::AllPeers().enabled.insert(link);
    return ACL_SUCCESS;
  });
}

aclError aclrtDeviceDisablePeerAccess(int32_t peerDeviceId) {
  return Call(__func__, [&] {
    std::pair<int32_t, int32_t> link;
    const aclError status = host::CheckPeer(peerDeviceId, &link);
    if (status != ACL_SUCCESS) return status;
    const std::lock_guard<std::mutex> lock(host::AllPeers().mutex);
    if (host::AllPeers().enabled.erase(link) == 0) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID, "access from device %d to device %d is not enabled",
                  link.first, link.second);
    }
    return ACL_SUCCESS;
  });
}

aclError aclrtDevicePeerAccessStatus(int32_t deviceId, int32_t peerDeviceId, int32_t* status) {
  return Call(__func__, [&] {
    if (status == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "status is null");
    aclError result = host::CheckDevice("deviceId", deviceId);
    if (result == ACL_SUCCESS) result = host::CheckDevice("peerDeviceId", peerDeviceId);
    if (result != ACL_SUCCESS) return result;
    const std::lock_guard<std::mutex> lock(host::AllPeers().mutex);
    *status = host::AllPeers().enabled.count({deviceId, peerDeviceId}) != 0 ? 1 : 0;
    return ACL_SUCCESS;
  });
}

}  // extern "C"
