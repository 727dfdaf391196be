// SPDX-License-Identifier: Apache-2.0
// The frame of every extern "C" function: a refusal after fork, exceptions turned into a status,
// and texts that begin with the function's name.
#pragma once

#include <exception>
#include <new>

#include "host_runtime.h"

namespace host {

// Sets the calling thread's error text ("<function>: <text>") and last status; returns `status`.
aclError Fail(aclError status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The same without the function's name, for failures that happened elsewhere.
aclError FailAs(aclError status, const char* text);

// Names the function for Fail as long as it lives.
class CallName {
 public:
  explicit CallName(const char* function);
  ~CallName();
  CallName(const CallName&) = delete;
  CallName& operator=(const CallName&) = delete;

 private:
  const char* outer_;
};

// True in a child of a process that had used the runtime before fork: its workers are gone and its
// locks may be held for ever.
bool InForkedChild();
aclError FailForked();

// The frame of the seam's functions: the text bears the name of who called, if of anybody.
template <typename Body>
aclError SeamCall(Body&& body) noexcept {
  if (InForkedChild()) return FailForked();
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Fail(ACL_ERROR_BAD_ALLOC, "out of host memory");
  } catch (const std::exception& error) {
    return Fail(ACL_ERROR_INTERNAL_ERROR, "%s", error.what());
  }
}

template <typename Body>
aclError Call(const char* function, Body&& body) noexcept {
  CallName name(function);
  return SeamCall(body);
}

}  // namespace host
