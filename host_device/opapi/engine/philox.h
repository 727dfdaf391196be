// SPDX-License-Identifier: Apache-2.0
// Philox-4x32-10: random numbers by their number, so that any core can make any of them and the
// results are the same on any number of cores.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace opapi {

// The sequence of one call: `seed` is torch's, `offset` grows from call to call.
struct Philox {
  uint64_t seed;
  uint64_t offset;

  using Block = std::array<uint32_t, 4>;

  Block operator()(uint64_t index) const {
    constexpr uint64_t kFactor0 = 0xD2511F53;
    constexpr uint64_t kFactor1 = 0xCD9E8D57;
    constexpr uint32_t kWeyl0 = 0x9E3779B9;
    constexpr uint32_t kWeyl1 = 0xBB67AE85;
    auto key0 = static_cast<uint32_t>(seed);
    auto key1 = static_cast<uint32_t>(seed >> 32);
    Block counter = {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                     static_cast<uint32_t>(offset), static_cast<uint32_t>(offset >> 32)};
    for (int round = 0; round < 10; ++round) {
      const uint64_t product0 = kFactor0 * counter[0];
      const uint64_t product1 = kFactor1 * counter[2];
      counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0,
                 static_cast<uint32_t>(product1),
                 static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1,
                 static_cast<uint32_t>(product0)};
      key0 += kWeyl0;
      key1 += kWeyl1;
    }
    return counter;
  }

  // Calls put(i, draw(block, lane)) for the elements first, first + 1, ...; a block serves kLanes
  // of them.
  template <int kLanes, typename Draw, typename Put>
  void ForEach(int64_t first, int64_t count, const Draw& draw, const Put& put) const {
    auto element = static_cast<uint64_t>(first);
    for (int64_t i = 0; i < count;) {
      const Block block = (*this)(element / kLanes);
      for (auto lane = static_cast<int>(element % kLanes); lane < kLanes && i < count; ++lane) {
        put(i++, draw(block, lane));
        ++element;
      }
    }
  }
};

inline uint64_t Bits64(const Philox::Block& block, int lane) {
  return uint64_t{block[2 * lane]} << 32 | block[2 * lane + 1];
}

// [0, 1), every multiple of 2^-32 and 2^-53.
inline double Uniform32(uint32_t bits) { return bits * 0x1p-32; }
inline double Uniform53(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// One of the two normal numbers that two uniform ones give by Box and Muller's method; `radius` of
// (0, 1], `angle` of [0, 1).
template <typename T>
T Normal(T radius, T angle, bool second) {
  const T length = std::sqrt(T{-2} * std::log(radius));
  const T turn = static_cast<T>(2 * M_PI) * angle;
  return length * (second ? std::sin(turn) : std::cos(turn));
}

}  // namespace opapi
