// SPDX-License-Identifier: Apache-2.0
#include "allocation.h"

#include <algorithm>
#include <cinttypes>
#include <cstdlib>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "call.h"
#include "device.h"
#include "device_heap.h"

namespace host {
namespace {

constexpr size_t kAlignment = 512;

struct Allocation {
  size_t size;
  int32_t device;
  MemoryKind kind;
};

struct Registry {
  std::shared_mutex mutex;
  std::map<uintptr_t, Allocation> by_base;
  uint64_t allocated_bytes = 0;
};

Registry& All() {
  static auto& registry = *new Registry;
  return registry;
}

// Device memory comes from the heap that peers can read; when that is full, from the process's own.
void* Take(MemoryKind kind, size_t bytes) {
  if (kind == MemoryKind::kPhysical) return DeviceHeap::Instance().AllocatePages(bytes);
  void* memory = kind == MemoryKind::kDevice ? DeviceHeap::Instance().Allocate(bytes) : nullptr;
  if (memory == nullptr && posix_memalign(&memory, kAlignment, bytes) != 0) return nullptr;
  return memory;
}

void GiveBack(MemoryKind kind, void* address) {
  DeviceHeap& heap = DeviceHeap::Instance();
  if (kind == MemoryKind::kPhysical) return heap.FreePages(address);
  heap.Holds(address) ? heap.Free(address) : std::free(address);
}

// Tensors run across the seams of memory that was mapped piece by piece.
void ExtendMapped(const std::map<uintptr_t, Allocation>& by_base, MemoryRange* range,
                  uintptr_t end) {
  for (auto next = by_base.find(range->base + range->size);
       range->base + range->size < end && next != by_base.end() &&
       next->second.kind == MemoryKind::kMapped && next->second.device == range->device;
       next = by_base.find(range->base + range->size)) {
    range->size += next->second.size;
  }
  range->inside = end <= range->base + range->size;
}

// With the registry locked.
MemoryRange Locate(const Registry& registry, uintptr_t address, size_t bytes) {
  MemoryRange range;
  auto next = registry.by_base.upper_bound(address);
  if (next != registry.by_base.begin()) {
    const auto& [base, allocation] = *std::prev(next);
    if (address - base < allocation.size) {
      const bool inside = bytes <= allocation.size - (address - base);
      range = {allocation.kind, allocation.device, inside, base, allocation.size};
      if (!inside && range.kind == MemoryKind::kMapped && bytes <= UINTPTR_MAX - address) {
        ExtendMapped(registry.by_base, &range, address + bytes);
      }
      return range;
    }
  }
  if (next != registry.by_base.end() && next->first - address < bytes) {
    return {next->second.kind, next->second.device, false, next->first, next->second.size};
  }
  return range;
}

}  // namespace

const char* MemoryName(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::kDevice:
      return "device memory";
    case MemoryKind::kPinned:
      return "pinned host memory";
    case MemoryKind::kRegistered:
      return "registered host memory";
    case MemoryKind::kPhysical:
      return "physical memory that is not mapped there";
    case MemoryKind::kMapped:
      return "mapped device memory";
    case MemoryKind::kUnknown:
      break;
  }
  return "host memory";
}

std::string MemoryRange::Describe() const {
  if (kind == MemoryKind::kUnknown) return "no memory that the runtime knows";
  char text[160];
  std::snprintf(text, sizeof(text), "the %s at 0x%" PRIxPTR " (%zu bytes, device %d)",
                MemoryName(kind), base, size, device);
  return text;
}

MemoryRange FindMemory(const void* address, size_t bytes) {
  Registry& registry = All();
  const std::shared_lock<std::shared_mutex> lock(registry.mutex);
  return Locate(registry, reinterpret_cast<uintptr_t>(address), bytes);
}

aclError Allocate(MemoryKind kind, int32_t device, size_t bytes, void** address) {
  Registry& registry = All();
  const std::unique_lock<std::shared_mutex> lock(registry.mutex);
  const uint64_t total = MachineMemoryBytes();
  // Before the allocator is asked: some (AddressSanitizer's) end the process on a huge size.
  const uint64_t left = total - std::min<uint64_t>(total, registry.allocated_bytes);
  if (bytes > left) {
    return Fail(ACL_ERROR_RT_MEMORY_ALLOCATION,
                "size is %zu bytes; this machine has %" PRIu64 ", of which %" PRIu64
                " are given out already",
                bytes, total, registry.allocated_bytes);
  }
  void* const memory = Take(kind, bytes);
  if (memory == nullptr) {
    return Fail(ACL_ERROR_RT_MEMORY_ALLOCATION, "the system has no %zu bytes left", bytes);
  }
  try {
    registry.by_base.emplace(reinterpret_cast<uintptr_t>(memory), Allocation{bytes, device, kind});
  } catch (...) {
    GiveBack(kind, memory);
    throw;
  }
  registry.allocated_bytes += bytes;
  *address = memory;
  return ACL_SUCCESS;
}

aclError Free(MemoryKind kind, const char* parameter, void* address) {
  if (address == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "%s is null", parameter);
  Registry& registry = All();
  {
    const std::unique_lock<std::shared_mutex> lock(registry.mutex);
    const auto found = registry.by_base.find(reinterpret_cast<uintptr_t>(address));
    if (found == registry.by_base.end() || found->second.kind != kind) {
      const MemoryRange range = Locate(registry, reinterpret_cast<uintptr_t>(address), 1);
      return Fail(ACL_ERROR_RT_PARAM_INVALID, "%s %p is not the address of live %s; it lies in %s",
                  parameter, address, MemoryName(kind), range.Describe().c_str());
    }
    registry.allocated_bytes -= found->second.size;
    registry.by_base.erase(found);
  }
  GiveBack(kind, address);
  return ACL_SUCCESS;
}

aclError RegisterHost(void* address, size_t bytes, int32_t device) {
  Registry& registry = All();
  const std::unique_lock<std::shared_mutex> lock(registry.mutex);
  const uintptr_t base = reinterpret_cast<uintptr_t>(address);
  if (bytes > UINTPTR_MAX - base) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "size %zu goes beyond the address space", bytes);
  }
  const MemoryRange known = Locate(registry, base, bytes);
  if (known.kind != MemoryKind::kUnknown) {
    return Fail(ACL_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "[%p, %p + %zu) overlaps %s", address,
                address, bytes, known.Describe().c_str());
  }
  registry.by_base.emplace(base, Allocation{bytes, device, MemoryKind::kRegistered});
  return ACL_SUCCESS;
}

aclError UnregisterHost(void* address) {
  Registry& registry = All();
  const std::unique_lock<std::shared_mutex> lock(registry.mutex);
  const auto found = registry.by_base.find(reinterpret_cast<uintptr_t>(address));
  if (found == registry.by_base.end() || found->second.kind != MemoryKind::kRegistered) {
    return Fail(ACL_ERROR_HOST_MEMORY_NOT_REGISTERED,
                "%p is not the first address of a registered range", address);
  }
  registry.by_base.erase(found);
  return ACL_SUCCESS;
}

void AddMapped(void* address, size_t bytes, int32_t device) {
  Registry& registry = All();
  const std::unique_lock<std::shared_mutex> lock(registry.mutex);
  registry.by_base.emplace(reinterpret_cast<uintptr_t>(address),
                           Allocation{bytes, device, MemoryKind::kMapped});
}

void RemoveMapped(void* address) {
  Registry& registry = All();
  const std::unique_lock<std::shared_mutex> lock(registry.mutex);
  registry.by_base.erase(reinterpret_cast<uintptr_t>(address));
}

void FreeDeviceMemory(int32_t device) {
  Registry& registry = All();
  const std::unique_lock<std::shared_mutex> lock(registry.mutex);
  for (auto entry = registry.by_base.begin(); entry != registry.by_base.end();) {
    if (entry->second.kind == MemoryKind::kDevice && entry->second.device == device) {
      GiveBack(MemoryKind::kDevice, reinterpret_cast<void*>(entry->first));
      registry.allocated_bytes -= entry->second.size;
      entry = registry.by_base.erase(entry);
    } else {
      ++entry;
    }
  }
}

uint64_t AllocatedBytes() {
  Registry& registry = All();
  const std::shared_lock<std::shared_mutex> lock(registry.mutex);
  return registry.allocated_bytes;
}

}  // namespace host

extern "C" bool HostIsDeviceMemory(const void* address, size_t bytes) {
  if (host::InForkedChild()) return false;
  const host::MemoryRange range = host::FindMemory(address, bytes);
  return range.inside && range.device_side();
}

extern "C" bool HostGetDeviceHeap(HostDeviceHeap* heap) {
  const host::DeviceHeap& own = host::DeviceHeap::Instance();
  if (!own.mapped() || host::InForkedChild()) return false;
  *heap = {own.fd(), own.base(), own.bytes()};
  return true;
}
