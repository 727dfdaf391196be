// SPDX-License-Identifier: Apache-2.0
#include "engine/rows.h"

#include <algorithm>

namespace opapi {

namespace {

constexpr uint32_t kMaxDims = HostTensorView::kMaxDims;
constexpr uint32_t kMaxViews = 8;
// Below this, waking a second core costs more than it gives.
constexpr int64_t kElementsPerTask = 32 * kRowElements;

}  // namespace

int64_t Shape::size() const {
  int64_t elements = 1;
  for (uint32_t i = 0; i < dim_count; ++i) elements *= dims[i];
  return elements;
}

Shape ShapeOf(const HostTensorView& view) {
  Shape shape;
  shape.dim_count = view.dim_count;
  std::copy_n(view.dims, view.dim_count, shape.dims);
  return shape;
}

bool operator==(const Shape& a, const Shape& b) {
  return a.dim_count == b.dim_count && std::equal(a.dims, a.dims + a.dim_count, b.dims);
}

std::string ShapeText(const Shape& shape) {
  std::string text = "(";
  for (uint32_t i = 0; i < shape.dim_count; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape.dims[i]);
  }
  return text + (shape.dim_count == 1 ? ",)" : ")");
}

bool Broadcast(const Shape& other, Shape* shape) {
  if (other.dim_count > shape->dim_count) {
    const uint32_t added = other.dim_count - shape->dim_count;
    std::copy_backward(shape->dims, shape->dims + shape->dim_count, shape->dims + other.dim_count);
    std::fill_n(shape->dims, added, 1);
    shape->dim_count = other.dim_count;
  }
  for (uint32_t i = 1; i <= other.dim_count; ++i) {
    int64_t& dim = shape->dims[shape->dim_count - i];
    const int64_t wanted = other.dims[other.dim_count - i];
    if (dim == 1) {
      dim = wanted;
    } else if (wanted != 1 && wanted != dim) {
      return false;
    }
  }
  return true;
}

int64_t ElementBytes(const HostTensorView& view) {
  return static_cast<int64_t>(aclDataTypeSize(view.dtype));
}

uint8_t* FirstElement(const HostTensorView& view) {
  return static_cast<uint8_t*>(view.storage) + view.offset * ElementBytes(view);
}

namespace {

// A walk over all elements; the last dimension is that of the rows.
struct Walk {
  uint32_t dim_count = 0;
  uint32_t view_count = 0;
  int64_t dims[kMaxDims] = {};
  int64_t strides[kMaxDims][kMaxViews] = {};  // bytes
  uint8_t* data[kMaxViews] = {};
  int64_t parts_per_row = 0;
  int64_t parts = 0;
  int64_t parts_per_task = 0;
  VisitRow visit = nullptr;
  const void* state = nullptr;

  int64_t& row_length() { return dims[dim_count - 1]; }
};

bool Continues(const Walk& walk, uint32_t dim, const int64_t* strides, int64_t inner) {
  for (uint32_t v = 0; v < walk.view_count; ++v) {
    if (walk.strides[dim][v] != strides[v] * inner) return false;
  }
  return true;
}

// Puts one dimension in front of nothing (an inner one comes later) and merges it where it can.
void Append(int64_t dim, const int64_t* strides, Walk* walk) {
  if (dim == 1) return;
  if (walk->dim_count > 0 && Continues(*walk, walk->dim_count - 1, strides, dim)) {
    const uint32_t last = walk->dim_count - 1;
    walk->dims[last] *= dim;
    std::copy_n(strides, walk->view_count, walk->strides[last]);
    return;
  }
  walk->dims[walk->dim_count] = dim;
  std::copy_n(strides, walk->view_count, walk->strides[walk->dim_count]);
  ++walk->dim_count;
}

Walk MakeWalk(const Shape& shape, const HostTensorView* const* views, uint32_t view_count) {
  Walk walk;
  walk.view_count = view_count;
  for (uint32_t v = 0; v < view_count; ++v) walk.data[v] = FirstElement(*views[v]);
  for (uint32_t d = 0; d < shape.dim_count; ++d) {
    int64_t strides[kMaxViews] = {};
    for (uint32_t v = 0; v < view_count; ++v) {
      const HostTensorView& view = *views[v];
      const uint32_t missing = shape.dim_count - view.dim_count;
      if (d < missing || view.dims[d - missing] == 1) continue;
      strides[v] = view.strides[d - missing] * ElementBytes(view);
    }
    Append(shape.dims[d], strides, &walk);
  }
  if (walk.dim_count == 0) walk.dims[walk.dim_count++] = 1;
  return walk;
}

void VisitPart(const Walk& walk, int64_t part) {
  const uint32_t last = walk.dim_count - 1;
  const int64_t begin = part % walk.parts_per_row * kRowElements;
  int64_t outer = part / walk.parts_per_row;
  const int64_t first = outer * walk.dims[last] + begin;
  uint8_t* data[kMaxViews];
  for (uint32_t v = 0; v < walk.view_count; ++v) {
    data[v] = walk.data[v] + begin * walk.strides[last][v];
  }
  for (uint32_t d = last; d-- > 0;) {
    const int64_t index = outer % walk.dims[d];
    outer /= walk.dims[d];
    for (uint32_t v = 0; v < walk.view_count; ++v) data[v] += index * walk.strides[d][v];
  }
  walk.visit(walk.state,
             {data, walk.strides[last], std::min(kRowElements, walk.dims[last] - begin), first});
}

}  // namespace

void ForEachRow(const Shape& shape, const HostTensorView* const* views, uint32_t view_count,
                VisitRow visit, const void* state) {
  const int64_t elements = shape.size();
  if (elements == 0) return;
  Walk walk = MakeWalk(shape, views, view_count);
  walk.visit = visit;
  walk.state = state;
  walk.parts_per_row = (walk.row_length() + kRowElements - 1) / kRowElements;
  walk.parts = elements / walk.row_length() * walk.parts_per_row;
  const int64_t elements_per_part = std::max<int64_t>(1, elements / walk.parts);
  walk.parts_per_task = std::max<int64_t>(1, kElementsPerTask / elements_per_part);
  const int64_t tasks = (walk.parts + walk.parts_per_task - 1) / walk.parts_per_task;
  HostParallelFor(
      static_cast<uint32_t>(tasks), HostCoreCount(),
      [](void* state, uint32_t task) {
        const Walk& walk = *static_cast<const Walk*>(state);
        const int64_t begin = task * walk.parts_per_task;
        const int64_t end = std::min(walk.parts, begin + walk.parts_per_task);
        for (int64_t part = begin; part < end; ++part) VisitPart(walk, part);
      },
      &walk);
}

}  // namespace opapi
