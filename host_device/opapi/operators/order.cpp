// SPDX-License-Identifier: Apache-2.0
// Elements in order along a dimension: all of them, the first k, or the k-th alone.
#include <algorithm>

#include "aclnnop/aclnn_kthvalue.h"
#include "aclnnop/aclnn_median.h"
#include "aclnnop/aclnn_sort.h"
#include "aclnnop/aclnn_topk.h"
#include "engine/copying.h"
#include "engine/elementwise.h"
#include "engine/lines.h"
#include "engine/ordering.h"

namespace {

using opapi::FirstPhase;
using opapi::Line;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// What is wanted of every line.
struct Order {
  uint32_t axis;
  int64_t first;  // elements from this place in the order on
  int64_t count;
  bool descending;
};

// Brings the wanted entries to where they belong in the order.
template <typename Entry>
void Arrange(const Order& order, std::vector<Entry>* entries) {
  const auto begin = entries->begin();
  const auto first = begin + order.first;
  const auto end = first + order.count;
  if (first != begin) std::nth_element(begin, first, entries->end());
  if (order.count == 1 && first != begin) return;
  if (end != entries->end()) std::nth_element(first, end, entries->end());
  std::sort(first, end);
}

// Elements go to tensor 1 bit for bit, their places to tensor 2.
template <typename T>
void OrderLines(const HostLaunch& launch, const Order& order) {
  const HostTensorView& self = launch.tensors[0];
  const HostTensorView& values = launch.tensors[1];
  const HostTensorView& indices = launch.tensors[2];
  const int64_t length = opapi::LengthOf(self, order.axis);
  const int64_t bytes = opapi::ElementBytes(self);
  if (order.count == 0) return;
  opapi::ForEachLine(opapi::Lines({&self, &values, &indices}, order.axis), length * 8, [&] {
    return [&, entries = std::vector<opapi::EntryOf<T>>(),
            moved = std::vector<uint8_t>(static_cast<size_t>(order.count * bytes)),
            places =
                std::vector<int64_t>(static_cast<size_t>(order.count))](const Line& line) mutable {
      opapi::FillEntries<T>(line.data[0], self.dtype, line.strides[0], length, order.descending,
                            &entries);
      Arrange(order, &entries);
      // values may be self.
      for (int64_t i = 0; i < order.count; ++i) {
        const int64_t place = opapi::PlaceOf(entries[static_cast<size_t>(order.first + i)]);
        opapi::CopyElement(line.data[0] + place * line.strides[0], bytes, moved.data() + i * bytes);
        places[static_cast<size_t>(i)] = place;
      }
      for (int64_t i = 0; i < order.count; ++i) {
        opapi::CopyElement(moved.data() + i * bytes, bytes, line.data[1] + i * line.strides[1]);
      }
      opapi::Store(places.data(), order.count, indices.dtype, line.strides[2], line.data[2]);
    };
  });
}

aclError RunOrder(const HostLaunch& launch, const Order& order) {
  opapi::WithType(opapi::ComputeOf(&launch.tensors[0].dtype, 1, Numbers::kReal),
                  [&](auto zero) { OrderLines<decltype(zero)>(launch, order); });
  return ACL_SUCCESS;
}

// self, values, indices: tensors 0, 1, 2.
Verdict ReadOrder(FirstPhase& phase, const aclTensor* self, aclTensor* values, aclTensor* indices,
                  int64_t dim, uint32_t* axis) {
  OP_PLAN_CHECK(phase.Input("self", self));
  OP_PLAN_CHECK(phase.Output("valuesOut", values));
  OP_PLAN_CHECK(phase.Output("indicesOut", indices));
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 2));
  OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, axis));
  const int64_t length = opapi::LengthOf(phase.tensor(0), *axis);
  if (length <= opapi::kMaxLine) return {};
  return Refuse(op_plan::kParamInvalid, "self has %lld elements along dim: want at most %lld",
                static_cast<long long>(length), static_cast<long long>(opapi::kMaxLine));
}

Verdict CheckResults(const FirstPhase& phase, const Shape& shape) {
  OP_PLAN_CHECK(opapi::CheckShape(phase, 1, shape));
  return opapi::CheckShape(phase, 2, shape);
}

// The outputs without or with dim, as views with dim, so that lines fit.
HostTensorView WithAxis(const HostTensorView& self, const HostTensorView& out, uint32_t axis) {
  if (out.dim_count == self.dim_count) return out;
  HostTensorView view = out;
  for (uint32_t d = out.dim_count; d > axis; --d) {
    view.dims[d] = view.dims[d - 1];
    view.strides[d] = view.strides[d - 1];
  }
  view.dims[axis] = 1;
  view.strides[axis] = 1;
  ++view.dim_count;
  return view;
}

aclError RunOne(const HostLaunch& launch, const Order& order) {
  const HostTensorView views[] = {launch.tensors[0],
                                  WithAxis(launch.tensors[0], launch.tensors[1], order.axis),
                                  WithAxis(launch.tensors[0], launch.tensors[2], order.axis)};
  HostLaunch widened = launch;
  widened.tensors = views;
  return RunOrder(widened, order);
}

// The lower median of each line: of all elements, NaN if one is NaN; or of the numbers alone.
template <typename T>
int64_t MedianOf(bool leave_nan_out, std::vector<opapi::EntryOf<T>>* entries) {
  size_t numbers = entries->size();
  if constexpr (!std::is_same_v<T, int64_t>) {
    const auto is_number = [](const auto& entry) {
      return opapi::KeyOf(entry) != (std::is_same_v<T, float> ? UINT32_MAX : UINT64_MAX);
    };
    const auto end = std::stable_partition(entries->begin(), entries->end(), is_number);
    numbers = static_cast<size_t>(end - entries->begin());
    if (numbers < entries->size() && (!leave_nan_out || numbers == 0)) {
      return opapi::PlaceOf((*entries)[numbers]);
    }
  }
  const auto middle = entries->begin() + static_cast<int64_t>((numbers - 1) / 2);
  std::nth_element(entries->begin(), middle, entries->begin() + static_cast<int64_t>(numbers));
  return opapi::PlaceOf(*middle);
}

template <typename T>
void MedianLines(const HostTensorView& self, const HostTensorView& values,
                 const HostTensorView* indices, uint32_t axis, bool leave_nan_out) {
  const int64_t length = opapi::LengthOf(self, axis);
  const int64_t bytes = opapi::ElementBytes(self);
  const HostTensorView& third = indices == nullptr ? values : *indices;
  opapi::ForEachLine(opapi::Lines({&self, &values, &third}, axis), length * 4, [&] {
    return [&, entries = std::vector<opapi::EntryOf<T>>()](const Line& line) mutable {
      opapi::FillEntries<T>(line.data[0], self.dtype, line.strides[0], length, false, &entries);
      const int64_t place = MedianOf<T>(leave_nan_out, &entries);
      opapi::CopyElement(line.data[0] + place * line.strides[0], bytes, line.data[1]);
      if (indices != nullptr) {
        opapi::Store(&place, 1, indices->dtype, line.strides[2], line.data[2]);
      }
    };
  });
}

aclnnStatus MedianAlong(const Phase& call, const aclTensor* self, int64_t dim, bool keep,
                        aclTensor* values, aclTensor* indices, bool leave_nan_out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    uint32_t axis = 0;
    OP_PLAN_CHECK(ReadOrder(phase, self, values, indices, dim, &axis));
    const opapi::Axes axes = opapi::Axes{1} << axis;
    OP_PLAN_CHECK(CheckResults(phase, opapi::Reduced(opapi::ShapeOf(phase.tensor(0)), axes, keep)));
    OP_PLAN_CHECK(opapi::CheckNotEmpty(phase, axes));
    return phase.Bind([axis, leave_nan_out](const HostLaunch& launch, HostFailure*) {
      const HostTensorView& self = launch.tensors[0];
      const HostTensorView values = WithAxis(self, launch.tensors[1], axis);
      const HostTensorView indices = WithAxis(self, launch.tensors[2], axis);
      opapi::WithType(opapi::ComputeOf(&self.dtype, 1, Numbers::kReal), [&](auto zero) {
        MedianLines<decltype(zero)>(self, values, &indices, axis, leave_nan_out);
      });
      return ACL_SUCCESS;
    });
  });
}

// All elements as one line, gathered where they do not lie so.
aclnnStatus MedianOfAll(const Phase& call, const aclTensor* self, const char* out_name,
                        aclTensor* out, bool leave_nan_out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output(out_name, out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, Shape{}));
    const int64_t size = opapi::ShapeOf(phase.tensor(0)).size();
    OP_PLAN_CHECK(opapi::CheckNotEmpty(phase, opapi::AllAxes(phase.tensor(0).dim_count)));
    if (size > opapi::kMaxLine) {
      return Refuse(op_plan::kParamInvalid, "self has %lld elements: want at most %lld",
                    static_cast<long long>(size), static_cast<long long>(opapi::kMaxLine));
    }
    phase.SetWorkspace(static_cast<uint64_t>(size * opapi::ElementBytes(phase.tensor(0))));
    return phase.Bind([leave_nan_out](const HostLaunch& launch, HostFailure*) {
      const HostTensorView flat = opapi::Flattened(launch.tensors[0], launch.workspace);
      opapi::WithType(opapi::ComputeOf(&flat.dtype, 1, Numbers::kReal), [&](auto zero) {
        MedianLines<decltype(zero)>(flat, launch.tensors[1], nullptr, 0, leave_nan_out);
      });
      return ACL_SUCCESS;
    });
  });
}

}  // namespace

aclnnStatus aclnnSortGetWorkspaceSize(const aclTensor* self, bool stable, int64_t dim,
                                      bool descending, aclTensor* valuesOut, aclTensor* indicesOut,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  static_cast<void>(stable);  // it always is
  FirstPhase first("aclnnSort", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Order order{0, 0, 0, descending};
    OP_PLAN_CHECK(ReadOrder(phase, self, valuesOut, indicesOut, dim, &order.axis));
    OP_PLAN_CHECK(CheckResults(phase, opapi::ShapeOf(phase.tensor(0))));
    order.count = opapi::LengthOf(phase.tensor(0), order.axis);
    return phase.Bind(
        [order](const HostLaunch& launch, HostFailure*) { return RunOrder(launch, order); });
  });
}
ACLNN_SECOND_PHASE(aclnnSort)

aclnnStatus aclnnTopkGetWorkspaceSize(const aclTensor* self, int64_t k, int64_t dim, bool largest,
                                      bool sorted, aclTensor* valuesOut, aclTensor* indicesOut,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  static_cast<void>(sorted);  // they always are
  FirstPhase first("aclnnTopk", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Order order{0, 0, k, largest};
    OP_PLAN_CHECK(ReadOrder(phase, self, valuesOut, indicesOut, dim, &order.axis));
    const int64_t length = opapi::LengthOf(phase.tensor(0), order.axis);
    if (k < 0 || k > length) {
      return Refuse(op_plan::kParamInvalid, "k is %lld: want 0 to %lld, the size of dim",
                    static_cast<long long>(k), static_cast<long long>(length));
    }
    Shape wanted = opapi::ShapeOf(phase.tensor(0));
    if (wanted.dim_count > 0) wanted.dims[order.axis] = k;
    OP_PLAN_CHECK(CheckResults(phase, wanted));
    return phase.Bind(
        [order](const HostLaunch& launch, HostFailure*) { return RunOrder(launch, order); });
  });
}
ACLNN_SECOND_PHASE(aclnnTopk)

aclnnStatus aclnnKthvalueGetWorkspaceSize(const aclTensor* self, int64_t k, int64_t dim,
                                          bool keepdim, aclTensor* valuesOut, aclTensor* indicesOut,
                                          uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnKthvalue", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Order order{0, k - 1, 1, false};
    OP_PLAN_CHECK(ReadOrder(phase, self, valuesOut, indicesOut, dim, &order.axis));
    const int64_t length = opapi::LengthOf(phase.tensor(0), order.axis);
    if (k < 1 || k > length) {
      return Refuse(op_plan::kParamInvalid, "k is %lld: want 1 to %lld, the size of dim",
                    static_cast<long long>(k), static_cast<long long>(length));
    }
    OP_PLAN_CHECK(CheckResults(phase, opapi::Reduced(opapi::ShapeOf(phase.tensor(0)),
                                                     opapi::Axes{1} << order.axis, keepdim)));
    return phase.Bind(
        [order](const HostLaunch& launch, HostFailure*) { return RunOne(launch, order); });
  });
}
ACLNN_SECOND_PHASE(aclnnKthvalue)

aclnnStatus aclnnMedianGetWorkspaceSize(const aclTensor* self, aclTensor* valuesOut,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MedianOfAll({"aclnnMedian", workspaceSize, executor}, self, "valuesOut", valuesOut, false);
}
ACLNN_SECOND_PHASE(aclnnMedian)

aclnnStatus aclnnNanMedianGetWorkspaceSize(const aclTensor* self, aclTensor* out,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MedianOfAll({"aclnnNanMedian", workspaceSize, executor}, self, "out", out, true);
}
ACLNN_SECOND_PHASE(aclnnNanMedian)

aclnnStatus aclnnMedianDimGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepDim,
                                           aclTensor* valuesOut, aclTensor* indicesOut,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MedianAlong({"aclnnMedianDim", workspaceSize, executor}, self, dim, keepDim, valuesOut,
                     indicesOut, false);
}
ACLNN_SECOND_PHASE(aclnnMedianDim)

aclnnStatus aclnnNanMedianDimGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepDim,
                                              aclTensor* valuesOut, aclTensor* indicesOut,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MedianAlong({"aclnnNanMedianDim", workspaceSize, executor}, self, dim, keepDim, valuesOut,
                     indicesOut, true);
}
ACLNN_SECOND_PHASE(aclnnNanMedianDim)
