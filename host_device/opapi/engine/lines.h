// SPDX-License-Identifier: Apache-2.0
// Tensors cut into lines along one dimension: what sorts, scans and normalises works on whole
// lines.
#pragma once

#include <vector>

#include "engine/axes.h"
#include "engine/tasks.h"

namespace opapi {

// One line of each tensor: its first element, and bytes from one element to the next.
struct Line {
  static constexpr size_t kMaxViews = 4;
  uint8_t* data[kMaxViews];
  int64_t strides[kMaxViews];
  int64_t number;  // of the line, in C order of the other dimensions
};

// Where the lines lie. The first view says how many there are; the others have the same dimensions,
// but for `axis`, or smaller ones of which only the first elements are walked.
class Lines {
 public:
  template <size_t kViews>
  Lines(const HostTensorView* const (&views)[kViews], uint32_t axis) {
    static_assert(kViews <= Line::kMaxViews);
    count_ = 1;
    for (uint32_t d = 0; d < views[0]->dim_count; ++d) {
      if (d == axis) continue;
      dims_[dim_count_] = views[0]->dims[d];
      count_ *= dims_[dim_count_];
      for (size_t v = 0; v < kViews; ++v) {
        strides_[dim_count_][v] = views[v]->strides[d] * ElementBytes(*views[v]);
      }
      ++dim_count_;
    }
    for (size_t v = 0; v < kViews; ++v) {
      start_.data[v] = FirstElement(*views[v]);
      const bool scalar = views[v]->dim_count == 0;
      start_.strides[v] =
          scalar ? ElementBytes(*views[v]) : views[v]->strides[axis] * ElementBytes(*views[v]);
    }
    view_count_ = kViews;
  }

  int64_t count() const { return count_; }

  Line At(int64_t number) const {
    Line line = start_;
    line.number = number;
    for (uint32_t d = dim_count_; d-- > 0;) {
      const int64_t index = number % dims_[d];
      number /= dims_[d];
      for (size_t v = 0; v < view_count_; ++v) line.data[v] += index * strides_[d][v];
    }
    return line;
  }

 private:
  uint32_t dim_count_ = 0;
  size_t view_count_ = 0;
  int64_t count_ = 0;
  int64_t dims_[HostTensorView::kMaxDims] = {};
  int64_t strides_[HostTensorView::kMaxDims][Line::kMaxViews] = {};
  Line start_{};
};

// Elements of `view` along `axis`; a tensor without dimensions has one.
inline int64_t LengthOf(const HostTensorView& view, uint32_t axis) {
  return view.dim_count == 0 ? 1 : view.dims[axis];
}

// For every line visit(line), on several cores where that pays. `make_visit()` is called once a
// task, so that what it returns may own room to work in.
template <typename MakeVisit>
void ForEachLine(const Lines& lines, int64_t elements_per_line, const MakeVisit& make_visit) {
  ForEachGroup(lines.count(), elements_per_line, [&](int64_t begin, int64_t end) {
    auto visit = make_visit();
    for (int64_t i = begin; i < end; ++i) visit(lines.At(i));
  });
}

}  // namespace opapi
