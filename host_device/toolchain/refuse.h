// SPDX-License-Identifier: Apache-2.0
// The refusals of this room.
#pragma once

#include "host_runtime.h"

namespace host {

// Sets the thread's error text and gives `status` back.
template <typename... Arguments>
aclError Refuse(aclError status, const char* format, Arguments... arguments) {
  HostSetErrorText(format, arguments...);
  return status;
}

}  // namespace host
