// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_cast.h"
#include "aclnnop/aclnn_copy.h"
#include "engine/copying.h"

namespace {

using opapi::BindCopy;
using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Verdict;

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
