// SPDX-License-Identifier: Apache-2.0
// Slices along one dimension that a vector of indices names, and rows of a table.
#include <algorithm>

#include "aclnnop/aclnn_embedding.h"
#include "aclnnop/aclnn_index_add.h"
#include "aclnnop/aclnn_index_copy.h"
#include "aclnnop/aclnn_index_fill.h"
#include "aclnnop/aclnn_index_fill_tensor.h"
#include "aclnnop/aclnn_index_select.h"
#include "engine/copying.h"
#include "engine/places.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::IndexName;
using opapi::Negative;
using opapi::Phase;
using opapi::Places;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// A vector, or one index without a dimension.
Verdict CheckIndexVector(const FirstPhase& phase, size_t index) {
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, index));
  if (phase.tensor(index).dim_count <= 1) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want one dimension", phase.name(index),
                opapi::ShapeText(opapi::ShapeOf(phase.tensor(index))).c_str());
}

// Such an index as a vector.
HostTensorView Vector(const HostTensorView& index) {
  if (index.dim_count == 1) return index;
  Shape one;
  one.dim_count = 1;
  one.dims[0] = 1;
  return opapi::Expand(index, one);
}

// `shape` with as many slices along `axis` as index has elements.
Shape SlicesShape(const HostTensorView& self, uint32_t axis, const HostTensorView& index) {
  Shape shape = opapi::ShapeOf(self);
  if (shape.dim_count > 0) shape.dims[axis] = opapi::ShapeOf(index).size();
  return shape;
}

aclError FindSlices(const IndexName& name, const HostTensorView& index, const HostTensorView& self,
                    uint32_t axis, Negative negative, Places* places, HostFailure* failure) {
  const HostTensorView vector = Vector(index);
  // A tensor without dimensions is one slice.
  *places = opapi::MakePlaces(self.dim_count == 0 ? Shape{} : opapi::ShapeOf(vector),
                              self.dim_count == 0 ? 0 : Axes{1} << axis, axis);
  if (self.dim_count == 0) {
    return opapi::AddIndex(name, opapi::IndexValues(vector), self, axis, negative, places, failure);
  }
  return opapi::AddIndex(name, vector, self, axis, negative, places, failure);
}

// Tensor `from` to tensor `to`, unless both are the same.
void CopySelf(const HostTensorView& from, const HostTensorView& to) {
  if (opapi::FirstElement(from) != opapi::FirstElement(to)) opapi::CopyElements(from, to);
}

// An index that names slices of self along dim.
Verdict CheckSlices(const FirstPhase& phase, int64_t dim, size_t index, size_t self,
                    uint32_t* axis) {
  OP_PLAN_CHECK(CheckIndexVector(phase, index));
  OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, self));
  OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(self).dim_count, axis));
  if (phase.tensor(self).dim_count > 0 || opapi::ShapeOf(phase.tensor(index)).size() == 1) {
    return {};
  }
  return Refuse(op_plan::kParamInvalid, "%s has no dimensions: want one index", phase.name(self));
}

}  // namespace

aclnnStatus aclnnIndexSelectGetWorkspaceSize(const aclTensor* self, int64_t dim,
                                             const aclTensor* index, aclTensor* out,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnIndexSelect", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Output("out", out));
    uint32_t axis = 0;
    OP_PLAN_CHECK(CheckSlices(phase, dim, 1, 0, &axis));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, SlicesShape(phase.tensor(0), axis, phase.tensor(1))));
    return phase.Bind([axis](const HostLaunch& launch, HostFailure* failure) -> aclError {
      Places places;
      const aclError status = FindSlices({"index", "self"}, launch.tensors[1], launch.tensors[0],
                                         axis, Negative::kRefused, &places, failure);
      if (status == ACL_SUCCESS) {
        opapi::CopyFromPlaces(launch.tensors[0], places, launch.tensors[2]);
      }
      return status;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnIndexSelect)

aclnnStatus aclnnEmbeddingGetWorkspaceSize(const aclTensor* weight, const aclTensor* indices,
                                           const aclTensor* out, uint64_t* workspaceSize,
                                           aclOpExecutor** executor) {
  FirstPhase first("aclnnEmbedding", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("weight", weight));
    OP_PLAN_CHECK(phase.Input("indices", indices));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    Shape wanted = opapi::ShapeOf(phase.tensor(1));
    if (phase.tensor(0).dim_count != 2 || wanted.dim_count >= HostTensorView::kMaxDims) {
      return Refuse(op_plan::kParamInvalid,
                    "weight has %u dimensions, indices %u: want 2, and at most %u",
                    phase.tensor(0).dim_count, wanted.dim_count, HostTensorView::kMaxDims - 1);
    }
    wanted.dims[wanted.dim_count++] = phase.tensor(0).dims[1];
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, wanted));
    return phase.Bind([](const HostLaunch& launch, HostFailure* failure) -> aclError {
      const HostTensorView& indices = launch.tensors[1];
      Places places = opapi::MakePlaces(opapi::ShapeOf(indices), Axes{1}, 0);
      const aclError status = opapi::AddIndex({"indices", "weight"}, indices, launch.tensors[0], 0,
                                              Negative::kRefused, &places, failure);
      if (status == ACL_SUCCESS) {
        opapi::CopyFromPlaces(launch.tensors[0], places, launch.tensors[2]);
      }
      return status;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnEmbedding)

aclnnStatus aclnnIndexAddGetWorkspaceSize(const aclTensor* self, const int64_t dim,
                                          const aclTensor* index, const aclTensor* source,
                                          const aclScalar* alpha, aclTensor* out,
                                          uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnIndexAdd", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Input("source", source));
    OP_PLAN_CHECK(phase.Output("out", out));
    HostScalarView factor;
    OP_PLAN_CHECK(opapi::ReadScalar("alpha", alpha, &factor));
    uint32_t axis = 0;
    OP_PLAN_CHECK(CheckSlices(phase, dim, 1, 0, &axis));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, opapi::Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 3));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, SlicesShape(phase.tensor(0), axis, phase.tensor(1))));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, opapi::ShapeOf(phase.tensor(0))));
    return phase.Bind([axis, factor](const HostLaunch& launch, HostFailure* failure) -> aclError {
      Places places;
      const aclError status = FindSlices({"index", "self"}, launch.tensors[1], launch.tensors[3],
                                         axis, Negative::kRefused, &places, failure);
      if (status != ACL_SUCCESS) return status;
      CopySelf(launch.tensors[0], launch.tensors[3]);
      opapi::AddToPlaces(launch.tensors[2], factor, places, launch.tensors[3]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnIndexAdd)

namespace {

// Tensors: index, source, self, out.
Verdict BindIndexCopy(FirstPhase& phase, int64_t dim) {
  uint32_t axis = 0;
  OP_PLAN_CHECK(CheckSlices(phase, dim, 0, 2, &axis));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, 2, 1));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, 2, 3));
  OP_PLAN_CHECK(opapi::CheckShape(phase, 1, SlicesShape(phase.tensor(2), axis, phase.tensor(0))));
  OP_PLAN_CHECK(opapi::CheckShape(phase, 3, opapi::ShapeOf(phase.tensor(2))));
  return phase.Bind([axis](const HostLaunch& launch, HostFailure* failure) -> aclError {
    Places places;
    const aclError status = FindSlices({"index", "self"}, launch.tensors[0], launch.tensors[3],
                                       axis, Negative::kRefused, &places, failure);
    if (status != ACL_SUCCESS) return status;
    CopySelf(launch.tensors[2], launch.tensors[3]);
    opapi::CopyToPlaces(launch.tensors[1], places, launch.tensors[3]);
    return ACL_SUCCESS;
  });
}

Verdict ReadFill(FirstPhase& phase, const aclScalar* value, HostScalarView* fill, size_t self) {
  OP_PLAN_CHECK(opapi::ReadScalar("value", value, fill));
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, self, opapi::Numbers::kReal));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, self, self + 1));
  return opapi::CheckShape(phase, self + 1, opapi::ShapeOf(phase.tensor(self)));
}

// Tensors: index, self, out.
aclnnStatus IndexFill(const Phase& call, const char* self_name, const aclTensor* self, int64_t dim,
                      const aclTensor* index, const aclScalar* value, const char* out_name,
                      aclTensor* out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Input(self_name, self));
    OP_PLAN_CHECK(phase.Output(out_name, out));
    uint32_t axis = 0;
    OP_PLAN_CHECK(CheckSlices(phase, dim, 0, 1, &axis));
    HostScalarView fill;
    OP_PLAN_CHECK(ReadFill(phase, value, &fill, 1));
    return phase.Bind([axis, fill](const HostLaunch& launch, HostFailure* failure) -> aclError {
      Places places;
      const aclError status = FindSlices({"index", "self"}, launch.tensors[0], launch.tensors[2],
                                         axis, Negative::kFromEnd, &places, failure);
      if (status != ACL_SUCCESS) return status;
      CopySelf(launch.tensors[1], launch.tensors[2]);
      opapi::FillPlaces(fill, places, launch.tensors[2]);
      return ACL_SUCCESS;
    });
  });
}

// The index lies in memory of the host, so it is read and checked in the first phase.
aclnnStatus IndexFillKnown(const Phase& call, const char* self_name, const aclTensor* self,
                           int64_t dim, const aclIntArray* index, const aclScalar* value,
                           const char* out_name, aclTensor* out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input(self_name, self));
    OP_PLAN_CHECK(phase.Output(out_name, out));
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, &axis));
    HostScalarView fill;
    OP_PLAN_CHECK(ReadFill(phase, value, &fill, 0));
    std::vector<int64_t> slices;
    OP_PLAN_CHECK(opapi::ReadIntArray("index", index, &slices));
    constexpr size_t kMostSlices = 256;
    struct Known {
      size_t count;
      int64_t values[kMostSlices];
    };
    Known known{slices.size(), {}};
    if (slices.size() > kMostSlices) {
      return Refuse(op_plan::kParamInvalid,
                    "index has %zu elements: the host device takes up to %zu; aclnnIndexFill takes "
                    "any number as a tensor",
                    slices.size(), kMostSlices);
    }
    const int64_t size = phase.tensor(0).dim_count == 0 ? 1 : phase.tensor(0).dims[axis];
    for (size_t i = 0; i < slices.size(); ++i) {
      if (slices[i] < -size || slices[i] >= size) {
        return Refuse(op_plan::kParamInvalid, "index[%zu] is %lld: want %lld to %lld", i,
                      static_cast<long long>(slices[i]), static_cast<long long>(-size),
                      static_cast<long long>(size - 1));
      }
      known.values[i] = slices[i];
    }
    return phase.Bind(
        [axis, fill, known](const HostLaunch& launch, HostFailure* failure) -> aclError {
          Shape vector;
          vector.dim_count = 1;
          vector.dims[0] = static_cast<int64_t>(known.count);
          int64_t values[kMostSlices];
          std::copy_n(known.values, kMostSlices, values);
          Places places;
          const aclError status =
              FindSlices({"index", "self"}, opapi::ContiguousView(values, ACL_INT64, vector),
                         launch.tensors[1], axis, Negative::kFromEnd, &places, failure);
          if (status != ACL_SUCCESS) return status;
          CopySelf(launch.tensors[0], launch.tensors[1]);
          opapi::FillPlaces(fill, places, launch.tensors[1]);
          return ACL_SUCCESS;
        });
  });
}

}  // namespace

aclnnStatus aclnnIndexCopyGetWorkspaceSize(aclTensor* selfRef, int64_t dim, const aclTensor* index,
                                           const aclTensor* source, aclTensor* outRef,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnIndexCopy", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Input("source", source));
    OP_PLAN_CHECK(phase.Input("selfRef", selfRef));
    OP_PLAN_CHECK(phase.Output("outRef", outRef));
    return BindIndexCopy(phase, dim);
  });
}
ACLNN_SECOND_PHASE(aclnnIndexCopy)

aclnnStatus aclnnInplaceIndexCopyGetWorkspaceSize(aclTensor* selfRef, int64_t dim,
                                                  const aclTensor* index, const aclTensor* source,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceIndexCopy", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Input("source", source));
    OP_PLAN_CHECK(phase.Input("selfRef", selfRef));
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    return BindIndexCopy(phase, dim);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceIndexCopy)

aclnnStatus aclnnIndexFillGetWorkspaceSize(const aclTensor* self, int64_t dim,
                                           const aclTensor* index, const aclScalar* value,
                                           aclTensor* out, uint64_t* workspaceSize,
                                           aclOpExecutor** executor) {
  return IndexFill({"aclnnIndexFill", workspaceSize, executor}, "self", self, dim, index, value,
                   "out", out);
}
ACLNN_SECOND_PHASE(aclnnIndexFill)

aclnnStatus aclnnInplaceIndexFillGetWorkspaceSize(aclTensor* selfRef, int64_t dim,
                                                  const aclTensor* index, const aclScalar* value,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  return IndexFill({"aclnnInplaceIndexFill", workspaceSize, executor}, "selfRef", selfRef, dim,
                   index, value, "selfRef", selfRef);
}
ACLNN_SECOND_PHASE(aclnnInplaceIndexFill)

aclnnStatus aclnnIndexFillTensorGetWorkspaceSize(const aclTensor* self, int64_t dim,
                                                 const aclIntArray* index, const aclScalar* value,
                                                 aclTensor* out, uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  return IndexFillKnown({"aclnnIndexFillTensor", workspaceSize, executor}, "self", self, dim, index,
                        value, "out", out);
}
ACLNN_SECOND_PHASE(aclnnIndexFillTensor)

aclnnStatus aclnnInplaceIndexFillTensorGetWorkspaceSize(aclTensor* selfRef, int64_t dim,
                                                        const aclIntArray* index,
                                                        const aclScalar* value,
                                                        uint64_t* workspaceSize,
                                                        aclOpExecutor** executor) {
  return IndexFillKnown({"aclnnInplaceIndexFillTensor", workspaceSize, executor}, "selfRef",
                        selfRef, dim, index, value, "selfRef", selfRef);
}
ACLNN_SECOND_PHASE(aclnnInplaceIndexFillTensor)
