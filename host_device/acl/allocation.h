// SPDX-License-Identifier: Apache-2.0
// All memory that the runtime knows, by address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "host_runtime.h"

namespace host {

enum class MemoryKind {
  kUnknown,     // the program's own, or nobody's
  kDevice,      // aclrtMalloc
  kPinned,      // aclrtMallocHost
  kRegistered,  // the program's own, made known with aclrtHostRegister: host and device memory
  kPhysical,    // aclrtMallocPhysical: only its mappings can be used
  kMapped,      // reserved addresses with physical memory behind them
};

const char* MemoryName(MemoryKind kind);

// Where [address, address + bytes) lies.
struct MemoryRange {
  MemoryKind kind = MemoryKind::kUnknown;
  int32_t device = 0;
  // False when it begins in an allocation and ends beyond it, or runs into one.
  bool inside = true;
  uintptr_t base = 0;  // the allocation, if there is one
  size_t size = 0;

  std::string Describe() const;  // "the device memory at 0x.. (64 bytes)"
  bool host_side() const {
    return kind == MemoryKind::kUnknown || kind == MemoryKind::kPinned ||
           kind == MemoryKind::kRegistered;
  }
  bool device_side() const {
    return kind == MemoryKind::kDevice || kind == MemoryKind::kMapped ||
           kind == MemoryKind::kRegistered;
  }
};

MemoryRange FindMemory(const void* address, size_t bytes);

aclError Allocate(MemoryKind kind, int32_t device, size_t bytes, void** address);
aclError Free(MemoryKind kind, const char* parameter, void* address);
aclError RegisterHost(void* address, size_t bytes, int32_t device);
aclError UnregisterHost(void* address);

// Makes addresses known that physical memory has been mapped to, and forgets them.
void AddMapped(void* address, size_t bytes, int32_t device);
void RemoveMapped(void* address);

// What aclrtMalloc gave out on a device and nobody freed.
void FreeDeviceMemory(int32_t device);

uint64_t AllocatedBytes();

}  // namespace host
