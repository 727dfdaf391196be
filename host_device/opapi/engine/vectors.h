// SPDX-License-Identifier: Apache-2.0
// Tensors read and written vector by vector: the dimensions from `first_dim` on make one vector,
// and those before say how many there are. For operators that need all elements of a vector at a
// time.
#pragma once

#include "engine/rows.h"

namespace opapi {

class Vectors {
 public:
  Vectors(const HostTensorView& view, uint32_t first_dim);

  int64_t count() const { return count_; }
  int64_t length() const { return length_; }
  template <typename T>
  void Load(int64_t index, T* to) const;
  // Elements [begin, begin + count) of a vector.
  template <typename T>
  void LoadPart(int64_t index, int64_t begin, int64_t count, T* to) const;
  template <typename T>
  void Store(const T* from, int64_t index) const;

 private:
  uint8_t* First(int64_t index) const;
  // Visits (address, elements visited so far, count) for runs of elements with one stride.
  template <typename Visit>
  void ForEachRun(int64_t index, const Visit& visit) const;

  HostTensorView view_;
  uint32_t first_dim_;
  uint32_t run_dim_;  // the dimensions from here on are one run
  int64_t count_ = 1;
  int64_t length_ = 1;
  int64_t run_ = 1;
  int64_t run_stride_ = 0;  // bytes
};

// All elements of a tensor, in C order.
template <typename T>
std::vector<T> ElementsOf(const HostTensorView& view) {
  const Vectors vectors(view, 0);
  std::vector<T> elements(static_cast<size_t>(vectors.length()));
  vectors.Load(0, elements.data());
  return elements;
}

// Calls visit(state, index, room) for [0, count), on several cores where that pays: `cost` is about
// how many elements one call handles. `room` is room_bytes of the call's own, aligned to 64 bytes.
using VisitVector = void (*)(const void* state, int64_t index, void* room);
aclError ForEachVector(int64_t count, int64_t cost, int64_t room_bytes, HostFailure* failure,
                       VisitVector visit, const void* state);

// The same with room for `room_elements` of T.
template <typename T, typename Visit>
aclError ForEachVector(int64_t count, int64_t cost, int64_t room_elements, HostFailure* failure,
                       const Visit& visit) {
  return ForEachVector(
      count, cost, room_elements * int64_t{sizeof(T)}, failure,
      [](const void* state, int64_t index, void* room) {
        (*static_cast<const Visit*>(state))(index, static_cast<T*>(room));
      },
      &visit);
}

// The sum of value(i) for [0, count), in float64 and always in the same order.
template <typename Value>
double SumOf(int64_t count, const Value& value) {
  constexpr int64_t kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += static_cast<double>(value(i + lane));
    }
  }
  for (int64_t lane = 0; i < count; ++i, ++lane) lanes[lane] += static_cast<double>(value(i));
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
         ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

}  // namespace opapi
