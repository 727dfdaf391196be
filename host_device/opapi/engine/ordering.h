// SPDX-License-Identifier: Apache-2.0
// Elements as unsigned keys that order as the elements do: NaN above all numbers, 0 and -0 equal. A
// key and an element's place in its line make one number, so that any sort of them is stable.
#pragma once

#include <cstring>
#include <type_traits>
#include <vector>

#include "engine/number.h"

namespace opapi {

inline uint32_t KeyOf(float value) {
  if (value != value) return UINT32_MAX;
  value += 0.0F;  // -0 becomes 0
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}

inline uint64_t KeyOf(double value) {
  if (value != value) return UINT64_MAX;
  value += 0.0;
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

inline uint64_t KeyOf(int64_t value) { return static_cast<uint64_t>(value) ^ (uint64_t{1} << 63); }

// An element of a line by its key, then by its place.
struct WideEntry {
  uint64_t key;
  uint32_t place;

  bool operator<(const WideEntry& other) const {
    return key != other.key ? key < other.key : place < other.place;
  }
};

struct NarrowEntry {
  uint64_t bits;  // key above place

  bool operator<(const NarrowEntry& other) const { return bits < other.bits; }
};

inline WideEntry MakeEntry(uint64_t key, uint32_t place) { return {key, place}; }
inline NarrowEntry MakeEntry(uint32_t key, uint32_t place) {
  return {static_cast<uint64_t>(key) << 32 | place};
}
inline uint32_t PlaceOf(const WideEntry& entry) { return entry.place; }
inline uint32_t PlaceOf(const NarrowEntry& entry) { return static_cast<uint32_t>(entry.bits); }
inline uint64_t KeyOf(const WideEntry& entry) { return entry.key; }
inline uint64_t KeyOf(const NarrowEntry& entry) { return entry.bits >> 32; }

template <typename T>
using EntryOf = decltype(MakeEntry(KeyOf(T{}), 0));

// Places are 32 bits wide.
constexpr int64_t kMaxLine = int64_t{UINT32_MAX};

// The entries of a line; with `descending`, in the opposite order of values, and still by place.
template <typename T>
void FillEntries(const uint8_t* data, aclDataType dtype, int64_t stride, int64_t length,
                 bool descending, std::vector<EntryOf<T>>* entries) {
  entries->resize(static_cast<size_t>(length));
  T values[1024];
  for (int64_t first = 0; first < length; first += 1024) {
    const int64_t count = length - first < 1024 ? length - first : 1024;
    Load(data + first * stride, dtype, stride, count, values);
    for (int64_t i = 0; i < count; ++i) {
      const auto key = KeyOf(values[i]);
      (*entries)[static_cast<size_t>(first + i)] =
          MakeEntry(static_cast<std::remove_const_t<decltype(key)>>(descending ? ~key : key),
                    static_cast<uint32_t>(first + i));
    }
  }
}

}  // namespace opapi
