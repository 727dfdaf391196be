// SPDX-License-Identifier: Apache-2.0
#include "op_plan/refusal.h"

#include <cstdarg>
#include <cstdio>

namespace op_plan {

Refusal Refuse(Status status, const char* format, ...) {
  char text[768];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return Refusal{status, text};
}

}  // namespace op_plan
