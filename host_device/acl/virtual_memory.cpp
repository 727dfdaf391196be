// SPDX-License-Identifier: Apache-2.0
// Addresses are reserved as a mapping that nobody may touch. Physical memory is a part of the
// device heap, and mapping it means to map that part of the heap's file once more, at the reserved
// place.
#include "virtual_memory.h"

#include <sys/mman.h>

#include <cinttypes>
#include <map>
#include <memory>
#include <mutex>

#include "allocation.h"
#include "call.h"
#include "device.h"
#include "device_heap.h"
#include "handle_table.h"

namespace host {
namespace {

constexpr size_t kPage = DeviceHeap::kPageBytes;
constexpr uint64_t kHugePages = 1;  // the only flag of aclrtReserveMemAddress

struct PhysicalMemory {
  void* address;  // in the heap
  size_t bytes;
  int32_t device;
  uint32_t mappings = 0;
};

struct Mapping {
  size_t bytes;
  std::shared_ptr<PhysicalMemory> memory;
};

struct AddressSpace {
  std::mutex mutex;
  std::map<uintptr_t, size_t> reserved;
  std::map<uintptr_t, Mapping> mapped;
};

AddressSpace& Addresses() {
  static auto& addresses = *new AddressSpace;
  return addresses;
}

HandleTable<PhysicalMemory>& Physical() {
  // Never destroyed, as the addresses.
  static auto& physical = *new HandleTable<PhysicalMemory>(kPhysicalMemoryKind);
  return physical;
}

aclError NoPhysical(aclrtDrvMemHandle handle) {
  return Fail(ACL_ERROR_RT_PARAM_INVALID, "handle %p is not live physical memory", handle);
}

aclError CheckProperties(const aclrtPhysicalMemProp* properties) {
  if (properties == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "prop is null");
  if (properties->handleType != ACL_MEM_HANDLE_TYPE_NONE) {
    return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                "prop->handleType is %d; the host device knows ACL_MEM_HANDLE_TYPE_NONE only",
                static_cast<int>(properties->handleType));
  }
  if (properties->allocationType != ACL_MEM_ALLOCATION_TYPE_PINNED) {
    return Fail(ACL_ERROR_INVALID_PARAM,
                "prop->allocationType is %d, want ACL_MEM_ALLOCATION_TYPE_PINNED",
                static_cast<int>(properties->allocationType));
  }
  if (properties->location.type != ACL_MEM_LOCATION_TYPE_DEVICE) {
    return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                "prop->location.type is %d; the host device knows ACL_MEM_LOCATION_TYPE_DEVICE "
                "only",
                static_cast<int>(properties->location.type));
  }
  if (properties->memAttr < ACL_DDR_MEM || properties->memAttr > ACL_MEM_P2P_HUGE1G) {
    return Fail(ACL_ERROR_INVALID_PARAM, "prop->memAttr is %d, want an aclrtMemAttr",
                static_cast<int>(properties->memAttr));
  }
  return CheckDevice("prop->location.id", properties->location.id);
}

// Whether the reservation that holds `address` holds `bytes` from there on, all of them unmapped.
aclError CheckUnmapped(const AddressSpace& addresses, uintptr_t address, size_t bytes) {
  const auto after = addresses.reserved.upper_bound(address);
  const auto reservation = after == addresses.reserved.begin() ? after : std::prev(after);
  if (reservation == after || address - reservation->first >= reservation->second ||
      bytes > reservation->second - (address - reservation->first)) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID,
                "[0x%" PRIxPTR ", + %zu) lies in no range that aclrtReserveMemAddress gave",
                address, bytes);
  }
  const auto next = addresses.mapped.lower_bound(address);
  const bool hits_next = next != addresses.mapped.end() && next->first - address < bytes;
  const bool hits_before = next != addresses.mapped.begin() &&
                           address - std::prev(next)->first < std::prev(next)->second.bytes;
  if (hits_next || hits_before) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID,
                "[0x%" PRIxPTR ", + %zu) is mapped in part already; aclrtUnmapMem it first",
                address, bytes);
  }
  return ACL_SUCCESS;
}

// Addresses that nobody may touch, in place of what is mapped there, or anywhere.
void* Reserve(void* address, size_t bytes) {
  const int fixed = address == nullptr ? 0 : MAP_FIXED;
  return mmap(address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1,
              0);
}

aclError UnmapLocked(AddressSpace* addresses, std::map<uintptr_t, Mapping>::iterator mapping) {
  void* const address = reinterpret_cast<void*>(mapping->first);
  if (Reserve(address, mapping->second.bytes) == MAP_FAILED) {
    return Fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the system did not unmap %p", address);
  }
  RemoveMapped(address);
  --mapping->second.memory->mappings;
  addresses->mapped.erase(mapping);
  return ACL_SUCCESS;
}

}  // namespace

void FreePhysicalMemory(int32_t device) {
  AddressSpace& addresses = Addresses();
  const std::lock_guard<std::mutex> lock(addresses.mutex);
  for (const auto& [handle, memory] : Physical().All()) {
    if (memory->device != device) continue;
    bool all_unmapped = true;
    for (auto mapping = addresses.mapped.begin(); mapping != addresses.mapped.end();) {
      const auto next = std::next(mapping);
      if (mapping->second.memory == memory) {
        all_unmapped = UnmapLocked(&addresses, mapping) == ACL_SUCCESS && all_unmapped;
      }
      mapping = next;
    }
    if (!all_unmapped || Physical().Remove(handle) == nullptr) continue;
    Free(MemoryKind::kPhysical, "handle", memory->address);
  }
}

}  // namespace host

using host::Addresses;
using host::AddressSpace;
using host::Call;
using host::Fail;
using host::Physical;
using host::PhysicalMemory;

extern "C" {

aclError aclrtReserveMemAddress(void** virPtr, size_t size, size_t alignment, void* expectPtr,
                                uint64_t flags) {
  return Call(__func__, [&] {
    if (virPtr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "virPtr is null");
    if (size == 0) return Fail(ACL_ERROR_INVALID_PARAM, "size is 0, want at least 1");
    if (alignment != 0) {
      return Fail(ACL_ERROR_INVALID_PARAM, "alignment is %zu, want 0: it is reserved", alignment);
    }
    if (expectPtr != nullptr) {
      return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                  "expectPtr is %p; the host device chooses the address, want null", expectPtr);
    }
    if (flags > host::kHugePages) {
      return Fail(ACL_ERROR_INVALID_PARAM, "flags is %" PRIu64 ", want 0 or 1 (huge pages)", flags);
    }
    // Whole pages, and one more to begin at a whole one.
    if (size > SIZE_MAX - 2 * host::kPage) {
      return Fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the system has no %zu addresses left", size);
    }
    const size_t bytes = (size + host::kPage - 1) / host::kPage * host::kPage;
    void* const taken = host::Reserve(nullptr, bytes + host::kPage);
    if (taken == MAP_FAILED) {
      return Fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the system has no %zu addresses left", size);
    }
    const auto start = reinterpret_cast<uintptr_t>(taken);
    const uintptr_t base = (start + host::kPage - 1) / host::kPage * host::kPage;
    if (base > start) munmap(taken, base - start);
    munmap(reinterpret_cast<void*>(base + bytes), start + host::kPage - base);
    AddressSpace& addresses = Addresses();
    const std::lock_guard<std::mutex> lock(addresses.mutex);
    try {
      addresses.reserved.emplace(base, bytes);
    } catch (...) {
      munmap(reinterpret_cast<void*>(base), bytes);
      throw;
    }
    *virPtr = reinterpret_cast<void*>(base);
    return ACL_SUCCESS;
  });
}

aclError aclrtReleaseMemAddress(void* virPtr) {
  return Call(__func__, [&] {
    if (virPtr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "virPtr is null");
    AddressSpace& addresses = Addresses();
    const std::lock_guard<std::mutex> lock(addresses.mutex);
    const auto found = addresses.reserved.find(reinterpret_cast<uintptr_t>(virPtr));
    if (found == addresses.reserved.end()) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID,
                  "virPtr %p is not what aclrtReserveMemAddress gave, or is released already",
                  virPtr);
    }
    const auto mapping = addresses.mapped.lower_bound(found->first);
    if (mapping != addresses.mapped.end() && mapping->first - found->first < found->second) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID,
                  "memory is mapped at 0x%" PRIxPTR " of it; aclrtUnmapMem that first",
                  mapping->first);
    }
    munmap(virPtr, found->second);
    addresses.reserved.erase(found);
    return ACL_SUCCESS;
  });
}

aclError aclrtMallocPhysical(aclrtDrvMemHandle* handle, size_t size,
                             const aclrtPhysicalMemProp* prop, uint64_t flags) {
  return Call(__func__, [&] {
    if (handle == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "handle is null");
    if (size == 0 || size % host::kPage != 0) {
      return Fail(ACL_ERROR_INVALID_PARAM, "size is %zu, want a multiple of %zu", size,
                  host::kPage);
    }
    if (flags != 0) return Fail(ACL_ERROR_INVALID_PARAM, "flags is %" PRIu64 ", want 0", flags);
    aclError status = host::CheckProperties(prop);
    if (status != ACL_SUCCESS) return status;
    auto memory = std::make_shared<PhysicalMemory>();
    memory->bytes = size;
    memory->device = static_cast<int32_t>(prop->location.id);
    status = host::Allocate(host::MemoryKind::kPhysical, memory->device, size, &memory->address);
    if (status != ACL_SUCCESS) return status;
    void* const address = memory->address;
    try {
      *handle = Physical().Add(std::move(memory));
    } catch (...) {
      host::Free(host::MemoryKind::kPhysical, "handle", address);
      throw;
    }
    return ACL_SUCCESS;
  });
}

aclError aclrtFreePhysical(aclrtDrvMemHandle handle) {
  return Call(__func__, [&] {
    // Locked, so that nobody maps it meanwhile.
    const std::lock_guard<std::mutex> lock(Addresses().mutex);
    const std::shared_ptr<PhysicalMemory> memory = Physical().Find(handle);
    if (memory == nullptr) return host::NoPhysical(handle);
    if (memory->mappings > 0) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID,
                  "the memory of handle %p is mapped still; aclrtUnmapMem it first", handle);
    }
    Physical().Remove(handle);
    return host::Free(host::MemoryKind::kPhysical, "handle", memory->address);
  });
}

aclError aclrtMapMem(void* virPtr, size_t size, size_t offset, aclrtDrvMemHandle handle,
                     uint64_t flags) {
  return Call(__func__, [&] {
    if (virPtr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "virPtr is null");
    if (flags != 0) return Fail(ACL_ERROR_INVALID_PARAM, "flags is %" PRIu64 ", want 0", flags);
    const auto address = reinterpret_cast<uintptr_t>(virPtr);
    if (size == 0 || size % host::kPage != 0 || offset % host::kPage != 0 ||
        address % host::kPage != 0) {
      return Fail(ACL_ERROR_INVALID_PARAM,
                  "virPtr is %p, size %zu, offset %zu; want multiples of %zu", virPtr, size, offset,
                  host::kPage);
    }
    AddressSpace& addresses = Addresses();
    const std::lock_guard<std::mutex> lock(addresses.mutex);
    const std::shared_ptr<PhysicalMemory> memory = Physical().Find(handle);
    if (memory == nullptr) return host::NoPhysical(handle);
    if (offset > memory->bytes || size > memory->bytes - offset) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID,
                  "size %zu at offset %zu goes beyond the %zu bytes of handle %p", size, offset,
                  memory->bytes, handle);
    }
    const aclError status = host::CheckUnmapped(addresses, address, size);
    if (status != ACL_SUCCESS) return status;
    const host::DeviceHeap& heap = host::DeviceHeap::Instance();
    const auto place = static_cast<const uint8_t*>(memory->address) - heap.base();
    const auto mapping = addresses.mapped.emplace(address, host::Mapping{size, memory}).first;
    try {
      host::AddMapped(virPtr, size, memory->device);
    } catch (...) {
      addresses.mapped.erase(mapping);
      throw;
    }
    if (mmap(virPtr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
             heap.fd(), static_cast<off_t>(place) + static_cast<off_t>(offset)) == MAP_FAILED) {
      host::RemoveMapped(virPtr);
      addresses.mapped.erase(mapping);
      return Fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the system maps no more memory");
    }
    madvise(virPtr, size, MADV_DONTDUMP);
    ++memory->mappings;
    return ACL_SUCCESS;
  });
}

aclError aclrtUnmapMem(void* virPtr) {
  return Call(__func__, [&] {
    if (virPtr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "virPtr is null");
    AddressSpace& addresses = Addresses();
    const std::lock_guard<std::mutex> lock(addresses.mutex);
    const auto mapping = addresses.mapped.find(reinterpret_cast<uintptr_t>(virPtr));
    if (mapping == addresses.mapped.end()) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID, "nothing was mapped to %p with aclrtMapMem", virPtr);
    }
    return host::UnmapLocked(&addresses, mapping);
  });
}

aclError aclrtMemGetAllocationGranularity(aclrtPhysicalMemProp* prop,
                                          aclrtMemGranularityOptions option, size_t* granularity) {
  return Call(__func__, [&] {
    const aclError status = host::CheckProperties(prop);
    if (status != ACL_SUCCESS) return status;
    if (option != ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM &&
        option != ACL_RT_MEM_ALLOC_GRANULARITY_RECOMMENDED) {
      return Fail(ACL_ERROR_INVALID_PARAM, "option is %d, want minimum (0) or recommended (1)",
                  static_cast<int>(option));
    }
    if (granularity == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "granularity is null");
    *granularity = host::kPage;
    return ACL_SUCCESS;
  });
}

}  // extern "C"
