// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "acl/acl.h"

// Why the last call of this thread failed; reading it clears it.
inline std::string RecentText() {
  const char* text = aclGetRecentErrMsg();
  return text == nullptr ? "" : text;
}
