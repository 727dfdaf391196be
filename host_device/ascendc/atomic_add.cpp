// SPDX-License-Identifier: Apache-2.0
#include "atomic_add.h"

#include <cstring>

#include "half_float.h"

namespace host_ascendc {
namespace {

template <typename Bits, typename Add>
void AddEach(uint8_t* to, const uint8_t* from, uint64_t bytes, Add add) {
  auto* sums = reinterpret_cast<Bits*>(to);
  for (uint64_t i = 0; i < bytes / sizeof(Bits); ++i) {
    Bits addend;
    std::memcpy(&addend, from + i * sizeof(Bits), sizeof(Bits));
    Bits before = __atomic_load_n(sums + i, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(sums + i, &before, add(before, addend), true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
  }
}

}  // namespace

void AddAtomically(AtomicAdd type, uint8_t* to, const uint8_t* from, uint64_t bytes) {
  switch (type) {
    case AtomicAdd::kNone:
      return;
    case AtomicAdd::kFloat:
      return AddEach<uint32_t>(to, from, bytes, [](uint32_t a, uint32_t b) {
        return host::BitsOfFloat(host::FloatOfBits(a) + host::FloatOfBits(b));
      });
    case AtomicAdd::kHalf:
      return AddEach<uint16_t>(to, from, bytes, [](uint16_t a, uint16_t b) {
        return host::Fp16OfFloat(host::FloatOfFp16(a) + host::FloatOfFp16(b));
      });
    case AtomicAdd::kBf16:
      return AddEach<uint16_t>(to, from, bytes, [](uint16_t a, uint16_t b) {
        return host::Bf16OfFloat(host::FloatOfBf16(a) + host::FloatOfBf16(b));
      });
    case AtomicAdd::kInt16:
      return AddEach<uint16_t>(to, from, bytes,
                               [](uint16_t a, uint16_t b) { return static_cast<uint16_t>(a + b); });
    case AtomicAdd::kInt32:
      return AddEach<uint32_t>(to, from, bytes, [](uint32_t a, uint32_t b) { return a + b; });
    case AtomicAdd::kInt8:
      return AddEach<uint8_t>(to, from, bytes,
                              [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a + b); });
  }
}

}  // namespace host_ascendc
