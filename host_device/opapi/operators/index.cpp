// SPDX-License-Identifier: Apache-2.0
// Tensors indexed by tensors, as many dimensions at a time as the list says.
#include <algorithm>

#include "aclnnop/aclnn_index.h"
#include "aclnnop/aclnn_index_put_impl.h"
#include "engine/copying.h"
#include "engine/places.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::Negative;
using opapi::Places;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// Names of index tensors in a kernel's messages; there are no more dimensions.
constexpr const char* kIndexNames[] = {"indices[0]", "indices[1]", "indices[2]", "indices[3]",
                                       "indices[4]", "indices[5]", "indices[6]", "indices[7]"};

// Which tensors of the launch index which dimensions of self.
struct IndexList {
  uint32_t first;  // number of the first index tensor in the launch
  Axes axes;
  Shape places;
  uint32_t at;
};

bool IsEmpty(const HostTensorView& view) { return opapi::ShapeOf(view).size() == 0; }

// The list beside self; tensors without elements stand for whole dimensions.
Verdict ReadIndices(const FirstPhase& phase, const HostTensorView& self, const char* self_name,
                    size_t first, size_t count, IndexList* list) {
  *list = {static_cast<uint32_t>(first), 0, {}, 0};
  if (count > self.dim_count) {
    return Refuse(op_plan::kParamInvalid, "indices has %zu tensors: %s has %u dimensions", count,
                  self_name, self.dim_count);
  }
  uint32_t last = 0;
  bool adjacent = true;
  for (size_t i = 0; i < count; ++i) {
    const HostTensorView& index = phase.tensor(first + i);
    if (IsEmpty(index)) continue;
    if (index.dtype == ACL_BOOL || index.dtype == ACL_UINT8) {
      return Refuse(op_plan::kParamInvalid,
                    "%s is a mask: the host device takes indices; aclnnNonzeroV2 finds them",
                    phase.name(first + i));
    }
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, first + i));
    if (!opapi::Broadcast(opapi::ShapeOf(index), &list->places)) {
      return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast with %s",
                    phase.name(first + i), opapi::ShapeText(opapi::ShapeOf(index)).c_str(),
                    "the tensors before it");
    }
    const auto axis = static_cast<uint32_t>(i);
    if (list->axes == 0) {
      list->at = axis;
    } else {
      adjacent = adjacent && axis == last + 1;
    }
    last = axis;
    list->axes |= Axes{1} << axis;
  }
  if (!adjacent) list->at = 0;
  const uint32_t indexed = static_cast<uint32_t>(__builtin_popcount(list->axes));
  if (self.dim_count - indexed + list->places.dim_count <= HostTensorView::kMaxDims) return {};
  return Refuse(op_plan::kParamInvalid, "the result has more than %u dimensions",
                HostTensorView::kMaxDims);
}

aclError FindPlaces(const HostLaunch& launch, const IndexList& list, const HostTensorView& self,
                    const char* self_name, Places* places, HostFailure* failure) {
  *places = opapi::MakePlaces(list.places, list.axes, list.at);
  for (uint32_t axis = 0; axis < self.dim_count; ++axis) {
    if ((list.axes >> axis & 1) == 0) continue;
    const aclError status =
        opapi::AddIndex({kIndexNames[axis], self_name}, launch.tensors[list.first + axis], self,
                        axis, Negative::kFromEnd, places, failure);
    if (status != ACL_SUCCESS) return status;
  }
  return ACL_SUCCESS;
}

// An index that is there and names nothing, so that nothing is put. The placeholder of a whole
// dimension is a vector of self's dtype; where index tensors have that dtype too, one of the list
// must be an index.
bool PutsNothing(const FirstPhase& phase, const HostTensorView& self, size_t first, size_t count) {
  bool all_empty = count > 0;
  for (size_t i = 0; i < count; ++i) {
    const HostTensorView& index = phase.tensor(first + i);
    if (!IsEmpty(index)) {
      all_empty = false;
    } else if (index.dtype != self.dtype || index.dim_count != 1) {
      return true;
    }
  }
  return all_empty;
}

}  // namespace

aclnnStatus aclnnIndexGetWorkspaceSize(const aclTensor* self, const aclTensorList* indices,
                                       aclTensor* out, uint64_t* workspaceSize,
                                       aclOpExecutor** executor) {
  FirstPhase first("aclnnIndex", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.InputList("indices", indices));
    const size_t result = phase.tensor_count();
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, result));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    IndexList list;
    OP_PLAN_CHECK(ReadIndices(phase, phase.tensor(0), "self", 1, result - 1, &list));
    // An empty result may come of an index without elements, which looks like a whole dimension.
    if (!IsEmpty(phase.tensor(result))) {
      OP_PLAN_CHECK(
          opapi::CheckShape(phase, result,
                            opapi::IndexedShape(opapi::ShapeOf(phase.tensor(0)),
                                                Places{list.places, list.axes, list.at, {}})));
    }
    return phase.Bind([list](const HostLaunch& launch, HostFailure* failure) -> aclError {
      const HostTensorView& self = launch.tensors[0];
      const HostTensorView& out = launch.tensors[launch.tensor_count - 1];
      if (IsEmpty(out)) return ACL_SUCCESS;
      Places places;
      const aclError status = FindPlaces(launch, list, self, "self", &places, failure);
      if (status == ACL_SUCCESS) opapi::CopyFromPlaces(self, places, out);
      return status;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnIndex)

aclnnStatus aclnnIndexPutImplGetWorkspaceSize(aclTensor* selfRef, const aclTensorList* indices,
                                              const aclTensor* values, const bool accumulate,
                                              const bool unsafe, uint64_t* workspaceSize,
                                              aclOpExecutor** executor) {
  static_cast<void>(unsafe);  // indices are always checked
  FirstPhase first("aclnnIndexPutImpl", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("values", values));
    OP_PLAN_CHECK(phase.InputList("indices", indices));
    const size_t target = phase.tensor_count();
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, target));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    if (accumulate) OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, opapi::Numbers::kReal));
    const HostTensorView& self = phase.tensor(target);
    if (IsEmpty(self) || PutsNothing(phase, self, 1, target - 1)) {
      return phase.Bind([](const HostLaunch&, HostFailure*) -> aclError { return ACL_SUCCESS; });
    }
    IndexList list;
    OP_PLAN_CHECK(ReadIndices(phase, self, "selfRef", 1, target - 1, &list));
    const Shape wanted =
        opapi::IndexedShape(opapi::ShapeOf(self), Places{list.places, list.axes, list.at, {}});
    Shape widened = opapi::ShapeOf(phase.tensor(0));
    if (!opapi::Broadcast(wanted, &widened) || !(widened == wanted)) {
      return Refuse(op_plan::kParamInvalid, "values has shape %s, which does not broadcast to %s",
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(0))).c_str(),
                    opapi::ShapeText(wanted).c_str());
    }
    return phase.Bind(
        [list, accumulate](const HostLaunch& launch, HostFailure* failure) -> aclError {
          const HostTensorView& values = launch.tensors[0];
          const HostTensorView& self = launch.tensors[launch.tensor_count - 1];
          Places places;
          const aclError status = FindPlaces(launch, list, self, "selfRef", &places, failure);
          if (status != ACL_SUCCESS) return status;
          if (accumulate) {
            opapi::AddToPlaces(values, HostScalarView{ACL_INT64, 1, 1, true}, places, self);
          } else {
            opapi::CopyToPlaces(values, places, self);
          }
          return ACL_SUCCESS;
        });
  });
}
ACLNN_SECOND_PHASE(aclnnIndexPutImpl)
