// SPDX-License-Identifier: Apache-2.0
// Where in the kernel's source a call stands. Every function of the API takes one as a defaulted
// last argument, which the compiler fills in at the call.
#pragma once

namespace host_ascendc {

struct Place {
  constexpr explicit Place(const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : file(file), line(line) {}
  const char* file;
  int line;
};

}  // namespace host_ascendc
