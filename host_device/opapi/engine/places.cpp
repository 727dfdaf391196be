// SPDX-License-Identifier: Apache-2.0
#include "engine/places.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "engine/copying.h"
#include "engine/elementwise.h"
#include "engine/tasks.h"

namespace opapi {

namespace {

constexpr uint32_t kMaxDims = HostTensorView::kMaxDims;

// Dimensions that self and the tensor of slices walk together, merged; strides in bytes.
struct SliceDims {
  uint32_t count = 0;
  int64_t dims[kMaxDims] = {};
  int64_t self[kMaxDims] = {};
  int64_t values[kMaxDims] = {};

  int64_t size() const {
    return std::accumulate(dims, dims + count, int64_t{1}, std::multiplies<>());
  }

  void Append(int64_t dim, int64_t self_stride, int64_t values_stride) {
    if (dim == 1) return;
    if (count > 0 && self[count - 1] == self_stride * dim &&
        values[count - 1] == values_stride * dim) {
      dims[count - 1] *= dim;
      self[count - 1] = self_stride;
      values[count - 1] = values_stride;
      return;
    }
    dims[count] = dim;
    self[count] = self_stride;
    values[count++] = values_stride;
  }
};

struct Offsets {
  int64_t self;
  int64_t values;
};

Offsets OffsetsOf(const SliceDims& dims, uint32_t count, int64_t index) {
  Offsets offsets{0, 0};
  for (uint32_t d = count; d-- > 0;) {
    const int64_t at = index % dims.dims[d];
    index /= dims.dims[d];
    offsets.self += at * dims.self[d];
    offsets.values += at * dims.values[d];
  }
  return offsets;
}

// self and values as slices: for each `outer` index and each place, an inner block of rows.
struct Slices {
  SliceDims outer;
  SliceDims inner;
  int64_t inner_rows = 1;
  int64_t row_length = 1;
  Offsets row_strides{0, 0};
  std::vector<int64_t> self_places;    // bytes
  std::vector<int64_t> values_places;  // bytes
  uint8_t* self = nullptr;
  uint8_t* values = nullptr;
};

// Bytes from the first element to each element of some dimensions of `view`, in C order.
std::vector<int64_t> OffsetsOf(const HostTensorView& view, uint32_t first_dim, const Shape& shape) {
  std::vector<int64_t> offsets(static_cast<size_t>(shape.size()), 0);
  int64_t repeat = 1;  // elements of the dimensions after d
  for (uint32_t d = shape.dim_count; d-- > 0;) {
    const int64_t stride = view.strides[first_dim + d] * ElementBytes(view);
    int64_t index = 0;
    int64_t left = repeat;
    for (int64_t& offset : offsets) {
      offset += index * stride;
      if (--left == 0) {
        left = repeat;
        if (++index == shape.dims[d]) index = 0;
      }
    }
    repeat *= shape.dims[d];
  }
  return offsets;
}

// `values` has the shape of the slices.
Slices MakeSlices(const HostTensorView& self, const Places& places, const HostTensorView& values) {
  Slices slices;
  slices.self = FirstElement(self);
  slices.values = FirstElement(values);
  const int64_t bytes = ElementBytes(self);
  const int64_t values_bytes = ElementBytes(values);
  uint32_t dim = 0;  // of values
  for (uint32_t d = 0; d < self.dim_count; ++d) {
    if ((places.axes >> d & 1) != 0) continue;
    const bool before = dim < places.at;
    const uint32_t in_values = before ? dim : dim + places.shape.dim_count;
    (before ? slices.outer : slices.inner)
        .Append(self.dims[d], self.strides[d] * bytes, values.strides[in_values] * values_bytes);
    ++dim;
  }
  if (slices.inner.count > 0) {
    const uint32_t last = --slices.inner.count;
    slices.row_length = slices.inner.dims[last];
    slices.row_strides = {slices.inner.self[last], slices.inner.values[last]};
  } else {
    slices.row_strides = {bytes, values_bytes};
  }
  slices.inner_rows = slices.inner.size();
  slices.self_places.resize(places.offsets.size());
  for (size_t i = 0; i < places.offsets.size(); ++i) {
    slices.self_places[i] = places.offsets[i] * bytes;
  }
  slices.values_places = OffsetsOf(values, places.at, places.shape);
  return slices;
}

void CopyRow(const uint8_t* from, int64_t from_stride, uint8_t* to, int64_t to_stride,
             int64_t count, int64_t bytes) {
  if (count == 1) return CopyElement(from, bytes, to);
  if (from_stride == bytes && to_stride == bytes) {
    std::memcpy(to, from, static_cast<size_t>(count * bytes));
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    CopyElement(from + i * from_stride, bytes, to + i * to_stride);
  }
}

// Calls visit(self, values) for the first element of every row of every block of
// [begin, end), where block number outer * places + place is one place's.
template <typename Visit>
void ForEachBlockRow(const Slices& slices, int64_t begin, int64_t end, const Visit& visit) {
  const auto places = static_cast<int64_t>(slices.self_places.size());
  Offsets outer{0, 0};
  for (int64_t block = begin; block < end; ++block) {
    const int64_t place = block % places;
    if (block == begin || place == 0) {
      outer = OffsetsOf(slices.outer, slices.outer.count, block / places);
    }
    const auto at = static_cast<size_t>(place);
    uint8_t* const self = slices.self + outer.self + slices.self_places[at];
    uint8_t* const values = slices.values + outer.values + slices.values_places[at];
    if (slices.inner_rows == 1) {
      visit(self, values);
      continue;
    }
    for (int64_t row = 0; row < slices.inner_rows; ++row) {
      const Offsets inner = OffsetsOf(slices.inner, slices.inner.count, row);
      visit(self + inner.self, values + inner.values);
    }
  }
}

// Places in the order of where they point to; of equal ones the first comes first.
struct Groups {
  std::vector<int64_t> order;
  std::vector<int64_t> begins;  // of groups of equal places in `order`, and the end
};

Groups GroupPlaces(const std::vector<int64_t>& offsets) {
  Groups groups;
  groups.order.resize(offsets.size());
  std::iota(groups.order.begin(), groups.order.end(), int64_t{0});
  const auto offset_of = [&](int64_t place) { return offsets[static_cast<size_t>(place)]; };
  if (!std::is_sorted(offsets.begin(), offsets.end())) {
    std::stable_sort(groups.order.begin(), groups.order.end(),
                     [&](int64_t a, int64_t b) { return offset_of(a) < offset_of(b); });
  }
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (i == 0 || offset_of(groups.order[i]) != offset_of(groups.order[i - 1])) {
      groups.begins.push_back(static_cast<int64_t>(i));
    }
  }
  groups.begins.push_back(static_cast<int64_t>(offsets.size()));
  return groups;
}

template <typename T>
void AddGroup(const Slices& slices, const Groups& groups, size_t group, const Offsets& outer,
              T factor, aclDataType self_dtype, aclDataType values_dtype) {
  T sums[kRowElements];
  T values[kRowElements];
  const auto begin = static_cast<size_t>(groups.begins[group]);
  const auto end = static_cast<size_t>(groups.begins[group + 1]);
  const auto place = static_cast<size_t>(groups.order[begin]);
  for (int64_t row = 0; row < slices.inner_rows; ++row) {
    const Offsets inner = OffsetsOf(slices.inner, slices.inner.count, row);
    uint8_t* const self = slices.self + outer.self + slices.self_places[place] + inner.self;
    for (int64_t first = 0; first < slices.row_length; first += kRowElements) {
      const int64_t count = std::min(kRowElements, slices.row_length - first);
      uint8_t* const target = self + first * slices.row_strides.self;
      Load(target, self_dtype, slices.row_strides.self, count, sums);
      for (size_t i = begin; i < end; ++i) {
        const uint8_t* const source = slices.values + outer.values +
                                      slices.values_places[static_cast<size_t>(groups.order[i])] +
                                      inner.values + first * slices.row_strides.values;
        Load(source, values_dtype, slices.row_strides.values, count, values);
        for (int64_t e = 0; e < count; ++e) sums[e] = Plus(sums[e], Times(factor, values[e]));
      }
      Store(sums, count, self_dtype, slices.row_strides.self, target);
    }
  }
}

}  // namespace

Shape IndexedShape(const Shape& self, const Places& places) {
  Shape shape;
  const auto put_places = [&] {
    for (uint32_t p = 0; p < places.shape.dim_count; ++p) {
      shape.dims[shape.dim_count++] = places.shape.dims[p];
    }
  };
  uint32_t slice_dims = 0;
  for (uint32_t d = 0; d < self.dim_count; ++d) {
    if ((places.axes >> d & 1) != 0) continue;
    if (slice_dims++ == places.at) put_places();
    shape.dims[shape.dim_count++] = self.dims[d];
  }
  if (slice_dims <= places.at) put_places();
  return shape;
}

Places MakePlaces(const Shape& shape, Axes axes, uint32_t at) {
  return {shape, axes, at, std::vector<int64_t>(static_cast<size_t>(shape.size()), 0)};
}

aclError IndexFails(const IndexName& name, int64_t value, int64_t element, int64_t size,
                    const char* what, Negative negative, HostFailure* failure) {
  std::snprintf(failure->text, sizeof(failure->text),
                "%s is %lld at element %lld, but %s of %s has %lld elements: want %lld to %lld",
                name.index, static_cast<long long>(value), static_cast<long long>(element), what,
                name.self, static_cast<long long>(size),
                static_cast<long long>(negative == Negative::kFromEnd ? -size : 0),
                static_cast<long long>(size - 1));
  return ACL_ERROR_RT_PARAM_INVALID;
}

Verdict CheckInside(const FirstPhase& phase, size_t inner, size_t outer, uint32_t axis) {
  const Shape small = ShapeOf(phase.tensor(inner));
  const Shape large = ShapeOf(phase.tensor(outer));
  bool fits = small.dim_count == large.dim_count;
  for (uint32_t d = 0; fits && d < small.dim_count; ++d) {
    fits = d == axis || small.dims[d] <= large.dims[d];
  }
  if (fits || (small.size() == 0 && small.dim_count == large.dim_count)) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not fit into %s of %s%s",
                phase.name(inner), ShapeText(small).c_str(), ShapeText(large).c_str(),
                phase.name(outer), axis == kNoAxis ? "" : " beside dim");
}

std::vector<int64_t> IndexValues(const HostTensorView& index) {
  std::vector<int64_t> values(static_cast<size_t>(ShapeOf(index).size()));
  CopyElements(index, ContiguousView(values.data(), ACL_INT64, ShapeOf(index)));
  return values;
}

aclError AddIndex(const IndexName& name, const std::vector<int64_t>& values,
                  const HostTensorView& self, uint32_t axis, Negative negative, Places* places,
                  HostFailure* failure) {
  const int64_t size = self.dim_count == 0 ? 1 : self.dims[axis];
  const int64_t stride = self.dim_count == 0 ? 0 : self.strides[axis];
  const int64_t lowest = negative == Negative::kFromEnd ? -size : 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t value = values[i];
    if (value < lowest || value >= size) {
      const std::string what = "dimension " + std::to_string(axis);
      return IndexFails(name, value, static_cast<int64_t>(i), size, what.c_str(), negative,
                        failure);
    }
    places->offsets[i] += (value < 0 ? value + size : value) * stride;
  }
  return ACL_SUCCESS;
}

aclError AddIndex(const IndexName& name, const HostTensorView& index, const HostTensorView& self,
                  uint32_t axis, Negative negative, Places* places, HostFailure* failure) {
  return AddIndex(name, IndexValues(Expand(index, places->shape)), self, axis, negative, places,
                  failure);
}

Places FlatPlaces(const std::vector<int64_t>& values, const HostTensorView& self) {
  Shape shape;
  shape.dim_count = 1;
  shape.dims[0] = static_cast<int64_t>(values.size());
  Places places{shape, AllAxes(self.dim_count), 0, values};
  if (IsContiguous(self)) return places;
  for (int64_t& offset : places.offsets) {
    int64_t index = offset;
    offset = 0;
    for (uint32_t d = self.dim_count; d-- > 0;) {
      offset += index % self.dims[d] * self.strides[d];
      index /= self.dims[d];
    }
  }
  return places;
}

aclError FlatPlaces(const IndexName& name, const HostTensorView& index, const HostTensorView& self,
                    Negative negative, Places* places, HostFailure* failure) {
  const int64_t size = ShapeOf(self).size();
  std::vector<int64_t> values = IndexValues(index);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < (negative == Negative::kFromEnd ? -size : 0) || values[i] >= size) {
      return IndexFails(name, values[i], static_cast<int64_t>(i), size, "all", negative, failure);
    }
    if (values[i] < 0) values[i] += size;
  }
  *places = FlatPlaces(values, self);
  places->shape = ShapeOf(index);
  return ACL_SUCCESS;
}

void CopyFromPlaces(const HostTensorView& self, const Places& places, const HostTensorView& out) {
  if (ShapeOf(out).size() == 0) return;
  const Slices slices = MakeSlices(self, places, out);
  const int64_t bytes = ElementBytes(self);
  const auto blocks = slices.outer.size() * static_cast<int64_t>(places.offsets.size());
  ForEachGroup(blocks, slices.inner_rows * slices.row_length, [&](int64_t begin, int64_t end) {
    ForEachBlockRow(slices, begin, end, [&](const uint8_t* from, uint8_t* to) {
      CopyRow(from, slices.row_strides.self, to, slices.row_strides.values, slices.row_length,
              bytes);
    });
  });
}

void CopyToPlaces(const HostTensorView& values, const Places& places, const HostTensorView& self) {
  const Shape shape = IndexedShape(ShapeOf(self), places);
  if (shape.size() == 0) return;
  Slices slices = MakeSlices(self, places, Expand(values, shape));
  // Equal places are left to the last, so that cores do not meet.
  const Groups groups = GroupPlaces(slices.self_places);
  const size_t group_count = groups.begins.size() - 1;
  std::vector<int64_t> self_places(group_count);
  std::vector<int64_t> values_places(group_count);
  for (size_t g = 0; g < group_count; ++g) {
    const auto last =
        static_cast<size_t>(groups.order[static_cast<size_t>(groups.begins[g + 1]) - 1]);
    self_places[g] = slices.self_places[last];
    values_places[g] = slices.values_places[last];
  }
  slices.self_places = std::move(self_places);
  slices.values_places = std::move(values_places);
  const int64_t bytes = ElementBytes(self);
  const auto blocks = slices.outer.size() * static_cast<int64_t>(group_count);
  ForEachGroup(blocks, slices.inner_rows * slices.row_length, [&](int64_t begin, int64_t end) {
    ForEachBlockRow(slices, begin, end, [&](uint8_t* to, const uint8_t* from) {
      CopyRow(from, slices.row_strides.values, to, slices.row_strides.self, slices.row_length,
              bytes);
    });
  });
}

void AddToPlaces(const HostTensorView& values, const HostScalarView& factor, const Places& places,
                 const HostTensorView& self) {
  const Shape shape = IndexedShape(ShapeOf(self), places);
  if (shape.size() == 0) return;
  const Slices slices = MakeSlices(self, places, Expand(values, shape));
  const Groups groups = GroupPlaces(slices.self_places);
  const auto group_count = static_cast<int64_t>(groups.begins.size()) - 1;
  const int64_t elements = shape.size() / slices.outer.size() / group_count + 1;
  const bool real = IsFloating(self.dtype);
  ForEachGroup(slices.outer.size() * group_count, elements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Offsets outer = OffsetsOf(slices.outer, slices.outer.count, i / group_count);
      const auto group = static_cast<size_t>(i % group_count);
      if (real) {
        AddGroup(slices, groups, group, outer, ValueOf<double>(factor), self.dtype, values.dtype);
      } else {
        AddGroup(slices, groups, group, outer, ValueOf<int64_t>(factor), self.dtype, values.dtype);
      }
    }
  });
}

void FillPlaces(const HostScalarView& value, const Places& places, const HostTensorView& self) {
  alignas(8) uint8_t element[8] = {};
  const HostTensorView one = ContiguousView(element, self.dtype, Shape{});
  FillElements(value, one);
  CopyToPlaces(one, places, self);
}

}  // namespace opapi
