// SPDX-License-Identifier: Apache-2.0
// What libopapi.so needs beside itself: torch_npu finds the refusal of an operator by name, while
// libopapi.so's own table of symbols, which everybody else reads, holds what is really there.
#include <exception>

#include "absent_names.h"
#include "aclnn/acl_meta.h"
#include "aclnn/opdev/op_errno.h"
#include "exported_operators.h"
#include "host_runtime.h"

namespace host {
namespace {

aclnnStatus Absent(const char* function) {
  try {
    HostSetErrorText(
        "%s: the host device does not have this operator. There are, each with aclnn before its "
        "name:%s",
        function, ExportedOperators().c_str());
  } catch (const std::exception&) {
    HostSetErrorText("%s: the host device does not have this operator", function);
  }
  return ACLNN_ERR_INNER_FIND_KERNEL_ERROR;
}

}  // namespace
}  // namespace host

// Their parameters are not looked at: the caller of a C function cleans up its own arguments.
#define HOST_ABSENT_OPERATOR(name)                                             \
  extern "C" ACL_FUNC_VISIBILITY aclnnStatus aclnn##name##GetWorkspaceSize() { \
    return host::Absent(__func__);                                             \
  }                                                                            \
  extern "C" ACL_FUNC_VISIBILITY aclnnStatus aclnn##name() { return host::Absent(__func__); }

HOST_ABSENT_OPERATORS(HOST_ABSENT_OPERATOR)
