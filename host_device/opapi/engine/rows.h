// SPDX-License-Identifier: Apache-2.0
// Tensors walked together, element by element: broadcast to one shape, dimensions merged where they
// lie so, and cut into rows of at most kRowElements that may run at the same time.
#pragma once

#include "engine/number.h"

namespace opapi {

constexpr int64_t kRowElements = 1024;

struct Shape {
  uint32_t dim_count = 0;
  int64_t dims[HostTensorView::kMaxDims] = {};

  int64_t size() const;
};

Shape ShapeOf(const HostTensorView& view);
bool operator==(const Shape& a, const Shape& b);
// "(2, 3)" for messages.
std::string ShapeText(const Shape& shape);

// Widens `shape` to what it and `other` broadcast to; false where they do not fit.
bool Broadcast(const Shape& other, Shape* shape);

uint8_t* FirstElement(const HostTensorView& view);

// Bytes of one element.
int64_t ElementBytes(const HostTensorView& view);

// Part of a row: where each tensor's first element of it lies, and bytes from one to the next.
struct Row {
  uint8_t* const* data;
  const int64_t* strides;
  int64_t count;
  int64_t first;  // number of its first element in the shape, counted in C order
};

// Calls visit(Row) for all rows of `shape`, on several cores where that pays. Every view broadcasts
// to `shape`.
using VisitRow = void (*)(const void* state, const Row& row);
void ForEachRow(const Shape& shape, const HostTensorView* const* views, uint32_t view_count,
                VisitRow visit, const void* state);

template <size_t kViews, typename Visit>
void ForEachRow(const Shape& shape, const HostTensorView* const (&views)[kViews],
                const Visit& visit) {
  ForEachRow(
      shape, views, kViews,
      [](const void* state, const Row& row) { (*static_cast<const Visit*>(state))(row); }, &visit);
}

}  // namespace opapi
