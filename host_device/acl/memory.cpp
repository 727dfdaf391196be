// SPDX-License-Identifier: Apache-2.0
// Allocation and what is known of addresses.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "allocation.h"
#include "call.h"
#include "context.h"
#include "device.h"

namespace host {
namespace {

constexpr uint32_t kPolicyFlags =
    ACL_MEM_TYPE_LOW_BAND_WIDTH | ACL_MEM_TYPE_HIGH_BAND_WIDTH | ACL_MEM_ACCESS_USER_SPACE_READONLY;

aclError MallocDevice(void** address, size_t bytes, aclrtMemMallocPolicy policy) {
  if (address == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "devPtr is null");
  if (bytes == 0) return Fail(ACL_ERROR_INVALID_PARAM, "size is 0, want at least 1");
  const uint32_t page = static_cast<uint32_t>(policy) & ~kPolicyFlags;
  if (page > ACL_MEM_MALLOC_HUGE1G_ONLY_P2P) {
    return Fail(ACL_ERROR_INVALID_PARAM, "policy is %d, want an aclrtMemMallocPolicy",
                static_cast<int>(policy));
  }
  std::shared_ptr<Context> context;
  const aclError status = CurrentContext(&context);
  if (status != ACL_SUCCESS) return status;
  return Allocate(MemoryKind::kDevice, context->device(), bytes, address);
}

// What the system could still give, by its own estimate.
uint64_t AvailableBytes() {
  std::ifstream meminfo("/proc/meminfo");
  std::string name;
  uint64_t kilobytes = 0;
  std::string unit;
  while (meminfo >> name >> kilobytes && std::getline(meminfo, unit)) {
    if (name == "MemAvailable:") return kilobytes * 1024;
  }
  return MachineMemoryBytes() - std::min(MachineMemoryBytes(), AllocatedBytes());
}

}  // namespace
}  // namespace host

using host::Call;
using host::Fail;
using host::MemoryKind;

extern "C" {

aclError aclrtMalloc(void** devPtr, size_t size, aclrtMemMallocPolicy policy) {
  return Call(__func__, [&] { return host::MallocDevice(devPtr, size, policy); });
}

aclError aclrtMallocAlign32(void** devPtr, size_t size, aclrtMemMallocPolicy policy) {
  return Call(__func__, [&] { return host::MallocDevice(devPtr, size, policy); });
}

aclError aclrtMallocCached(void** devPtr, size_t size, aclrtMemMallocPolicy policy) {
  return Call(__func__, [&] { return host::MallocDevice(devPtr, size, policy); });
}

aclError aclrtFree(void* devPtr) {
  return Call(__func__, [&] { return host::Free(MemoryKind::kDevice, "devPtr", devPtr); });
}

aclError aclrtMallocHost(void** hostPtr, size_t size) {
  return Call(__func__, [&] {
    if (hostPtr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "hostPtr is null");
    if (size == 0) return Fail(ACL_ERROR_INVALID_PARAM, "size is 0, want at least 1");
    return host::Allocate(MemoryKind::kPinned, 0, size, hostPtr);
  });
}

aclError aclrtFreeHost(void* hostPtr) {
  return Call(__func__, [&] { return host::Free(MemoryKind::kPinned, "hostPtr", hostPtr); });
}

aclError aclrtHostRegister(void* ptr, uint64_t size, aclrtHostRegisterType type, void** devPtr) {
  return Call(__func__, [&] {
    if (ptr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "ptr is null");
    if (devPtr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "devPtr is null");
    if (size == 0) return Fail(ACL_ERROR_INVALID_PARAM, "size is 0, want at least 1");
    if (type != ACL_HOST_REGISTER_MAPPED) {
      return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                  "type is %d; the host device knows ACL_HOST_REGISTER_MAPPED only",
                  static_cast<int>(type));
    }
    std::shared_ptr<host::Context> context;
    aclError status = host::CurrentContext(&context);
    if (status == ACL_SUCCESS) status = host::RegisterHost(ptr, size, context->device());
    if (status == ACL_SUCCESS) *devPtr = ptr;
    return status;
  });
}

aclError aclrtHostUnregister(void* ptr) {
  return Call(__func__, [&] {
    if (ptr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "ptr is null");
    return host::UnregisterHost(ptr);
  });
}

aclError aclrtGetMemInfo(aclrtMemAttr attr, size_t* free, size_t* total) {
  return Call(__func__, [&] {
    if (free == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "free is null");
    if (total == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "total is null");
    if (attr < ACL_DDR_MEM || attr > ACL_MEM_P2P_HUGE1G) {
      return Fail(ACL_ERROR_INVALID_PARAM, "attr is %d, want an aclrtMemAttr",
                  static_cast<int>(attr));
    }
    std::shared_ptr<host::Context> context;
    const aclError status = host::CurrentContext(&context);
    if (status != ACL_SUCCESS) return status;
    *total = host::MachineMemoryBytes();
    *free = std::min<uint64_t>(host::AvailableBytes(), *total);
    return ACL_SUCCESS;
  });
}

aclError aclrtPointerGetAttributes(const void* ptr, aclrtPtrAttributes* attributes) {
  return Call(__func__, [&] {
    if (ptr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "ptr is null");
    if (attributes == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "attributes is null");
    const host::MemoryRange range = host::FindMemory(ptr, 1);
    *attributes = {};
    attributes->pageSize = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
    attributes->location.id = static_cast<uint32_t>(range.device);
    switch (range.kind) {
      case MemoryKind::kDevice:
      case MemoryKind::kMapped:
        attributes->location.type = ACL_MEM_LOCATION_TYPE_DEVICE;
        break;
      case MemoryKind::kPinned:
      case MemoryKind::kRegistered:
        attributes->location.type = ACL_MEM_LOCATION_TYPE_HOST;
        break;
      case MemoryKind::kPhysical:
      case MemoryKind::kUnknown:
        attributes->location.type = ACL_MEM_LOCATION_TYPE_UNREGISTERED;
        break;
    }
    return ACL_SUCCESS;
  });
}

}  // extern "C"
