// SPDX-License-Identifier: Apache-2.0
// Elements that are not 0, and elements where a mask is not 0. How many there are is known when the
// kernel has run: the output has room for all, and gets its shape then.
#include <cstdio>

#include "aclnnop/aclnn_masked_scatter.h"
#include "aclnnop/aclnn_masked_select.h"
#include "aclnnop/aclnn_nonzero.h"
#include "aclnnop/aclnn_nonzero_v2.h"
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

// The numbers, in C order, of the elements that are not 0.
std::vector<int64_t> NumbersOfTrue(const HostTensorView& view) {
  const int64_t size = opapi::ShapeOf(view).size();
  std::vector<uint8_t> truth(static_cast<size_t>(size));
  opapi::CopyElements(view, opapi::ContiguousView(truth.data(), ACL_BOOL, opapi::ShapeOf(view)));
  int64_t count = 0;
  for (const uint8_t is : truth) count += is;
  std::vector<int64_t> numbers(static_cast<size_t>(count) + 1);
  int64_t* next = numbers.data();
  for (int64_t i = 0; i < size; ++i) {
    *next = i;  // the last one may be written in vain
    next += truth[static_cast<size_t>(i)];
  }
  numbers.pop_back();
  return numbers;
}

// The indices of element `number` of `shape`, `stride` apart.
void PutIndices(const Shape& shape, int64_t number, int64_t stride, int64_t* out) {
  for (uint32_t d = shape.dim_count; d-- > 0;) {
    out[d * stride] = number % shape.dims[d];
    number /= shape.dims[d];
  }
}

// A row for each element, or a column.
aclnnStatus Nonzero(const Phase& call, const aclTensor* self, aclTensor* out, bool columns) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 1, ACL_INT64));
    const Shape shape = opapi::ShapeOf(phase.tensor(0));
    Shape wanted;
    wanted.dim_count = 2;
    wanted.dims[0] = columns ? shape.dim_count : shape.size();
    wanted.dims[1] = columns ? shape.size() : shape.dim_count;
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, wanted));
    OP_PLAN_CHECK(opapi::CheckContiguous(phase, 1));
    return phase.Bind([columns](const HostLaunch& launch, HostFailure* failure) {
      const Shape shape = opapi::ShapeOf(launch.tensors[0]);
      const std::vector<int64_t> numbers = NumbersOfTrue(launch.tensors[0]);
      const auto count = static_cast<int64_t>(numbers.size());
      auto* const out = reinterpret_cast<int64_t*>(opapi::FirstElement(launch.tensors[1]));
      for (int64_t i = 0; i < count; ++i) {
        PutIndices(shape, numbers[static_cast<size_t>(i)], columns ? count : 1,
                   out + (columns ? i : i * shape.dim_count));
      }
      const int64_t dims[] = {columns ? shape.dim_count : count, columns ? count : shape.dim_count};
      return HostLaunchSetShape(&launch, 1, dims, 2, failure);
    });
  });
}

}  // namespace

aclnnStatus aclnnNonzeroGetWorkspaceSize(const aclTensor* self, aclTensor* out,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Nonzero({"aclnnNonzero", workspaceSize, executor}, self, out, false);
}
ACLNN_SECOND_PHASE(aclnnNonzero)

aclnnStatus aclnnNonzeroV2GetWorkspaceSize(const aclTensor* self, aclTensor* out,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Nonzero({"aclnnNonzeroV2", workspaceSize, executor}, self, out, true);
}
ACLNN_SECOND_PHASE(aclnnNonzeroV2)

aclnnStatus aclnnMaskedSelectGetWorkspaceSize(const aclTensor* self, const aclTensor* mask,
                                              aclTensor* out, uint64_t* workspaceSize,
                                              aclOpExecutor** executor) {
  FirstPhase first("aclnnMaskedSelect", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("mask", mask));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kWhole));
    Shape shape = opapi::ShapeOf(phase.tensor(0));
    if (!opapi::Broadcast(opapi::ShapeOf(phase.tensor(1)), &shape)) {
      return Refuse(op_plan::kParamInvalid,
                    "mask has shape %s, which does not broadcast with %s of self",
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(1))).c_str(),
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(0))).c_str());
    }
    Shape wanted;
    wanted.dim_count = 1;
    wanted.dims[0] = shape.size();
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, wanted));
    OP_PLAN_CHECK(opapi::CheckContiguous(phase, 2));
    return phase.Bind([shape](const HostLaunch& launch, HostFailure* failure) {
      const HostTensorView self = opapi::Expand(launch.tensors[0], shape);
      const std::vector<int64_t> numbers = NumbersOfTrue(opapi::Expand(launch.tensors[1], shape));
      const auto count = static_cast<int64_t>(numbers.size());
      opapi::CopyFromPlaces(self, opapi::FlatPlaces(numbers, self),
                            opapi::Narrow(launch.tensors[2], 0, 0, count));
      return HostLaunchSetShape(&launch, 2, &count, 1, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMaskedSelect)

aclnnStatus aclnnInplaceMaskedScatterGetWorkspaceSize(aclTensor* selfRef, const aclTensor* mask,
                                                      const aclTensor* source,
                                                      uint64_t* workspaceSize,
                                                      aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceMaskedScatter", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("mask", mask));
    OP_PLAN_CHECK(phase.Input("source", source));
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 2, 1));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 2));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kWhole));
    const Shape shape = opapi::ShapeOf(phase.tensor(2));
    Shape widened = opapi::ShapeOf(phase.tensor(0));
    if (!opapi::Broadcast(shape, &widened) || !(widened == shape)) {
      return Refuse(op_plan::kParamInvalid,
                    "mask has shape %s, which does not broadcast to %s of selfRef",
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(0))).c_str(),
                    opapi::ShapeText(shape).c_str());
    }
    phase.SetWorkspace(static_cast<uint64_t>(opapi::ShapeOf(phase.tensor(1)).size() *
                                             opapi::ElementBytes(phase.tensor(1))));
    return phase.Bind([shape](const HostLaunch& launch, HostFailure* failure) -> aclError {
      const HostTensorView& self = launch.tensors[2];
      const std::vector<int64_t> numbers = NumbersOfTrue(opapi::Expand(launch.tensors[0], shape));
      const auto count = static_cast<int64_t>(numbers.size());
      const int64_t size = opapi::ShapeOf(launch.tensors[1]).size();
      if (count > size) {
        std::snprintf(failure->text, sizeof(failure->text),
                      "mask has %lld elements that are not 0, but source has %lld elements",
                      static_cast<long long>(count), static_cast<long long>(size));
        return ACL_ERROR_RT_PARAM_INVALID;
      }
      if (count == 0) return ACL_SUCCESS;
      const HostTensorView source = opapi::Flattened(launch.tensors[1], launch.workspace);
      opapi::CopyToPlaces(opapi::Narrow(source, 0, 0, count), opapi::FlatPlaces(numbers, self),
                          self);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceMaskedScatter)
