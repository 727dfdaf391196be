// SPDX-License-Identifier: Apache-2.0
// Every status is looked at: ACL, HCCL and aclnn functions all return 0 or have a text.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "acl/acl.h"

// ACL_CALL(aclrtSetDevice(0)): ends the program with CANN's text when the call fails.
#define ACL_CALL(call) AclCheck(call, #call)

inline void AclCheck(int status, const char* call) {
  if (status == ACL_SUCCESS) return;
  const int name_bytes = static_cast<int>(std::strcspn(call, "("));
  const char* text = aclGetRecentErrMsg();  // of this thread's last failure; null without one
  std::fprintf(stderr, "%.*s: status %d: %s\n", name_bytes, call, status, text ? text : "no text");
  // Not exit(): other threads may be in a call that waits for this rank.
  std::_Exit(EXIT_FAILURE);
}
