// SPDX-License-Identifier: Apache-2.0
// Refusals of this library, and the frame of its extern "C" functions.
#pragma once

#include <exception>
#include <new>

#include "aclnn/acl_meta.h"
#include "aclnn/opdev/op_errno.h"
#include "host_runtime.h"

namespace host {

// Sets the thread's error text and gives `status` back.
template <typename... Arguments>
aclnnStatus Refuse(aclnnStatus status, const char* format, Arguments... arguments) {
  HostSetErrorText(format, arguments...);
  return status;
}

template <typename Body>
aclnnStatus Guard(const char* function, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Refuse(ACLNN_ERR_INNER, "%s: out of host memory", function);
  } catch (const std::exception& error) {
    return Refuse(ACLNN_ERR_INNER, "%s: %s", function, error.what());
  }
}

// For functions of the seam, whose texts bear no name.
template <typename Body>
aclnnStatus SeamGuard(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Refuse(ACLNN_ERR_INNER, "%s", "out of host memory");
  } catch (const std::exception& error) {
    return Refuse(ACLNN_ERR_INNER, "%s", error.what());
  }
}

}  // namespace host
