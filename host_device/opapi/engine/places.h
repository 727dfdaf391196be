// SPDX-License-Identifier: Apache-2.0
// Slices of a tensor at places that indices name, side by side with a tensor that holds them one
// after the other: its shape is that of self, with the indexed dimensions taken out and the shape
// of the places put in.
#pragma once

#include <vector>

#include "engine/axes.h"

namespace opapi {

// Whether -1 is the last element or an error.
enum class Negative { kRefused, kFromEnd };

struct Places {
  Shape shape;
  Axes axes = 0;                 // of self
  uint32_t at = 0;               // dimension of the result where those of `shape` begin
  std::vector<int64_t> offsets;  // elements of self from its first to each place, in C order
};

// What an index argument is called in messages, and what it points into.
struct IndexName {
  const char* index;
  const char* self;
};

Shape IndexedShape(const Shape& self, const Places& places);

// As many places as `shape` says, all at the first element.
Places MakePlaces(const Shape& shape, Axes axes, uint32_t at);
// Adds to every place the index along `axis` that `index`, broadcast to the places' shape, has for
// it. An index out of range fails with a text.
aclError AddIndex(const IndexName& name, const HostTensorView& index, const HostTensorView& self,
                  uint32_t axis, Negative negative, Places* places, HostFailure* failure);
// The same with numbers: `values[i]` for place i.
aclError AddIndex(const IndexName& name, const std::vector<int64_t>& values,
                  const HostTensorView& self, uint32_t axis, Negative negative, Places* places,
                  HostFailure* failure);
// Places in self as a flat tensor.
aclError FlatPlaces(const IndexName& name, const HostTensorView& index, const HostTensorView& self,
                    Negative negative, Places* places, HostFailure* failure);
Places FlatPlaces(const std::vector<int64_t>& values, const HostTensorView& self);

// Tensor `inner` has no more elements along any dimension than tensor `outer`, but for `axis`; one
// without elements fits anywhere. kNoAxis: along every dimension.
constexpr uint32_t kNoAxis = HostTensorView::kMaxDims;
Verdict CheckInside(const FirstPhase& phase, size_t inner, size_t outer, uint32_t axis);

// The elements of an index tensor, in C order.
std::vector<int64_t> IndexValues(const HostTensorView& index);
aclError IndexFails(const IndexName& name, int64_t value, int64_t element, int64_t size,
                    const char* what, Negative negative, HostFailure* failure);

// out = self at the places.
void CopyFromPlaces(const HostTensorView& self, const Places& places, const HostTensorView& out);
// self at the places = values, which may be broadcast; where places are equal the last one stays.
void CopyToPlaces(const HostTensorView& values, const Places& places, const HostTensorView& self);
// self at the places += factor * values. The sum of all that meets at a place is rounded once.
void AddToPlaces(const HostTensorView& values, const HostScalarView& factor, const Places& places,
                 const HostTensorView& self);
// self at the places = the scalar.
void FillPlaces(const HostScalarView& value, const Places& places, const HostTensorView& self);

}  // namespace opapi
