// SPDX-License-Identifier: Apache-2.0
// The log. CANN writes it into files; here it goes to standard error, and only where the
// environment asks for it with CANN's own variables.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "call.h"

namespace host {
namespace {

constexpr int kNothing = 4;  // ASCEND_GLOBAL_LOG_LEVEL: 0 debug, 1 info, 2 warning, 3 error, 4 none
constexpr const char* kLevelNames[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

int LowestShown() {
  const char* to_stdout = std::getenv("ASCEND_SLOG_PRINT_TO_STDOUT");
  if (to_stdout == nullptr || std::strcmp(to_stdout, "1") != 0) return kNothing;
  const char* level = std::getenv("ASCEND_GLOBAL_LOG_LEVEL");
  if (level == nullptr || std::strlen(level) != 1 || *level < '0' || *level > '4') return ACL_ERROR;
  return *level - '0';
}

}  // namespace
}  // namespace host

extern "C" void aclAppLog(aclLogLevel logLevel, const char* func, const char* file, uint32_t line,
                          const char* fmt, ...) {
  static const int lowest_shown = host::LowestShown();
  if (logLevel < lowest_shown || logLevel > ACL_ERROR || logLevel < ACL_DEBUG || fmt == nullptr) {
    return;
  }
  char text[1024];
  va_list arguments;
  va_start(arguments, fmt);
  std::vsnprintf(text, sizeof(text), fmt, arguments);
  va_end(arguments);
  // One call, so that lines of several threads stay whole.
  std::fprintf(stderr, "[%s] %s:%u %s: %s\n", host::kLevelNames[logLevel],
               file == nullptr ? "" : file, line, func == nullptr ? "" : func, text);
}
