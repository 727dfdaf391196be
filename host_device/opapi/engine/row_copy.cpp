// SPDX-License-Identifier: Apache-2.0
#include "engine/row_copy.h"

#include <algorithm>
#include <cstring>

namespace opapi {

namespace {

constexpr int64_t kBytesPerTask = 128 << 10;

struct Copy {
  const HostTensorView& from;
  const HostTensorView& to;
  const std::vector<int64_t>& sources;
  uint32_t row_dims;
  int64_t row_elements;
  int64_t bytes;  // of an element
  int64_t rows_per_task;
};

// Bytes from a row's first element to number `element` of it.
int64_t OffsetInRow(const HostTensorView& view, uint32_t row_dims, int64_t element) {
  int64_t offset = 0;
  for (uint32_t i = 0; i < row_dims; ++i) {
    const uint32_t dim = view.dim_count - 1 - i;
    offset += element % view.dims[dim] * view.strides[dim];
    element /= view.dims[dim];
  }
  return offset * ElementBytes(view);
}

uint8_t* RowOf(const HostTensorView& view, uint32_t row_dims, int64_t row) {
  uint8_t* data = FirstElement(view);
  for (uint32_t dim = view.dim_count - row_dims; dim-- > 0;) {
    data += row % view.dims[dim] * view.strides[dim] * ElementBytes(view);
    row /= view.dims[dim];
  }
  return data;
}

// Its elements lie one after the other.
bool IsDense(const HostTensorView& view, uint32_t row_dims) {
  int64_t stride = 1;
  for (uint32_t i = 0; i < row_dims; ++i) {
    const uint32_t dim = view.dim_count - 1 - i;
    if (view.dims[dim] != 1 && view.strides[dim] != stride) return false;
    stride *= view.dims[dim];
  }
  return true;
}

void CopyRow(const Copy& copy, size_t row, bool dense) {
  uint8_t* const to = RowOf(copy.to, copy.row_dims, static_cast<int64_t>(row));
  const int64_t source = copy.sources[row];
  const uint8_t* const from = source < 0 ? nullptr : RowOf(copy.from, copy.row_dims, source);
  const auto row_bytes = static_cast<size_t>(copy.row_elements * copy.bytes);
  if (dense) {
    from == nullptr ? std::memset(to, 0, row_bytes) : std::memcpy(to, from, row_bytes);
    return;
  }
  const auto bytes = static_cast<size_t>(copy.bytes);
  for (int64_t i = 0; i < copy.row_elements; ++i) {
    uint8_t* const element = to + OffsetInRow(copy.to, copy.row_dims, i);
    if (from == nullptr) {
      std::memset(element, 0, bytes);
    } else {
      std::memcpy(element, from + OffsetInRow(copy.from, copy.row_dims, i), bytes);
    }
  }
}

}  // namespace

void CopyRows(const HostTensorView& from, const std::vector<int64_t>& sources,
              const HostTensorView& to) {
  const uint32_t row_dims = from.dim_count - 1;
  int64_t elements = 1;
  for (uint32_t dim = 1; dim < from.dim_count; ++dim) elements *= from.dims[dim];
  if (elements == 0 || sources.empty()) return;
  Copy copy{from, to, sources, row_dims, elements, ElementBytes(from), 1};
  copy.rows_per_task = std::max<int64_t>(1, kBytesPerTask / (elements * copy.bytes));
  const auto rows = static_cast<int64_t>(sources.size());
  const int64_t tasks = (rows + copy.rows_per_task - 1) / copy.rows_per_task;
  HostParallelFor(
      static_cast<uint32_t>(tasks), HostCoreCount(),
      [](void* state, uint32_t task) {
        const Copy& copy = *static_cast<const Copy*>(state);
        const bool dense = IsDense(copy.from, copy.row_dims) && IsDense(copy.to, copy.row_dims);
        const auto begin = static_cast<size_t>(task * copy.rows_per_task);
        const size_t end =
            std::min(copy.sources.size(), begin + static_cast<size_t>(copy.rows_per_task));
        for (size_t row = begin; row < end; ++row) CopyRow(copy, row, dense);
      },
      &copy);
}

}  // namespace opapi
