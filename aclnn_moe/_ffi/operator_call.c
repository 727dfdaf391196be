/* SPDX-License-Identifier: Apache-2.0 */
#include "operator_call.h"

#include <stdio.h>

#include "library.h"
#include "operators.h"

static int32_t fail(aclnn_moe_call* call, int32_t status, const char* function) {
  const char* text = status == ACLNN_MOE_SYMBOL_MISSING ? NULL : aclGetRecentErrMsg();
  call->failedFunction = function;
  snprintf(call->text, sizeof(call->text), "%s", text != NULL ? text : "");
  return status;
}

int32_t aclnn_moe_current_device(void) {
  int32_t device = -1;
  if (aclrtGetDevice(&device) == 0) {
    return device;
  }
  /* Reading the text drops it: a thread without a device is a normal start. */
  (void)aclGetRecentErrMsg();
  return -1;
}

int32_t aclnn_moe_enter_device(int32_t device, int32_t* previous) {
  /* Asked anew each time: other code in this thread may have changed it. */
  *previous = aclnn_moe_current_device();
  return *previous == device ? 0 : aclrtSetDevice(device);
}

int32_t aclnn_moe_leave_device(int32_t device, int32_t previous) {
  return previous == device || previous < 0 ? 0 : aclrtSetDevice(previous);
}

static int32_t create_tensor(aclnn_moe_call* call, aclnn_moe_tensor* t, uintptr_t address) {
  t->tensor = aclCreateTensor(t->dims, t->dimCount, t->dtype, t->strides, 0, ACL_FORMAT_ND,
                              &t->storageElements, 1, (void*)address);
  t->boundTo = address;
  if (t->tensor != NULL) {
    return 0;
  }
  return fail(call, aclnn_moe_is_bound("aclCreateTensor") ? 161001 : ACLNN_MOE_SYMBOL_MISSING,
              "aclCreateTensor");
}

int32_t aclnn_moe_create_tensors(aclnn_moe_call* call) {
  for (uint32_t i = 0; i < call->tensorCount; ++i) {
    aclnn_moe_tensor* t = &call->tensors[i];
    int32_t status = t->present ? create_tensor(call, t, call->addresses[i]) : 0;
    if (status != 0) {
      return status;
    }
  }
  return 0;
}

void aclnn_moe_destroy_tensors(aclnn_moe_call* call) {
  for (uint32_t i = 0; i < call->tensorCount; ++i) {
    if (call->tensors[i].tensor != NULL) {
      (void)aclDestroyTensor(call->tensors[i].tensor);
      call->tensors[i].tensor = NULL;
    }
  }
}

static int32_t bind_addresses(aclnn_moe_call* call) {
  for (uint32_t i = 0; i < call->tensorCount; ++i) {
    aclnn_moe_tensor* t = &call->tensors[i];
    uintptr_t address = call->addresses[i];
    if (!t->present || (t->tensor != NULL && t->boundTo == address)) {
      continue;
    }
    int32_t status = t->tensor == NULL ? ACLNN_MOE_SYMBOL_MISSING
                                       : aclSetRawTensorAddr(t->tensor, (void*)address);
    if (status == ACLNN_MOE_SYMBOL_MISSING) {
      /* CANN before 8.1 has no aclSetRawTensorAddr: a new descriptor instead. */
      if (t->tensor != NULL) {
        (void)aclDestroyTensor(t->tensor);
      }
      status = create_tensor(call, t, address);
      if (status != 0) {
        return status;
      }
    } else if (status != 0) {
      return fail(call, status, "aclSetRawTensorAddr");
    }
    t->boundTo = address;
  }
  return 0;
}

static int32_t launch(aclnn_moe_call* call, uintptr_t workspace, uint64_t workspaceBytes,
                      uintptr_t stream) {
  aclOpExecutor* executor = call->executor;
  call->executor = NULL;
  int32_t status = ((aclnn_moe_launch_function)call->launch)((void*)workspace, workspaceBytes,
                                                             executor, (aclrtStream)stream);
  return status == 0 ? 0 : fail(call, status, call->launchName);
}

int32_t aclnn_moe_run(aclnn_moe_call* call, uintptr_t workspace, uint64_t workspaceBytes,
                      uintptr_t stream) {
  int32_t previous = -1;
  int32_t status = aclnn_moe_enter_device(call->device, &previous);
  if (status != 0) {
    return fail(call, status, "aclrtSetDevice");
  }
  status = bind_addresses(call);
  if (status == 0) {
    status = aclnn_moe_first_phase(call);
    if (status != 0) {
      status = fail(call, status, call->getWorkspaceSizeName);
    } else if (call->workspaceSize > workspaceBytes) {
      status = ACLNN_MOE_NEEDS_WORKSPACE;
    } else {
      status = launch(call, workspace, call->workspaceSize, stream);
    }
  }
  int32_t left = aclnn_moe_leave_device(call->device, previous);
  return status != 0 || left == 0 ? status : fail(call, left, "aclrtSetDevice");
}

int32_t aclnn_moe_launch(aclnn_moe_call* call, uintptr_t workspace, uintptr_t stream) {
  int32_t previous = -1;
  int32_t status = aclnn_moe_enter_device(call->device, &previous);
  if (status != 0) {
    return fail(call, status, "aclrtSetDevice");
  }
  status = launch(call, workspace, call->workspaceSize, stream);
  int32_t left = aclnn_moe_leave_device(call->device, previous);
  return status != 0 || left == 0 ? status : fail(call, left, "aclrtSetDevice");
}

void aclnn_moe_abandon(aclnn_moe_call* call) {
  if (call->executor != NULL) {
    (void)aclDestroyAclOpExecutor(call->executor);
    call->executor = NULL;
  }
}
