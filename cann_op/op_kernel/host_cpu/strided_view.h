// SPDX-License-Identifier: Apache-2.0
// A tensor as a matrix of rows, whatever its strides: the first dim gives the rows, the last the
// columns.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "host_executor.h"

template <typename T>
class StridedView {
 public:
  explicit StridedView(const HostTensorView& tensor)
      : base_(static_cast<T*>(tensor.storage) + tensor.offset),
        row_stride_(tensor.dim_count == 0 ? 0 : tensor.strides[0]),
        column_stride_(tensor.dim_count == 0 ? 0 : tensor.strides[tensor.dim_count - 1]) {}

  // Element of a 1D tensor.
  T& operator()(int64_t column) const { return base_[column * column_stride_]; }
  T& operator()(int64_t row, int64_t column) const {
    return base_[row * row_stride_ + column * column_stride_];
  }
  int64_t RowStride() const { return row_stride_; }
  bool RowsAreContiguous() const { return column_stride_ == 1; }
  T* Row(int64_t row) const { return base_ + row * row_stride_; }

  // The row as `columns` consecutive elements: in place where it is so already, else copied to
  // `scratch`.
  const T* Row(int64_t row, int64_t columns, std::remove_const_t<T>* scratch) const {
    if (RowsAreContiguous()) return Row(row);
    for (int64_t column = 0; column < columns; ++column) scratch[column] = (*this)(row, column);
    return scratch;
  }

 private:
  T* base_;
  int64_t row_stride_;
  int64_t column_stride_;
};

// Writes h consecutive elements into a row.
template <typename T>
void WriteRow(const StridedView<T>& rows, int64_t row, const uint8_t* from, uint32_t h) {
  if (rows.RowsAreContiguous()) {
    std::memcpy(rows.Row(row), from, h * sizeof(T));
    return;
  }
  for (uint32_t column = 0; column < h; ++column) {
    std::memcpy(&rows(row, column), from + column * sizeof(T), sizeof(T));
  }
}
