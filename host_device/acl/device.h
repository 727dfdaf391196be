// SPDX-License-Identifier: Apache-2.0
// Devices are numbers from 0 to ACLNN_MOE_HOST_DEVICES - 1; each has one default context, which
// counts its users.
#pragma once

#include <memory>

#include "host_runtime.h"

namespace host {

class Context;

aclError DeviceCount(uint32_t* count);
aclError CheckDevice(const char* parameter, int64_t device);

// A context that the program asked for. In turn with resets, which free the memory of a device when
// its last context goes.
std::shared_ptr<Context> NewExplicitContext(int32_t device);

// What the machine has: every device works in all of it.
uint64_t MachineMemoryBytes();

}  // namespace host
