// SPDX-License-Identifier: Apache-2.0
// Dump of what operators read and write: a service of CANN's tools that is not here.
#include "call.h"

namespace host {
namespace {

aclError NoDump(const char* function) {
  return Call(function, [] {
    return Fail(ACL_ERROR_API_NOT_SUPPORT,
                "the host device dumps no operators; do without the dump (with torch_npu: unset "
                "ACL_DUMP_DATA) and look at tensors with .cpu()");
  });
}

}  // namespace
}  // namespace host

extern "C" {

aclError aclmdlInitDump() { return host::NoDump(__func__); }

aclError aclmdlSetDump(const char* /*dumpCfgPath*/) { return host::NoDump(__func__); }

aclError aclmdlFinalizeDump() { return host::NoDump(__func__); }

}  // extern "C"
