// SPDX-License-Identifier: Apache-2.0
// Reductions: every output is made of all elements of `self` along some dimensions. A reducer says
// what is kept of the elements seen so far:
//
//   struct Reducer {
//     struct State { ... };                             // trivially copyable
//     State Start() const;                              // of no elements
//     void Take(State& state, T value, int64_t index) const;
//     void Join(State& state, const State& other) const;
//     static constexpr size_t kOutputs = 1;             // or 2, with Second
//     auto First(const State& state, int64_t count) const;  // int64_t, float or double
//   };
//
// `index` counts the elements of one output in C order. How elements are grouped depends on shapes
// and strides alone, so the result has the same bits for any number of cores.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/axes.h"
#include "engine/tasks.h"

namespace opapi {

// Merged dimensions of the walk, with the strides, in bytes, of self and of up to two outputs.
struct ReduceDims {
  static constexpr size_t kViews = 3;
  uint32_t count = 0;
  int64_t dims[HostTensorView::kMaxDims] = {};
  int64_t strides[HostTensorView::kMaxDims][kViews] = {};

  int64_t size() const;
  int64_t inner() const { return count == 0 ? 1 : dims[count - 1]; }
  int64_t inner_stride(size_t view) const { return count == 0 ? 0 : strides[count - 1][view]; }
  // Bytes from the first element to number `index` in C order.
  int64_t OffsetOf(int64_t index, size_t view) const;
};

struct ReduceWalk {
  ReduceDims kept;
  ReduceDims reduced;
  uint8_t* data[ReduceDims::kViews] = {};
  aclDataType dtypes[ReduceDims::kViews] = {};
  int64_t outputs = 0;
  int64_t count = 0;     // elements of one output
  bool across = false;   // outputs that lie side by side are made together
  int64_t block = 0;     // of them so many
  int64_t segments = 0;  // parts of an output's elements that are reduced apart
  int64_t segment_rows = 0;
  int64_t rows = 0;  // of reduced elements of one output, in pieces of at most kRowElements
  int64_t rows_per_line = 0;
};

constexpr int64_t kReduceBlock = 256;
constexpr int64_t kReduceLanes = 8;

ReduceWalk MakeReduceWalk(const HostTensorView& self, const HostTensorView* const* outputs,
                          size_t output_count, Axes axes);

template <typename T, typename Reducer>
class Reduction {
 public:
  using State = typename Reducer::State;

  Reduction(const ReduceWalk& walk, const Reducer& reducer) : walk_(walk), reducer_(reducer) {}

  void Run() {
    if (walk_.outputs == 0) return;
    const int64_t blocks_per_line = (walk_.kept.inner() + walk_.block - 1) / walk_.block;
    const int64_t lines = walk_.outputs / walk_.kept.inner();
    const int64_t blocks = walk_.across ? lines * blocks_per_line : walk_.outputs;
    if (walk_.segments > 1) partial_.resize(static_cast<size_t>(walk_.outputs * walk_.segments));
    const int64_t elements = walk_.count / walk_.segments * (walk_.across ? walk_.block : 1);
    ForEachGroup(blocks * walk_.segments, elements, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t segment = unit % walk_.segments;
        const int64_t block = unit / walk_.segments;
        if (walk_.across) {
          const int64_t first = block % blocks_per_line * walk_.block;
          ReduceAcross(block / blocks_per_line * walk_.kept.inner() + first,
                       std::min(walk_.block, walk_.kept.inner() - first), segment);
        } else {
          ReduceAlong(block, segment);
        }
      }
    });
    if (walk_.segments == 1) return;
    for (int64_t output = 0; output < walk_.outputs; ++output) {
      State state = partial_[static_cast<size_t>(output * walk_.segments)];
      for (int64_t s = 1; s < walk_.segments; ++s) {
        reducer_.Join(state, partial_[static_cast<size_t>(output * walk_.segments + s)]);
      }
      Put(output, &state, 1);
    }
  }

 private:
  // One output; its elements go to lanes in turn, which the compiler can keep side by side.
  void ReduceAlong(int64_t output, int64_t segment) {
    State lanes[kReduceLanes];
    std::fill_n(lanes, kReduceLanes, reducer_.Start());
    const uint8_t* const data = walk_.data[0] + walk_.kept.OffsetOf(output, 0);
    const int64_t stride = walk_.reduced.inner_stride(0);
    const int64_t length = walk_.reduced.inner();
    const int64_t lane_count = walk_.count < 2 * kReduceLanes ? 1 : kReduceLanes;
    T values[kRowElements];
    const int64_t begin = segment * walk_.segment_rows;
    const int64_t end = std::min(walk_.rows, begin + walk_.segment_rows);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t line = row / walk_.rows_per_line;
      const int64_t first = row % walk_.rows_per_line * kRowElements;
      const int64_t count = std::min(kRowElements, length - first);
      const int64_t index = line * length + first;
      Load(data + walk_.reduced.OffsetOf(index, 0), walk_.dtypes[0], stride, count, values);
      int64_t i = 0;
      if (lane_count == kReduceLanes) {
        for (; i + kReduceLanes <= count; i += kReduceLanes) {
          for (int64_t lane = 0; lane < kReduceLanes; ++lane) {
            reducer_.Take(lanes[lane], values[i + lane], index + i + lane);
          }
        }
      }
      for (; i < count; ++i) reducer_.Take(lanes[0], values[i], index + i);
    }
    for (int64_t lane = 1; lane < lane_count; ++lane) reducer_.Join(lanes[0], lanes[lane]);
    Finish(output, segment, lanes, 1);
  }

  // `count` outputs that lie side by side in self.
  void ReduceAcross(int64_t output, int64_t count, int64_t segment) {
    State states[kReduceBlock];
    std::fill_n(states, count, reducer_.Start());
    const uint8_t* const data = walk_.data[0] + walk_.kept.OffsetOf(output, 0);
    const int64_t stride = walk_.kept.inner_stride(0);
    T values[kReduceBlock];
    const int64_t begin = segment * walk_.segment_rows;
    const int64_t end = std::min(walk_.count, begin + walk_.segment_rows);
    for (int64_t index = begin; index < end; ++index) {
      Load(data + walk_.reduced.OffsetOf(index, 0), walk_.dtypes[0], stride, count, values);
      for (int64_t i = 0; i < count; ++i) reducer_.Take(states[i], values[i], index);
    }
    Finish(output, segment, states, count);
  }

  void Finish(int64_t output, int64_t segment, const State* states, int64_t count) {
    if (walk_.segments == 1) return Put(output, states, count);
    for (int64_t i = 0; i < count; ++i) {
      partial_[static_cast<size_t>((output + i) * walk_.segments + segment)] = states[i];
    }
  }

  void Put(int64_t output, const State* states, int64_t count) {
    decltype(reducer_.First(*states, 0)) first[kReduceBlock];
    for (int64_t i = 0; i < count; ++i) first[i] = reducer_.First(states[i], walk_.count);
    Write(first, output, count, 1);
    if constexpr (Reducer::kOutputs == 2) {
      decltype(reducer_.Second(*states, 0)) second[kReduceBlock];
      for (int64_t i = 0; i < count; ++i) second[i] = reducer_.Second(states[i], walk_.count);
      Write(second, output, count, 2);
    }
  }

  template <typename Value>
  void Write(const Value* values, int64_t output, int64_t count, size_t view) {
    Store(values, count, walk_.dtypes[view], walk_.kept.inner_stride(view),
          walk_.data[view] + walk_.kept.OffsetOf(output, view));
  }

  const ReduceWalk& walk_;
  const Reducer reducer_;
  std::vector<State> partial_;
};

// Reduces tensor 0 along `axes` into the tensors after it. Elements are loaded as T.
template <typename T, typename Reducer>
void Reduce(const HostLaunch& launch, Axes axes, const Reducer& reducer) {
  const HostTensorView* outputs[ReduceDims::kViews - 1];
  for (size_t i = 0; i < Reducer::kOutputs; ++i) outputs[i] = &launch.tensors[1 + i];
  const ReduceWalk walk = MakeReduceWalk(launch.tensors[0], outputs, Reducer::kOutputs, axes);
  Reduction<T, Reducer>(walk, reducer).Run();
}

// Reads tensor 0 (self) and the outputs of a reduction, and checks that they fit: the outputs have
// the shape of self without `axes`.
Verdict CheckReduction(const FirstPhase& phase, Axes axes, bool keep);

}  // namespace opapi
