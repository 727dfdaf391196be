/* SPDX-License-Identifier: Apache-2.0 */
#include "operators.h"

/* ACL_ERROR_OP_NOT_FOUND: an operator number that this file does not know. */
#define OP_NOT_FOUND 100024

static aclnnStatus dispatch(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeDispatchGetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, call->names[0], i[0], i[1],
      i[2], call->names[1], i[3], i[4], i[5], i[6], i[7], i[8], i[9], i[10], t[5].tensor,
      t[6].tensor, t[7].tensor, t[8].tensor, t[9].tensor, t[10].tensor, t[11].tensor,
      &call->workspaceSize, &call->executor);
}

static aclnnStatus dispatch_v2(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeDispatchV2GetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, call->names[0], i[0], i[1],
      i[2], call->names[1], i[3], i[4], i[5], i[6], i[7], i[8], i[9], i[10], call->names[2],
      t[6].tensor, t[7].tensor, t[8].tensor, t[9].tensor, t[10].tensor, t[11].tensor, t[12].tensor,
      &call->workspaceSize, &call->executor);
}

static aclnnStatus dispatch_v3(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeDispatchV3GetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, t[5].tensor, call->names[0],
      i[0], i[1], i[2], call->names[1], i[3], i[4], i[5], i[6], i[7], i[8], i[9], i[10],
      call->names[2], i[11], i[12], i[13], t[6].tensor, t[7].tensor, t[8].tensor, t[9].tensor,
      t[10].tensor, t[11].tensor, t[12].tensor, &call->workspaceSize, &call->executor);
}

static aclnnStatus combine_add_rms_norm(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, t[5].tensor, t[6].tensor,
      t[7].tensor, t[8].tensor, t[9].tensor, t[10].tensor, t[11].tensor, t[12].tensor,
      t[13].tensor, call->names[0], i[0], i[1], i[2], call->names[1], i[3], i[4], i[5], i[6], i[7],
      i[8], i[9], i[10], i[11], call->names[2], call->real, t[19].tensor, t[20].tensor,
      t[21].tensor, &call->workspaceSize, &call->executor);
}

static aclnnStatus combine_add_rms_norm_v2(aclnn_moe_call* call) {
  const aclnn_moe_tensor* t = call->tensors;
  const int64_t* i = call->ints;
  return ((aclnnMoeDistributeCombineAddRmsNormV2GetWorkspaceSize_function)call->getWorkspaceSize)(
      t[0].tensor, t[1].tensor, t[2].tensor, t[3].tensor, t[4].tensor, t[5].tensor, t[6].tensor,
      t[7].tensor, t[8].tensor, t[9].tensor, t[10].tensor, t[11].tensor, t[12].tensor,
      t[13].tensor, t[14].tensor, t[15].tensor, t[16].tensor, t[17].tensor, t[18].tensor,
      call->names[0], i[0], i[1], i[2], call->names[1], i[3], i[4], i[5], i[6], i[7], i[8], i[9],
      i[10], i[11], call->names[2], call->real, i[12], i[13], i[14], t[19].tensor, t[20].tensor,
      t[21].tensor, &call->workspaceSize, &call->executor);
}

aclnnStatus aclnn_moe_first_phase(aclnn_moe_call* call) {
  call->executor = NULL;
  call->workspaceSize = 0;
  switch (call->op) {
    case ACLNN_MOE_DISPATCH:
      return dispatch(call);
    case ACLNN_MOE_DISPATCH_V2:
      return dispatch_v2(call);
    case ACLNN_MOE_DISPATCH_V3:
      return dispatch_v3(call);
    case ACLNN_MOE_COMBINE_ADD_RMS_NORM:
      return combine_add_rms_norm(call);
    case ACLNN_MOE_COMBINE_ADD_RMS_NORM_V2:
      return combine_add_rms_norm_v2(call);
    default:
      return OP_NOT_FOUND;
  }
}
