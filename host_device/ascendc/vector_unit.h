// SPDX-License-Identifier: Apache-2.0
// Vector instructions: an operation on elements, over the first elements of its operands (count
// form) or over masked blocks at strides (mask and repeat form). Widest operand: 256 bytes per
// repeat.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "core.h"
#include "cost_model.h"
#include "fault.h"
#include "place.h"

namespace host_ascendc {

constexpr uint32_t kRepeatBytes = 256;
constexpr uint32_t kBlocksPerRepeat = kRepeatBytes / kBlockBytes;

template <typename T>
struct Operand {
  UbView view;
  uint32_t block_stride = 1;   // in blocks of 32 bytes
  uint32_t repeat_stride = 8;  // in blocks of 32 bytes
};

// Which elements of each repeat take part, and how often.
struct Repeats {
  uint64_t mask[2];
  uint32_t count;
};

// The mask forms of the API; width: elements of one repeat.
Repeats FirstElements(uint64_t elements, uint32_t repeats, uint32_t width, const char* call,
                      const Place& place);
Repeats MaskedElements(const uint64_t* mask, uint32_t repeats, uint32_t width, const char* call,
                       const Place& place);
// Fails where two operands share bytes without being the same.
void CheckOverlap(const UbView& to, uint64_t to_bytes, const UbView& from, uint64_t from_bytes,
                  const char* call, const Place& place);

// Joins neighbouring stretches of bytes before they are looked at.
template <typename Look>
class Stretches {
 public:
  explicit Stretches(Look look) : look_(look) {}
  ~Stretches() = default;
  void Add(uint32_t address, uint32_t bytes) {
    // An operand that does not move is looked at once.
    if (address >= begin_ && address + bytes <= end_) return;
    if (address == end_) {
      end_ += bytes;
      return;
    }
    Flush();
    begin_ = address;
    end_ = address + bytes;
  }
  void Flush() {
    if (end_ > begin_) look_(begin_, end_ - begin_);
    begin_ = end_ = 0;
  }

 private:
  Look look_;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
};

template <typename... T>
constexpr uint32_t Widest() {
  return static_cast<uint32_t>(std::max({sizeof(T)...}));
}

// Where the elements from first on of a repeat lie; they do not leave a block.
template <typename T>
uint32_t AddressOf(const Operand<T>& operand, uint32_t repeat, uint32_t first) {
  const uint32_t byte = first * static_cast<uint32_t>(sizeof(T));
  return operand.view.address + repeat * operand.repeat_stride * kBlockBytes +
         byte / kBlockBytes * operand.block_stride * kBlockBytes + byte % kBlockBytes;
}

template <typename T>
bool IsFlat(const Operand<T>& operand, uint32_t width, const Repeats& repeats) {
  return operand.block_stride == 1 &&
         (repeats.count == 1 || operand.repeat_stride * kBlockBytes == width * sizeof(T));
}

inline bool IsFull(const Repeats& repeats, uint32_t width) {
  const uint64_t low = width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  const uint64_t high = width <= 64 ? 0 : ~uint64_t{0};
  return repeats.mask[0] == low && repeats.mask[1] == high;
}

// Bits of the mask for the elements [first, first + size) of a repeat; size divides 64.
inline uint64_t MaskBits(const Repeats& repeats, uint32_t first, uint32_t size) {
  const uint64_t word = repeats.mask[first / 64] >> first % 64;
  return size == 64 ? word : word & ((uint64_t{1} << size) - 1);
}

// Looks at the stretches of an operand that take part.
template <typename T, typename Look>
void EachStretchOf(const Operand<T>& operand, const Repeats& repeats, uint32_t width, Look look) {
  const uint32_t chunk = width / kBlocksPerRepeat;
  Stretches<Look> stretches(look);
  for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
    for (uint32_t first = 0; first < width; first += chunk) {
      const uint64_t bits = MaskBits(repeats, first, chunk);
      if (bits == 0) continue;
      const uint32_t address = AddressOf(operand, repeat, first);
      const bool all = bits == MaskBits({{~uint64_t{0}, ~uint64_t{0}}, 0}, first, chunk);
      if (all) {
        stretches.Add(address, chunk * static_cast<uint32_t>(sizeof(T)));
        continue;
      }
      for (uint32_t i = 0; i < chunk; ++i) {
        if ((bits >> i & 1) == 0) continue;
        stretches.Add(address + i * static_cast<uint32_t>(sizeof(T)), sizeof(T));
      }
    }
  }
  stretches.Flush();
}

// Fails where an element that takes part lies outside of the operand's buffer.
template <typename T>
void CheckBounds(Core& core, const Operand<T>& operand, const Repeats& repeats, uint32_t width,
                 const char* call, const Place& place) {
  const auto check = [&](uint32_t address, uint64_t bytes) {
    core.Ub({address, operand.view.begin, operand.view.end}, bytes, 1, call, place);
  };
  const uint32_t last = AddressOf(operand, repeats.count - 1, width - 1);
  if (operand.view.address >= operand.view.begin && last + sizeof(T) <= operand.view.end) return;
  EachStretchOf(operand, repeats, width, check);
}

// One vector instruction as the observer sees it: whoever makes it notes reads, then writes.
class VectorNote {
 public:
  VectorNote(Core* core, const char* call, const Place& place, uint32_t element_bytes,
             uint64_t elements)
      : observer_(core->observer()) {
    if (observer_ != nullptr) {
      observer_->Begin(Pipe::kVector, call, place, VectorCycles(call, element_bytes, elements));
    }
  }
  explicit operator bool() const { return observer_ != nullptr; }
  void Reads(uint32_t address, uint32_t bytes) { observer_->ReadUb(address, bytes); }
  void Writes(uint32_t address, uint32_t bytes) { observer_->WriteUb(address, bytes); }
  void End() { observer_->End(); }

 private:
  Observer* observer_;
};

// dst[i] = operation(src[i]...), or operation(dst[i], src[i]...) with kReadsTo.
template <bool kReadsTo, typename To, typename Operation, typename... From>
inline void Compute(To* to, uint64_t elements, Operation operation, const From*... from) {
  // Operands are the same or apart: no element depends on another one.
#pragma GCC ivdep
  for (uint64_t i = 0; i < elements; ++i) {
    if constexpr (kReadsTo) {
      to[i] = operation(to[i], from[i]...);
    } else {
      to[i] = operation(from[i]...);
    }
  }
}

// Count form: the first elements of each operand.
template <bool kReadsTo = false, typename To, typename Operation, typename... From>
void Elementwise(const char* call, const Place& place, int64_t count, Operation operation,
                 const Operand<To>& to, const Operand<From>&... from) {
  if (count < 0) Fail(place, "%s of %lld elements", call, static_cast<long long>(count));
  if (count == 0) return;
  const auto elements = static_cast<uint64_t>(count);
  Core& core = Core::Current();
  To* target =
      reinterpret_cast<To*>(core.Ub(to.view, elements * sizeof(To), kBlockBytes, call, place));
  const std::tuple<const From*...> sources{reinterpret_cast<const From*>(
      core.Ub(from.view, elements * sizeof(From), kBlockBytes, call, place))...};
  if (VectorNote note{&core, call, place, Widest<To, From...>(), elements}) {
    (CheckOverlap(to.view, elements * sizeof(To), from.view, elements * sizeof(From), call, place),
     ...);
    (note.Reads(from.view.address, static_cast<uint32_t>(elements * sizeof(From))), ...);
    const auto written = static_cast<uint32_t>(elements * sizeof(To));
    if (kReadsTo) note.Reads(to.view.address, written);
    note.Writes(to.view.address, written);
    note.End();
  }
  std::apply(
      [&](const From*... source) { Compute<kReadsTo>(target, elements, operation, source...); },
      sources);
}

// Mask and repeat form.
template <bool kReadsTo = false, typename To, typename Operation, typename... From>
void Elementwise(const char* call, const Place& place, const Repeats& repeats, Operation operation,
                 const Operand<To>& to, const Operand<From>&... from) {
  constexpr uint32_t kWidth = kRepeatBytes / Widest<To, From...>();
  constexpr uint32_t kChunk = kWidth / kBlocksPerRepeat;
  if (repeats.count == 0) return;
  if (IsFull(repeats, kWidth) && IsFlat(to, kWidth, repeats) &&
      (IsFlat(from, kWidth, repeats) && ...)) {
    Elementwise<kReadsTo>(call, place, static_cast<int64_t>(repeats.count) * kWidth, operation, to,
                          from...);
    return;
  }
  Core& core = Core::Current();
  core.Ub(to.view, 0, kBlockBytes, call, place);
  (core.Ub(from.view, 0, kBlockBytes, call, place), ...);
  CheckBounds(core, to, repeats, kWidth, call, place);
  (CheckBounds(core, from, repeats, kWidth, call, place), ...);
  if (VectorNote note{&core, call, place, Widest<To, From...>(),
                      uint64_t{repeats.count} * kWidth}) {
    const auto reads = [&](uint32_t address, uint32_t bytes) { note.Reads(address, bytes); };
    (EachStretchOf(from, repeats, kWidth, reads), ...);
    if (kReadsTo) EachStretchOf(to, repeats, kWidth, reads);
    EachStretchOf(to, repeats, kWidth,
                  [&](uint32_t address, uint32_t bytes) { note.Writes(address, bytes); });
    note.End();
  }
  uint8_t* ub = core.UbBase();
  for (uint32_t repeat = 0; repeat < repeats.count; ++repeat) {
    for (uint32_t first = 0; first < kWidth; first += kChunk) {
      const uint64_t bits = MaskBits(repeats, first, kChunk);
      if (bits == 0) continue;
      To* target = reinterpret_cast<To*>(ub + AddressOf(to, repeat, first));
      const std::tuple<const From*...> sources{
          reinterpret_cast<const From*>(ub + AddressOf(from, repeat, first))...};
      std::apply(
          [&](const From*... source) {
            if (bits == (uint64_t{1} << kChunk) - 1) {
              Compute<kReadsTo>(target, kChunk, operation, source...);
              return;
            }
            for (uint32_t i = 0; i < kChunk; ++i) {
              if ((bits >> i & 1) != 0) {
                Compute<kReadsTo>(target + i, 1, operation, (source + i)...);
              }
            }
          },
          sources);
    }
  }
}

}  // namespace host_ascendc
