// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_cast.h"
#include "aclnnop/aclnn_copy.h"
#include "engine/copying.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Verdict;

// Input 0 to output 0. A copy without a cast takes every dtype that has whole bytes.
Verdict BindCopy(FirstPhase& phase) {
  const HostTensorView& from = phase.tensor(0);
  const HostTensorView& to = phase.tensor(1);
  OP_PLAN_CHECK(opapi::CheckCopy(phase, 0, 1));
  opapi::Shape shape = opapi::ShapeOf(from);
  if (!opapi::Broadcast(opapi::ShapeOf(to), &shape) || !(shape == opapi::ShapeOf(to))) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s of %s",
                  phase.name(0), opapi::ShapeText(opapi::ShapeOf(from)).c_str(),
                  opapi::ShapeText(opapi::ShapeOf(to)).c_str(), phase.name(1));
  }
  return phase.Bind([](const HostLaunch& launch, HostFailure*) {
    opapi::CopyElements(launch.tensors[0], launch.tensors[1]);
    return ACL_SUCCESS;
  });
}

}  // namespace

aclnnStatus aclnnInplaceCopyGetWorkspaceSize(aclTensor* selfRef, const aclTensor* src,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceCopy", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("src", src));
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    return BindCopy(phase);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceCopy)

aclnnStatus aclnnCastGetWorkspaceSize(const aclTensor* self, const aclDataType dtype,
                                      aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  FirstPhase first("aclnnCast", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    if (phase.tensor(1).dtype != dtype) {
      return Refuse(op_plan::kParamInvalid, "out is %s, but dtype is %s",
                    opapi::DTypeName(phase.tensor(1).dtype), opapi::DTypeName(dtype));
    }
    return BindCopy(phase);
  });
}
ACLNN_SECOND_PHASE(aclnnCast)
