// SPDX-License-Identifier: Apache-2.0
// The frame around every function of the C interface: no exception crosses, and a failure leaves
// its text with the calling thread.
#pragma once

#include <new>

#include "host_runtime.h"
#include "outcome.h"

namespace host_hccl {

template <typename Body>
HcclResult ApiCall(const char* function, Body body) {
  try {
    const Outcome outcome = body();
    if (!outcome.ok()) HostSetErrorText("%s: %s", function, outcome.text.c_str());
    return outcome.code;
  } catch (const std::bad_alloc&) {
    HostSetErrorText("%s: out of memory", function);
    return HCCL_E_OOM;
  } catch (...) {
    HostSetErrorText("%s: internal error", function);
    return HCCL_E_INTERNAL;
  }
}

}  // namespace host_hccl
