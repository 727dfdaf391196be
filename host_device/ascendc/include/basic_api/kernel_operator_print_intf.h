// SPDX-License-Identifier: Apache-2.0
// printf of a core, on the standard output of the process.
#pragma once

#include <cstdio>

namespace AscendC {

template <class... Args>
inline void printf(const char* format, Args... args) {
  if constexpr (sizeof...(args) == 0) {
    std::fputs(format, stdout);
  } else {
    std::printf(format, args...);
  }
}

}  // namespace AscendC
