// SPDX-License-Identifier: Apache-2.0
// Reserved addresses and the physical memory behind them.
#pragma once

#include <cstdint>

namespace host {

// What aclrtMallocPhysical gave out on a device and nobody freed, with its mappings. The addresses
// stay reserved.
void FreePhysicalMemory(int32_t device);

}  // namespace host
