// SPDX-License-Identifier: Apache-2.0
#include "fault.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "core.h"

namespace host_ascendc {
namespace {

std::string Format(const char* format, va_list arguments) {
  char text[1024];
  std::vsnprintf(text, sizeof(text), format, arguments);
  return text;
}

}  // namespace

std::string Text(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = Format(format, arguments);
  va_end(arguments);
  return text;
}

std::string Show(const Place& place) {
  const char* slash = std::strrchr(place.file, '/');
  return Text("%s:%d", slash == nullptr ? place.file : slash + 1, place.line);
}

void Fail(const Place& place, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const std::string text = Format(format, arguments);
  va_end(arguments);
  const Core& core = Core::Current();
  throw Fault{Show(place) + Text(": core %u of rank %u: ", core.index(), core.rank()) + text};
}

}  // namespace host_ascendc
