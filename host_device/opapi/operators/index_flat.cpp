// SPDX-License-Identifier: Apache-2.0
// Elements by their number in the tensor, and elements or slices several times over.
#include <cstdio>

#include "aclnnop/aclnn_put.h"
#include "aclnnop/aclnn_repeat_interleave.h"
#include "aclnnop/aclnn_take.h"
#include "engine/copying.h"
#include "engine/places.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::Negative;
using opapi::Phase;
using opapi::Places;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

Shape VectorShape(int64_t size) {
  Shape shape;
  shape.dim_count = 1;
  shape.dims[0] = size;
  return shape;
}

}  // namespace

aclnnStatus aclnnTakeGetWorkspaceSize(const aclTensor* self, const aclTensor* index, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnTake", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, opapi::ShapeOf(phase.tensor(1))));
    return phase.Bind([](const HostLaunch& launch, HostFailure* failure) -> aclError {
      Places places;
      const aclError status =
          opapi::FlatPlaces({"index", "self"}, launch.tensors[1], launch.tensors[0],
                            Negative::kFromEnd, &places, failure);
      if (status == ACL_SUCCESS) {
        opapi::CopyFromPlaces(launch.tensors[0], places, launch.tensors[2]);
      }
      return status;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnTake)

aclnnStatus aclnnInplacePutGetWorkspaceSize(aclTensor* selfRef, const aclTensor* index,
                                            const aclTensor* source, bool accumulate,
                                            uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnInplacePut", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Input("source", source));
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 0));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 2, 1));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 2));
    if (accumulate) OP_PLAN_CHECK(opapi::CheckNumbers(phase, 2, opapi::Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
    return phase.Bind([accumulate](const HostLaunch& launch, HostFailure* failure) -> aclError {
      Places places;
      const aclError status =
          opapi::FlatPlaces({"index", "selfRef"}, launch.tensors[0], launch.tensors[2],
                            Negative::kFromEnd, &places, failure);
      if (status != ACL_SUCCESS) return status;
      if (accumulate) {
        opapi::AddToPlaces(launch.tensors[1], HostScalarView{ACL_INT64, 1, 1, true}, places,
                           launch.tensors[2]);
      } else {
        opapi::CopyToPlaces(launch.tensors[1], places, launch.tensors[2]);
      }
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnInplacePut)

namespace {

// Slices of self along an axis, or elements of it as a flat tensor.
struct Interleave {
  bool flat;
  uint32_t axis;
  int64_t output_size;

  int64_t SlicesOf(const HostTensorView& self) const {
    if (flat || self.dim_count == 0) return opapi::ShapeOf(self).size();
    return self.dims[axis];
  }
};

// Every slice's number as often as it is wanted; fails with a text where the counts are wrong.
aclError NumbersOf(const std::vector<int64_t>& repeats, int64_t slices, int64_t output_size,
                   std::vector<int64_t>* numbers, HostFailure* failure) {
  int64_t total = 0;
  for (int64_t i = 0; i < slices; ++i) {
    const int64_t times = repeats[repeats.size() == 1 ? 0 : static_cast<size_t>(i)];
    if (times < 0 || __builtin_add_overflow(total, times, &total) || total > output_size) {
      std::snprintf(failure->text, sizeof(failure->text),
                    "repeats is %lld at element %lld: want 0 or more, %lld in all, as outputSize "
                    "says",
                    static_cast<long long>(times), static_cast<long long>(i),
                    static_cast<long long>(output_size));
      return ACL_ERROR_RT_PARAM_INVALID;
    }
    numbers->insert(numbers->end(), static_cast<size_t>(times), i);
  }
  if (total == output_size) return ACL_SUCCESS;
  std::snprintf(failure->text, sizeof(failure->text), "repeats are %lld in all, outputSize is %lld",
                static_cast<long long>(total), static_cast<long long>(output_size));
  return ACL_ERROR_RT_PARAM_INVALID;
}

aclError RepeatSlices(const Interleave& interleave, const std::vector<int64_t>& repeats,
                      const HostTensorView& self, const HostTensorView& out, HostFailure* failure) {
  std::vector<int64_t> numbers;
  const aclError status =
      NumbersOf(repeats, interleave.SlicesOf(self), interleave.output_size, &numbers, failure);
  if (status != ACL_SUCCESS) return status;
  Places places;
  if (interleave.flat || self.dim_count == 0) {
    places = opapi::FlatPlaces(numbers, self);
  } else {
    places = opapi::MakePlaces(VectorShape(static_cast<int64_t>(numbers.size())),
                               Axes{1} << interleave.axis, interleave.axis);
    for (size_t i = 0; i < numbers.size(); ++i) {
      places.offsets[i] = numbers[i] * self.strides[interleave.axis];
    }
  }
  opapi::CopyFromPlaces(self, places, out);
  return ACL_SUCCESS;
}

// self is tensor 0.
Verdict CheckInterleave(const FirstPhase& phase, size_t out, bool flat, int64_t dim,
                        int64_t output_size, Interleave* interleave) {
  const HostTensorView& self = phase.tensor(0);
  *interleave = {flat, 0, output_size};
  if (!flat) OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, self.dim_count, &interleave->axis));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, out));
  OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
  Shape wanted = opapi::ShapeOf(self);
  if (flat || self.dim_count == 0) {
    wanted = VectorShape(output_size);
  } else {
    wanted.dims[interleave->axis] = output_size;
  }
  return opapi::CheckShape(phase, out, wanted);
}

aclnnStatus InterleaveTensor(const Phase& call, const aclTensor* self, const aclTensor* repeats,
                             bool flat, int64_t dim, int64_t output_size, aclTensor* out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("repeats", repeats));
    OP_PLAN_CHECK(phase.Output("out", out));
    Interleave interleave;
    OP_PLAN_CHECK(CheckInterleave(phase, 2, flat, dim, output_size, &interleave));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    const int64_t counts = opapi::ShapeOf(phase.tensor(1)).size();
    const int64_t slices = interleave.SlicesOf(phase.tensor(0));
    if (phase.tensor(1).dim_count > 1 || (counts != 1 && counts != slices)) {
      return Refuse(op_plan::kParamInvalid, "repeats has shape %s: want one element, or %lld",
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(1))).c_str(),
                    static_cast<long long>(slices));
    }
    return phase.Bind([interleave](const HostLaunch& launch, HostFailure* failure) -> aclError {
      return RepeatSlices(interleave, opapi::IndexValues(launch.tensors[1]), launch.tensors[0],
                          launch.tensors[2], failure);
    });
  });
}

aclnnStatus InterleaveNumber(const Phase& call, const aclTensor* self, int64_t repeats, bool flat,
                             int64_t dim, int64_t output_size, aclTensor* out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    Interleave interleave;
    OP_PLAN_CHECK(CheckInterleave(phase, 1, flat, dim, output_size, &interleave));
    int64_t total = 0;
    if (repeats < 0 ||
        __builtin_mul_overflow(repeats, interleave.SlicesOf(phase.tensor(0)), &total) ||
        total != output_size) {
      return Refuse(op_plan::kParamInvalid,
                    "repeats is %lld, outputSize %lld: want 0 or more, and as many as there are "
                    "slices times repeats",
                    static_cast<long long>(repeats), static_cast<long long>(output_size));
    }
    return phase.Bind(
        [interleave, repeats](const HostLaunch& launch, HostFailure* failure) -> aclError {
          return RepeatSlices(interleave, {repeats}, launch.tensors[0], launch.tensors[1], failure);
        });
  });
}

}  // namespace

aclnnStatus aclnnRepeatInterleaveGetWorkspaceSize(const aclTensor* self, const aclTensor* repeats,
                                                  int64_t outputSize, aclTensor* out,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  return InterleaveTensor({"aclnnRepeatInterleave", workspaceSize, executor}, self, repeats, true,
                          0, outputSize, out);
}
ACLNN_SECOND_PHASE(aclnnRepeatInterleave)

aclnnStatus aclnnRepeatInterleaveWithDimGetWorkspaceSize(const aclTensor* self,
                                                         const aclTensor* repeats, int64_t dim,
                                                         int64_t outputSize, aclTensor* out,
                                                         uint64_t* workspaceSize,
                                                         aclOpExecutor** executor) {
  return InterleaveTensor({"aclnnRepeatInterleaveWithDim", workspaceSize, executor}, self, repeats,
                          false, dim, outputSize, out);
}
ACLNN_SECOND_PHASE(aclnnRepeatInterleaveWithDim)

aclnnStatus aclnnRepeatInterleaveIntGetWorkspaceSize(const aclTensor* self, int64_t repeats,
                                                     int64_t outputSize, aclTensor* out,
                                                     uint64_t* workspaceSize,
                                                     aclOpExecutor** executor) {
  return InterleaveNumber({"aclnnRepeatInterleaveInt", workspaceSize, executor}, self, repeats,
                          true, 0, outputSize, out);
}
ACLNN_SECOND_PHASE(aclnnRepeatInterleaveInt)

aclnnStatus aclnnRepeatInterleaveIntWithDimGetWorkspaceSize(const aclTensor* self, int64_t repeats,
                                                            int64_t dim, int64_t outputSize,
                                                            aclTensor* out, uint64_t* workspaceSize,
                                                            aclOpExecutor** executor) {
  return InterleaveNumber({"aclnnRepeatInterleaveIntWithDim", workspaceSize, executor}, self,
                          repeats, false, dim, outputSize, out);
}
ACLNN_SECOND_PHASE(aclnnRepeatInterleaveIntWithDim)

aclnnStatus aclnnRepeatInterleaveTensorGetWorkspaceSize(const aclTensor* repeats,
                                                        int64_t outputSize, aclTensor* out,
                                                        uint64_t* workspaceSize,
                                                        aclOpExecutor** executor) {
  FirstPhase first("aclnnRepeatInterleaveTensor", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("repeats", repeats));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 0));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, VectorShape(outputSize)));
    if (phase.tensor(0).dim_count != 1) {
      return Refuse(op_plan::kParamInvalid, "repeats has %u dimensions: want 1",
                    phase.tensor(0).dim_count);
    }
    return phase.Bind([outputSize](const HostLaunch& launch, HostFailure* failure) -> aclError {
      std::vector<int64_t> numbers;
      const aclError status = NumbersOf(opapi::IndexValues(launch.tensors[0]),
                                        launch.tensors[0].dims[0], outputSize, &numbers, failure);
      if (status != ACL_SUCCESS) return status;
      opapi::CopyElements(opapi::ContiguousView(numbers.data(), ACL_INT64, VectorShape(outputSize)),
                          launch.tensors[1]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnRepeatInterleaveTensor)
