// SPDX-License-Identifier: Apache-2.0
// The pipes of a vector core. Instructions of one pipe start in order; different pipes overlap.
#pragma once

#include <cstdint>

namespace host_ascendc {

enum class Pipe : uint8_t { kScalar, kVector, kMte2, kMte3 };
constexpr int kPipes = 4;

constexpr int Index(Pipe pipe) { return static_cast<int>(pipe); }

constexpr const char* Name(Pipe pipe) {
  constexpr const char* kNames[kPipes] = {"S", "V", "MTE2", "MTE3"};
  return kNames[Index(pipe)];
}

}  // namespace host_ascendc
