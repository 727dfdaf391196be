// SPDX-License-Identifier: Apache-2.0
// Every operator is a pair of functions: the first phase checks its arguments and gives the
// workspace's size and an executor; the second queues the operator on a stream and consumes the
// executor.
#pragma once

#include "aclnn/acl_meta.h"

#ifdef __cplusplus
#define ACLNN_C_LINKAGE extern "C"
#else
#define ACLNN_C_LINKAGE
#endif

// Declares both functions of operator `name`; the other arguments are the first phase's.
#define ACLNN_TWO_PHASES(name, ...)                                       \
  ACLNN_C_LINKAGE ACL_FUNC_VISIBILITY aclnnStatus name##GetWorkspaceSize( \
      __VA_ARGS__, uint64_t* workspaceSize, aclOpExecutor** executor);    \
  ACLNN_C_LINKAGE ACL_FUNC_VISIBILITY aclnnStatus name(                   \
      void* workspace, uint64_t workspaceSize, aclOpExecutor* executor, aclrtStream stream)
