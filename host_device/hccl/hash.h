// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace host_hccl {

constexpr uint64_t kHashSeed = 0xcbf29ce484222325;

// FNV-1a; `seed` chains calls. Tells things apart, protects against nothing.
inline uint64_t Hash(const void* bytes, size_t count, uint64_t seed = kHashSeed) {
  const auto* byte = static_cast<const unsigned char*>(bytes);
  for (size_t i = 0; i < count; ++i) seed = (seed ^ byte[i]) * 0x100000001b3;
  return seed;
}

}  // namespace host_hccl
