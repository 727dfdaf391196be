// SPDX-License-Identifier: Apache-2.0
// Devices are numbers from 0 to ACLNN_MOE_HOST_DEVICES - 1; each has one default context, which counts
// its users.
#pragma once

#include "host_runtime.h"

namespace host {

aclError DeviceCount(uint32_t* count);
aclError CheckDevice(const char* parameter, int64_t device);

// What the machine has: every device works in all of it.
uint64_t MachineMemoryBytes();

}  // namespace host
