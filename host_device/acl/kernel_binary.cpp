// SPDX-License-Identifier: Apache-2.0
// Kernels in NPU machine code, which no CPU runs.
#include "call.h"

namespace host {
namespace {

aclError NoKernelBinary(const char* function) {
  return Call(function, [] {
    return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                "a kernel binary holds NPU machine code, which the host device cannot run; it runs "
                "the aclnn operators of libopapi and of operator packages built for it");
  });
}

}  // namespace
}  // namespace host

extern "C" {

aclError aclrtBinaryLoadFromData(const void* /*data*/, size_t /*length*/,
                                 const aclrtBinaryLoadOptions* /*options*/,
                                 aclrtBinHandle* /*binHandle*/) {
  return host::NoKernelBinary(__func__);
}

aclError aclrtBinaryGetFunction(const aclrtBinHandle /*binHandle*/, const char* /*kernelName*/,
                                aclrtFuncHandle* /*funcHandle*/) {
  return host::NoKernelBinary(__func__);
}

aclError aclrtGetFunctionAddr(aclrtFuncHandle /*funcHandle*/, void** /*aicAddr*/,
                              void** /*aivAddr*/) {
  return host::NoKernelBinary(__func__);
}

}  // extern "C"
