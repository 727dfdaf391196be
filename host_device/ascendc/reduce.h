// SPDX-License-Identifier: Apache-2.0
// Sums, maxima and minima within a repeat or a block. A sum is a binary tree over neighbours
// (asc-devkit: ReduceDataBlock, ReduceRepeat, ReduceSum); elements that the mask leaves out take no
// part.
#pragma once

#include <cstdint>

#include "scalar_type.h"
#include "vector_unit.h"

namespace host_ascendc {

enum class Reduction : uint8_t { kSum, kMax, kMin };

template <typename T>
struct Reduced {
  T value;
  uint32_t index;
  bool any;
};

template <typename T>
Reduced<T> Combine(const Reduced<T>& left, const Reduced<T>& right, Reduction reduction) {
  if (!left.any) return right;
  if (!right.any) return left;
  switch (reduction) {
    case Reduction::kSum:
      if constexpr (std::is_same_v<T, half>) {
        return {half(float{left.value} + float{right.value}), 0, true};
      } else {
        return {left.value + right.value, 0, true};
      }
    case Reduction::kMax:
      return left.value < right.value ? right : left;
    case Reduction::kMin:
      return right.value < left.value ? right : left;
  }
  return left;
}

// The tree over a whole repeat of floats that lie side by side.
inline float SumRepeat(const float* values) {
  float level[32];
  for (int i = 0; i < 32; ++i) level[i] = values[2 * i] + values[2 * i + 1];
  for (int width = 16; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) level[i] = level[2 * i] + level[2 * i + 1];
  }
  return level[0];
}

// The tree over elements [first, first + size) of a repeat; size is a power of two.
template <typename T>
Reduced<T> ReduceTree(const Operand<T>& operand, const uint8_t* ub, const Repeats& repeats,
                      uint32_t repeat, uint32_t first, uint32_t size, Reduction reduction) {
  if constexpr (std::is_same_v<T, float>) {
    const bool whole = size == 64 && operand.block_stride == 1 && repeats.mask[0] == ~uint64_t{0};
    if (reduction == Reduction::kSum && whole) {
      const auto* values = reinterpret_cast<const float*>(ub + AddressOf(operand, repeat, 0));
      return {SumRepeat(values), 0, true};
    }
    if (reduction != Reduction::kSum && size == 8 && MaskBits(repeats, first, 8) == 0xff) {
      const auto* values = reinterpret_cast<const float*>(ub + AddressOf(operand, repeat, first));
      float best = values[0];
      for (int i = 1; i < 8; ++i) {
        const bool better = reduction == Reduction::kMax ? best < values[i] : values[i] < best;
        best = better ? values[i] : best;
      }
      return {best, 0, true};
    }
  }
  Reduced<T> level[kRepeatBytes / sizeof(T)];
  for (uint32_t i = 0; i < size; ++i) {
    const bool any = (repeats.mask[(first + i) / 64] >> (first + i) % 64 & 1) != 0;
    if (any) {
      const auto* at = reinterpret_cast<const T*>(ub + AddressOf(operand, repeat, first + i));
      level[i] = {*at, first + i, true};
    } else {
      level[i] = {T(0), 0, false};
    }
  }
  for (uint32_t width = size; width > 1; width /= 2) {
    for (uint32_t i = 0; i < width / 2; ++i) {
      level[i] = Combine(level[2 * i], level[2 * i + 1], reduction);
    }
  }
  return level[0];
}

// Checks the source and notes the instruction; the caller notes what it writes and ends it.
template <typename T>
VectorNote NoteReduction(const char* call, const Place& place, const Operand<T>& from,
                         const Repeats& repeats) {
  constexpr uint32_t kWidth = kRepeatBytes / sizeof(T);
  Core& core = Core::Current();
  core.Ub(from.view, 0, kBlockBytes, call, place);
  CheckBounds(core, from, repeats, kWidth, call, place);
  VectorNote note(&core, call, place, sizeof(T), uint64_t{repeats.count} * kWidth);
  if (note) {
    EachStretchOf(from, repeats, kWidth,
                  [&](uint32_t address, uint32_t bytes) { note.Reads(address, bytes); });
  }
  return note;
}

// One result for each repeat, dst_stride results apart.
template <typename T>
void ReduceRepeats(const char* call, const Place& place, Reduction reduction, const Operand<T>& to,
                   uint32_t dst_stride, const Operand<T>& from, const Repeats& repeats) {
  constexpr uint32_t kWidth = kRepeatBytes / sizeof(T);
  if (repeats.count == 0) return;
  Core& core = Core::Current();
  const uint32_t step = dst_stride * static_cast<uint32_t>(sizeof(T));
  uint8_t* target =
      core.Ub(to.view, uint64_t{repeats.count - 1} * step + sizeof(T), sizeof(T), call, place);
  VectorNote note = NoteReduction(call, place, from, repeats);
  if (note) {
    Stretches written([&](uint32_t address, uint32_t bytes) { note.Writes(address, bytes); });
    for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
      written.Add(to.view.address + repeat * step, sizeof(T));
    }
    written.Flush();
    note.End();
  }
  for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
    *reinterpret_cast<T*>(target + repeat * step) =
        ReduceTree(from, core.UbBase(), repeats, repeat, 0, kWidth, reduction).value;
  }
}

// The value and its index in the repeat, as two elements, for each repeat.
template <typename T>
void ReduceRepeatsWithIndex(const char* call, const Place& place, Reduction reduction,
                            const Operand<T>& to, uint32_t dst_stride, const Operand<T>& from,
                            const Repeats& repeats) {
  constexpr uint32_t kWidth = kRepeatBytes / sizeof(T);
  if (repeats.count == 0) return;
  Core& core = Core::Current();
  const uint32_t step = dst_stride * 2 * static_cast<uint32_t>(sizeof(T));
  uint8_t* target = core.Ub(to.view, uint64_t{repeats.count - 1} * step + 2 * sizeof(T),
                            2 * sizeof(T), call, place);
  VectorNote note = NoteReduction(call, place, from, repeats);
  if (note) {
    for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
      note.Writes(to.view.address + repeat * step, 2 * sizeof(T));
    }
    note.End();
  }
  for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
    const Reduced<T> best = ReduceTree(from, core.UbBase(), repeats, repeat, 0, kWidth, reduction);
    uint8_t* at = target + repeat * step;
    *reinterpret_cast<T*>(at) = best.value;
    // The index is an integer in the bits of the element.
    if constexpr (sizeof(T) == 4) {
      *reinterpret_cast<uint32_t*>(at + sizeof(T)) = best.index;
    } else {
      *reinterpret_cast<uint16_t*>(at + sizeof(T)) = static_cast<uint16_t>(best.index);
    }
  }
}

// One result for each block; the eight of a repeat lie side by side, dst_stride such groups apart.
template <typename T>
void ReduceBlocks(const char* call, const Place& place, Reduction reduction, const Operand<T>& to,
                  uint32_t dst_stride, const Operand<T>& from, const Repeats& repeats) {
  constexpr uint32_t kWidth = kRepeatBytes / sizeof(T);
  constexpr uint32_t kInBlock = kWidth / kBlocksPerRepeat;
  if (repeats.count == 0) return;
  Core& core = Core::Current();
  constexpr auto kGroupBytes = static_cast<uint32_t>(kBlocksPerRepeat * sizeof(T));
  const uint32_t step = dst_stride * kGroupBytes;
  uint8_t* target =
      core.Ub(to.view, uint64_t{repeats.count - 1} * step + kGroupBytes, kGroupBytes, call, place);
  VectorNote note = NoteReduction(call, place, from, repeats);
  const auto takes_part = [&](uint32_t block) {
    return MaskBits(repeats, block * kInBlock, kInBlock) != 0;
  };
  if (note) {
    Stretches written([&](uint32_t address, uint32_t bytes) { note.Writes(address, bytes); });
    for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
      for (uint32_t block = 0; block < kBlocksPerRepeat; ++block) {
        if (!takes_part(block)) continue;
        written.Add(to.view.address + repeat * step + block * static_cast<uint32_t>(sizeof(T)),
                    sizeof(T));
      }
    }
    written.Flush();
    note.End();
  }
  for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
    for (uint32_t block = 0; block < kBlocksPerRepeat; ++block) {
      if (!takes_part(block)) continue;
      reinterpret_cast<T*>(target + repeat * step)[block] =
          ReduceTree(from, core.UbBase(), repeats, repeat, block * kInBlock, kInBlock, reduction)
              .value;
    }
  }
}

// One result for all elements. The repeats' results are combined one after the other.
template <typename T>
void ReduceAll(const char* call, const Place& place, Reduction reduction, const Operand<T>& to,
               const Operand<T>& from, int64_t count) {
  constexpr uint32_t kWidth = kRepeatBytes / sizeof(T);
  if (count < 0) Fail(place, "%s of %lld elements", call, static_cast<long long>(count));
  if (count == 0) return;
  Core& core = Core::Current();
  const auto bytes = static_cast<uint64_t>(count) * sizeof(T);
  const auto* source =
      reinterpret_cast<const T*>(core.Ub(from.view, bytes, kBlockBytes, call, place));
  uint8_t* target = core.Ub(to.view, sizeof(T), sizeof(T), call, place);
  if (VectorNote note{&core, call, place, sizeof(T), static_cast<uint64_t>(count)}) {
    note.Reads(from.view.address, static_cast<uint32_t>(bytes));
    note.Writes(to.view.address, sizeof(T));
    note.End();
  }
  Reduced<T> all{T(0), 0, false};
  for (int64_t begin = 0; begin < count; begin += kWidth) {
    Reduced<T> level[kWidth];
    for (uint32_t i = 0; i < kWidth; ++i) {
      const bool any = begin + i < count;
      level[i] = {any ? source[begin + i] : T(0), static_cast<uint32_t>(begin + i), any};
    }
    for (uint32_t width = kWidth; width > 1; width /= 2) {
      for (uint32_t i = 0; i < width / 2; ++i) {
        level[i] = Combine(level[2 * i], level[2 * i + 1], reduction);
      }
    }
    all = Combine(all, level[0], reduction);
  }
  *reinterpret_cast<T*>(target) = all.value;
}

}  // namespace host_ascendc
