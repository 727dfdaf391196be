// SPDX-License-Identifier: Apache-2.0
// Elements moved from one view to another.
#pragma once

#include "engine/axes.h"

namespace opapi {

// `from` broadcast to the shape of `to`, and cast to its dtype.
void CopyElements(const HostTensorView& from, const HostTensorView& to);
// What CopyElements can do: one dtype of whole bytes, or numbers.
Verdict CheckCopy(const FirstPhase& phase, size_t from, size_t to);

// Binds the copy of tensor 0 to tensor 1, with both checked.
Verdict BindCopy(FirstPhase& phase);

// All elements in C order as a tensor of one dimension: `view` itself where they lie so, else a
// copy in `room`, which holds them all.
HostTensorView Flattened(const HostTensorView& view, void* room);
// A contiguous tensor of `shape` at `address`.
HostTensorView ContiguousView(void* address, aclDataType dtype, const Shape& shape);

// The scalar as every element.
void FillElements(const HostScalarView& value, const HostTensorView& to);

// One element of `bytes` bytes, which are 1, 2, 4, 8 or 16.
inline void CopyElement(const uint8_t* from, int64_t bytes, uint8_t* to) {
  switch (bytes) {
    case 1:
      *to = *from;
      return;
    case 2:
      __builtin_memcpy(to, from, 2);
      return;
    case 4:
      __builtin_memcpy(to, from, 4);
      return;
    case 8:
      __builtin_memcpy(to, from, 8);
      return;
    default:
      __builtin_memcpy(to, from, static_cast<size_t>(bytes));
  }
}

}  // namespace opapi
