// SPDX-License-Identifier: Apache-2.0
// The runtime below acl: what generated kernels in NPU machine code are launched with.
#include "refuse.h"

using rtError_t = int32_t;

namespace {

rtError_t NoMachineCode(const char* function) {
  return host::Refuse(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                      "%s: the host device cannot run kernels in NPU machine code; it runs the "
                      "aclnn operators of libopapi and of operator packages built for it",
                      function);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

rtError_t rtDevBinaryRegister(const void* /*bin*/, void** /*handle*/) {
  return NoMachineCode(__func__);
}

rtError_t rtFunctionRegister(void* /*binHandle*/, const void* /*stubFunc*/,
                             const char* /*stubName*/, const void* /*devFunc*/,
                             uint32_t /*funcMode*/) {
  return NoMachineCode(__func__);
}

rtError_t rtKernelLaunch(const void* /*stubFunc*/, uint32_t /*blockDim*/, void* /*args*/,
                         uint32_t /*argsSize*/, void* /*smDesc*/, void* /*stream*/) {
  return NoMachineCode(__func__);
}

rtError_t rtGetC2cCtrlAddr(uint64_t* /*addr*/, uint32_t* /*len*/) {
  return NoMachineCode(__func__);
}

}  // extern "C"
#pragma GCC visibility pop
