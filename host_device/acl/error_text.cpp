// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "call.h"

namespace host {
namespace {

// Room for the list of operators that there are.
constexpr size_t kTextBytes = 16384;

// Plain arrays: a thread may still fail while its other thread-local objects are being destroyed.
struct ThreadErrors {
  char pending[kTextBytes];
  char given[kTextBytes];
  const char* function;
  aclError last;
};
thread_local ThreadErrors errors;

void SetText(const char* prefix, const char* format, va_list arguments) {
  // Not into `pending` itself: an argument may point there.
  char text[kTextBytes];
  size_t length = 0;
  if (prefix != nullptr) {
    const int written = std::snprintf(text, sizeof(text), "%s: ", prefix);
    length = std::min(static_cast<size_t>(std::max(written, 0)), sizeof(text) - 1);
  }
  std::vsnprintf(text + length, sizeof(text) - length, format, arguments);
  std::memcpy(errors.pending, text, std::strlen(text) + 1);
}

}  // namespace

aclError Fail(aclError status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  SetText(errors.function, format, arguments);
  va_end(arguments);
  errors.last = status;
  return status;
}

aclError FailAs(aclError status, const char* text) {
  std::snprintf(errors.pending, sizeof(errors.pending), "%s", text);
  errors.last = status;
  return status;
}

CallName::CallName(const char* function) : outer_(errors.function) { errors.function = function; }

CallName::~CallName() { errors.function = outer_; }

}  // namespace host

extern "C" {

void HostSetErrorText(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  host::SetText(nullptr, format, arguments);
  va_end(arguments);
  // The status is another library's and no aclError. An older one would be taken for it: torch_npu
  // asks for the last error first and for the status that it was given only where there is none.
  host::errors.last = ACL_SUCCESS;
}

const char* aclGetRecentErrMsg() {
  host::ThreadErrors& errors = host::errors;
  if (errors.pending[0] == '\0') return nullptr;
  std::memcpy(errors.given, errors.pending, std::strlen(errors.pending) + 1);
  errors.pending[0] = '\0';
  return errors.given;
}

aclError aclrtPeekAtLastError(aclrtLastErrLevel level) {
  if (level != ACL_RT_THREAD_LEVEL) {
    host::CallName name(__func__);
    return host::Fail(ACL_ERROR_INVALID_PARAM, "level is %d, want ACL_RT_THREAD_LEVEL",
                      static_cast<int>(level));
  }
  return host::errors.last;
}

aclError aclrtGetLastError(aclrtLastErrLevel level) {
  const aclError last = aclrtPeekAtLastError(level);
  host::errors.last = ACL_SUCCESS;
  return last;
}

}  // extern "C"
