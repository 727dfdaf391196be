// SPDX-License-Identifier: Apache-2.0
// Different elements, or slices, of a tensor. How many there are is known when the kernel has run:
// the outputs have room for all, and get their shape then.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "aclnnop/aclnn_unique2.h"
#include "aclnnop/aclnn_unique_consecutive.h"
#include "aclnnop/aclnn_unique_dim.h"
#include "engine/copying.h"
#include "engine/elementwise.h"
#include "engine/places.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// self cut into slices of numbers, one after the other.
template <typename T>
class SliceTable {
 public:
  // Slices along `axis`, or single elements.
  SliceTable(const HostTensorView& self, bool flat, uint32_t axis) {
    HostTensorView view = self;
    if (!flat && axis > 0) {
      // The axis in front of all others.
      for (uint32_t d = axis; d > 0; --d) {
        view.dims[d] = self.dims[d - 1];
        view.strides[d] = self.strides[d - 1];
      }
      view.dims[0] = self.dims[axis];
      view.strides[0] = self.strides[axis];
    }
    const Shape shape = opapi::ShapeOf(view);
    values_.resize(static_cast<size_t>(shape.size()));
    constexpr aclDataType kDType = std::is_same_v<T, int64_t> ? ACL_INT64
                                   : std::is_same_v<T, float> ? ACL_FLOAT
                                                              : ACL_DOUBLE;
    opapi::CopyElements(view, opapi::ContiguousView(values_.data(), kDType, shape));
    count_ = flat ? shape.size() : shape.dims[0];
    width_ = count_ == 0 ? 0 : shape.size() / count_;
  }

  int64_t count() const { return count_; }

  // NaN equals nothing, and comes behind all numbers.
  bool Equal(int64_t a, int64_t b) const { return std::equal(At(a), At(a) + width_, At(b)); }
  bool Less(int64_t a, int64_t b) const {
    const T* const left = At(a);
    const T* const right = At(b);
    for (int64_t i = 0; i < width_; ++i) {
      if (left[i] < right[i]) return true;
      if (right[i] < left[i]) return false;
      const bool left_nan = left[i] != left[i];
      const bool right_nan = right[i] != right[i];
      if (left_nan != right_nan) return right_nan;
    }
    return false;
  }

 private:
  const T* At(int64_t slice) const { return values_.data() + slice * width_; }

  std::vector<T> values_;
  int64_t count_ = 0;
  int64_t width_ = 0;
};

// Runs of equal slices in some order.
struct Runs {
  std::vector<int64_t> firsts;   // a slice of each run
  std::vector<int64_t> counts;   // slices of each run
  std::vector<int64_t> inverse;  // the run of each slice
};

template <typename T>
Runs FindRuns(const HostTensorView& self, bool flat, uint32_t axis, bool in_order) {
  const SliceTable<T> table(self, flat, axis);
  std::vector<int64_t> order(static_cast<size_t>(table.count()));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (in_order) {
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return table.Less(a, b); });
  }
  Runs runs;
  runs.inverse.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || !table.Equal(order[i - 1], order[i])) {
      runs.firsts.push_back(order[i]);
      runs.counts.push_back(0);
    }
    ++runs.counts.back();
    runs.inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(runs.firsts.size()) - 1;
  }
  return runs;
}

struct Unique {
  bool flat;
  uint32_t axis;
  bool in_order;
  bool inverse;
  bool counts;
};

// Tensors: self, valueOut, inverseOut, countsOut.
aclError RunUnique(const HostLaunch& launch, const Unique& unique, HostFailure* failure) {
  const HostTensorView& self = launch.tensors[0];
  Runs runs;
  opapi::WithType(opapi::ComputeOf(&self.dtype, 1, Numbers::kReal), [&](auto zero) {
    runs = FindRuns<decltype(zero)>(self, unique.flat, unique.axis, unique.in_order);
  });
  const auto count = static_cast<int64_t>(runs.firsts.size());
  Shape vector;
  vector.dim_count = 1;
  vector.dims[0] = count;
  Shape result = vector;
  opapi::Places places;
  if (unique.flat) {
    places = opapi::FlatPlaces(runs.firsts, self);
  } else {
    result = opapi::ShapeOf(self);
    result.dims[unique.axis] = count;
    places = opapi::MakePlaces(vector, opapi::Axes{1} << unique.axis, unique.axis);
    for (size_t i = 0; i < runs.firsts.size(); ++i) {
      places.offsets[i] = runs.firsts[i] * self.strides[unique.axis];
    }
  }
  // The result lies without gaps, whatever room it has.
  HostTensorView values = opapi::ContiguousView(launch.tensors[1].storage, self.dtype, result);
  values.offset = launch.tensors[1].offset;
  opapi::CopyFromPlaces(self, places, values);
  aclError status = HostLaunchSetShape(&launch, 1, result.dims, result.dim_count, failure);
  if (unique.inverse) {
    const HostTensorView& inverse = launch.tensors[2];
    opapi::CopyElements(
        opapi::ContiguousView(runs.inverse.data(), ACL_INT64, opapi::ShapeOf(inverse)), inverse);
  }
  if (unique.counts && status == ACL_SUCCESS) {
    opapi::CopyElements(opapi::ContiguousView(runs.counts.data(), ACL_INT64, vector),
                        opapi::Narrow(launch.tensors[3], 0, 0, count));
    status = HostLaunchSetShape(&launch, 3, &count, 1, failure);
  }
  return status;
}

struct Outputs {
  aclTensor* value;
  aclTensor* inverse;
  aclTensor* counts;
};

aclnnStatus RunPhase(const Phase& call, const aclTensor* self, int64_t dim, Unique unique,
                     const Outputs& outputs) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("valueOut", outputs.value));
    OP_PLAN_CHECK(phase.Output("inverseOut", outputs.inverse));
    OP_PLAN_CHECK(phase.Output("countsOut", outputs.counts));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
    const HostTensorView& from = phase.tensor(0);
    Shape room = opapi::ShapeOf(from);
    Shape slices = room;
    Shape vector;
    vector.dim_count = 1;
    vector.dims[0] = room.size();
    if (unique.flat) {
      room = vector;
    } else {
      if (from.dim_count == 0) return Refuse(op_plan::kParamInvalid, "self has no dimensions");
      OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, from.dim_count, &unique.axis));
      vector.dims[0] = from.dims[unique.axis];
      slices = vector;
      if (room.size() == 0) {
        return Refuse(op_plan::kParamInvalid,
                      "self has shape %s: slices without elements are all "
                      "the same",
                      opapi::ShapeText(room).c_str());
      }
    }
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, room));
    OP_PLAN_CHECK(opapi::CheckContiguous(phase, 1));
    if (unique.inverse) {
      OP_PLAN_CHECK(opapi::CheckDType(phase, 2, ACL_INT64));
      OP_PLAN_CHECK(opapi::CheckShape(phase, 2, slices));
    }
    if (unique.counts) {
      OP_PLAN_CHECK(opapi::CheckDType(phase, 3, ACL_INT64));
      OP_PLAN_CHECK(opapi::CheckShape(phase, 3, vector));
      OP_PLAN_CHECK(opapi::CheckContiguous(phase, 3));
    }
    return phase.Bind([unique](const HostLaunch& launch, HostFailure* failure) {
      return RunUnique(launch, unique, failure);
    });
  });
}

}  // namespace

aclnnStatus aclnnUnique2GetWorkspaceSize(const aclTensor* self, bool sorted, bool returnInverse,
                                         bool returnCounts, aclTensor* valueOut,
                                         aclTensor* inverseOut, aclTensor* countsOut,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  static_cast<void>(sorted);  // they always are
  return RunPhase({"aclnnUnique2", workspaceSize, executor}, self, 0,
                  {true, 0, true, returnInverse, returnCounts}, {valueOut, inverseOut, countsOut});
}
ACLNN_SECOND_PHASE(aclnnUnique2)

aclnnStatus aclnnUniqueConsecutiveGetWorkspaceSize(const aclTensor* self, bool returnInverse,
                                                   bool returnCounts, int64_t dim,
                                                   aclTensor* valueOut, aclTensor* inverseOut,
                                                   aclTensor* countsOut, uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  constexpr int64_t kNoDim = 1000;  // CANN's number for "all elements"
  return RunPhase({"aclnnUniqueConsecutive", workspaceSize, executor}, self, dim,
                  {dim == kNoDim, 0, false, returnInverse, returnCounts},
                  {valueOut, inverseOut, countsOut});
}
ACLNN_SECOND_PHASE(aclnnUniqueConsecutive)

aclnnStatus aclnnUniqueDimGetWorkspaceSize(const aclTensor* self, bool sorted, bool returnInverse,
                                           int64_t dim, aclTensor* valueOut, aclTensor* inverseOut,
                                           aclTensor* countsOut, uint64_t* workspaceSize,
                                           aclOpExecutor** executor) {
  static_cast<void>(sorted);
  return RunPhase({"aclnnUniqueDim", workspaceSize, executor}, self, dim,
                  {false, 0, true, returnInverse, true}, {valueOut, inverseOut, countsOut});
}
ACLNN_SECOND_PHASE(aclnnUniqueDim)
