// SPDX-License-Identifier: Apache-2.0
// Numbers that the environment sets.
#pragma once

#include <cstdint>
#include <string>

namespace host {

struct Setting {
  uint32_t value;
  std::string refusal;  // why there is none
};

// Devices of this machine.
const Setting& DeviceCountSetting();
// CPU cores that kernels may use; 0: those that the scheduler gives the process.
const Setting& CoreCountSetting();

}  // namespace host
