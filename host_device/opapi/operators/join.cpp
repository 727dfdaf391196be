// SPDX-License-Identifier: Apache-2.0
// Tensors put together from others.
#include "aclnnop/aclnn_cat.h"
#include "aclnnop/aclnn_repeat.h"
#include "aclnnop/aclnn_stack.h"
#include "engine/copying.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

// An empty vector fits anywhere.
bool IsNothing(const HostTensorView& view) { return view.dim_count == 1 && view.dims[0] == 0; }

Verdict CheckCat(const FirstPhase& phase, size_t inputs, int64_t dim, uint32_t* axis) {
  const Shape out = opapi::ShapeOf(phase.tensor(inputs));
  OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, out.dim_count, axis));
  Shape sum = out;
  sum.dims[*axis] = 0;
  for (size_t i = 0; i < inputs; ++i) {
    OP_PLAN_CHECK(opapi::CheckCopy(phase, i, inputs));
    if (IsNothing(phase.tensor(i))) continue;
    Shape shape = opapi::ShapeOf(phase.tensor(i));
    sum.dims[*axis] += shape.dims[*axis];
    shape.dims[*axis] = out.dims[*axis];
    if (shape == out && shape.dim_count > 0) continue;
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not fit into %s along dim",
                  phase.name(i), opapi::ShapeText(opapi::ShapeOf(phase.tensor(i))).c_str(),
                  opapi::ShapeText(out).c_str());
  }
  return opapi::CheckShape(phase, inputs, sum);
}

}  // namespace

aclnnStatus aclnnCatGetWorkspaceSize(const aclTensorList* tensors, int64_t dim, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnCat", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.InputList("tensors", tensors));
    const size_t inputs = phase.tensor_count();
    OP_PLAN_CHECK(phase.Output("out", out));
    uint32_t axis = 0;
    OP_PLAN_CHECK(CheckCat(phase, inputs, dim, &axis));
    return phase.Bind([axis](const HostLaunch& launch, HostFailure*) {
      const uint32_t inputs = launch.tensor_count - 1;
      int64_t place = 0;
      for (uint32_t i = 0; i < inputs; ++i) {
        const HostTensorView& from = launch.tensors[i];
        if (IsNothing(from)) continue;
        opapi::CopyElements(from,
                            opapi::Narrow(launch.tensors[inputs], axis, place, from.dims[axis]));
        place += from.dims[axis];
      }
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnCat)

aclnnStatus aclnnStackGetWorkspaceSize(const aclTensorList* tensors, int64_t dim, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnStack", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.InputList("tensors", tensors));
    const size_t inputs = phase.tensor_count();
    OP_PLAN_CHECK(phase.Output("out", out));
    if (inputs == 0) return Refuse(op_plan::kParamInvalid, "tensors is empty");
    uint32_t axis = 0;
    const Shape result = opapi::ShapeOf(phase.tensor(inputs));
    OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, result.dim_count, &axis));
    for (size_t i = 0; i < inputs; ++i) {
      OP_PLAN_CHECK(opapi::CheckCopy(phase, i, inputs));
      OP_PLAN_CHECK(
          opapi::CheckShape(phase, i, opapi::Reduced(result, opapi::Axes{1} << axis, false)));
    }
    Shape wanted = result;
    wanted.dims[axis] = static_cast<int64_t>(inputs);
    OP_PLAN_CHECK(opapi::CheckShape(phase, inputs, wanted));
    return phase.Bind([axis](const HostLaunch& launch, HostFailure*) {
      const uint32_t inputs = launch.tensor_count - 1;
      for (uint32_t i = 0; i < inputs; ++i) {
        opapi::CopyElements(launch.tensors[i], opapi::Select(launch.tensors[inputs], axis, i));
      }
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnStack)

namespace {

// out as (repeats[0], size[0], repeats[1], size[1], ...) and self repeated to fit, with dimensions
// of one element left out. False where more remain than a view has.
bool PairDims(const HostTensorView& self, const HostTensorView& out, HostTensorView* from,
              HostTensorView* to) {
  *from = self;
  *to = out;
  from->dim_count = to->dim_count = 0;
  const uint32_t added = out.dim_count - self.dim_count;
  for (uint32_t d = 0; d < out.dim_count; ++d) {
    const int64_t size = d < added ? 1 : self.dims[d - added];
    const int64_t times = size == 0 ? 1 : out.dims[d] / size;
    const int64_t dims[] = {times, size};
    const int64_t from_strides[] = {0, d < added ? 0 : self.strides[d - added]};
    const int64_t to_strides[] = {out.strides[d] * size, out.strides[d]};
    for (size_t i = 0; i < 2; ++i) {
      if (dims[i] == 1) continue;
      if (to->dim_count == HostTensorView::kMaxDims) return false;
      from->dims[to->dim_count] = to->dims[to->dim_count] = dims[i];
      from->strides[to->dim_count] = from_strides[i];
      to->strides[to->dim_count++] = to_strides[i];
    }
  }
  from->dim_count = to->dim_count;
  return true;
}

}  // namespace

aclnnStatus aclnnRepeatGetWorkspaceSize(const aclTensor* self, const aclIntArray* repeats,
                                        aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  FirstPhase first("aclnnRepeat", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    std::vector<int64_t> times;
    OP_PLAN_CHECK(opapi::ReadIntArray("repeats", repeats, &times));
    const HostTensorView& from = phase.tensor(0);
    if (times.size() < from.dim_count || times.size() > HostTensorView::kMaxDims) {
      return Refuse(op_plan::kParamInvalid, "repeats has %zu elements: want %u to %u", times.size(),
                    from.dim_count, HostTensorView::kMaxDims);
    }
    Shape wanted;
    wanted.dim_count = static_cast<uint32_t>(times.size());
    const uint32_t added = wanted.dim_count - from.dim_count;
    for (uint32_t d = 0; d < wanted.dim_count; ++d) {
      const int64_t size = d < added ? 1 : from.dims[d - added];
      if (times[d] < 0 || __builtin_mul_overflow(times[d], size, &wanted.dims[d])) {
        return Refuse(op_plan::kParamInvalid, "repeats[%u] is %lld: want 0 or more", d,
                      static_cast<long long>(times[d]));
      }
    }
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, wanted));
    HostTensorView paired[2];
    if (!PairDims(from, phase.tensor(1), &paired[0], &paired[1])) {
      return Refuse(op_plan::kParamInvalid,
                    "self of shape %s is repeated along more dimensions than the host device does: "
                    "repeat in two calls",
                    opapi::ShapeText(opapi::ShapeOf(from)).c_str());
    }
    return phase.Bind([](const HostLaunch& launch, HostFailure*) {
      HostTensorView from;
      HostTensorView to;
      if (opapi::ShapeOf(launch.tensors[1]).size() == 0) return ACL_SUCCESS;
      PairDims(launch.tensors[0], launch.tensors[1], &from, &to);
      opapi::CopyElements(from, to);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnRepeat)
