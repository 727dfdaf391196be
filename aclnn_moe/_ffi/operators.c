/* SPDX-License-Identifier: Apache-2.0 */
#include "operators.h"

/* ACL_ERROR_OP_NOT_FOUND: an operator number that this file does not know. */
#define OP_NOT_FOUND 100024

static aclnnStatus dispatch_v2(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeDispatchV2GetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, call->names[0], i[0], i[1],
      i[2], call->names[1], i[3], i[4], i[5], i[6], i[7], i[8], i[9], i[10], call->names[2],
      t[5].tensor, t[6].tensor, t[7].tensor, t[8].tensor, t[9].tensor, t[10].tensor, t[11].tensor,
      &call->workspaceSize, &call->executor);
}

static aclnnStatus combine_add_rms_norm(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, t[5].tensor, t[6].tensor,
      t[7].tensor, t[8].tensor, t[9].tensor, t[10].tensor, t[11].tensor, t[12].tensor,
      t[13].tensor, call->names[0], i[0], i[1], i[2], call->names[1], i[3], i[4], i[5], i[6], i[7],
      i[8], i[9], i[10], i[11], call->names[2], call->real, t[14].tensor, t[15].tensor,
      t[16].tensor, &call->workspaceSize, &call->executor);
}

aclnnStatus aclnn_moe_first_phase(aclnn_moe_call* call) {
  call->executor = NULL;
  call->workspaceSize = 0;
  switch (call->op) {
    case ACLNN_MOE_DISPATCH_V2:
      return dispatch_v2(call);
    case ACLNN_MOE_COMBINE_ADD_RMS_NORM:
      return combine_add_rms_norm(call);
    default:
      return OP_NOT_FOUND;
  }
}
