/* SPDX-License-Identifier: Apache-2.0
 *
 * An operator call prepared once and run often: descriptors and attributes stay, addresses change.
 * One C call does what CANN's two phases need: device, addresses, first phase and, when the
 * workspace at hand is large enough, the launch.
 */
#pragma once

#include "cann.h"

/* Limits of the struct below; the largest operator of the package uses 22 tensors, 15 integers. */
#define ACLNN_MOE_MAX_DIMS 8
#define ACLNN_MOE_MAX_TENSORS 24
#define ACLNN_MOE_MAX_INTS 16
#define ACLNN_MOE_MAX_NAMES 4

/* Operators, by the signature of their first phase. */
#define ACLNN_MOE_DISPATCH 1
#define ACLNN_MOE_DISPATCH_V2 2
#define ACLNN_MOE_DISPATCH_V3 3
#define ACLNN_MOE_COMBINE_ADD_RMS_NORM 4
#define ACLNN_MOE_COMBINE_ADD_RMS_NORM_V2 5

/* aclnn_moe_run: the first phase is done, but the launch waits for a larger workspace. */
#define ACLNN_MOE_NEEDS_WORKSPACE -2000002

typedef struct {
  int32_t present; /* 0: the optional tensor is null */
  aclDataType dtype;
  uint64_t dimCount;
  int64_t dims[8];
  int64_t strides[8];      /* elements */
  int64_t storageElements; /* from the first element of the view to its last, inclusive */
  aclTensor* tensor;       /* owned */
  uintptr_t boundTo;       /* address that `tensor` has now */
} aclnn_moe_tensor;

typedef struct {
  /* Set before aclnn_moe_create_tensors; the caller keeps the texts alive. Tensors, integers and
   * names are in the order of the newest C signature, outputs last; but V3's and V2's special
   * expert numbers are the last integers. An older signature leaves out what it does not have. */
  int32_t op;
  int32_t device;
  void* getWorkspaceSize;
  void* launch;
  const char* getWorkspaceSizeName;
  const char* launchName;
  uint32_t tensorCount;
  aclnn_moe_tensor tensors[24];
  int64_t ints[16];
  const char* names[4];
  float real;

  /* Set before every aclnn_moe_run: address of each view's first element. */
  uintptr_t addresses[24];

  /* Results of the last call; the function and the text only where it failed. */
  uint64_t workspaceSize;
  aclOpExecutor* executor;
  const char* failedFunction;
  char text[4096];
} aclnn_moe_call;

/* Makes the tensors that are present. */
int32_t aclnn_moe_create_tensors(aclnn_moe_call* call);

/* Sets addresses, runs the first phase, and launches on `stream` when `workspaceBytes` suffice.
 * Else gives ACLNN_MOE_NEEDS_WORKSPACE, and aclnn_moe_launch or aclnn_moe_abandon must follow. */
int32_t aclnn_moe_run(aclnn_moe_call* call, uintptr_t workspace, uint64_t workspaceBytes, uintptr_t stream);

/* The second phase alone. */
int32_t aclnn_moe_launch(aclnn_moe_call* call, uintptr_t workspace, uintptr_t stream);

/* Gives up an executor that was not launched. */
void aclnn_moe_abandon(aclnn_moe_call* call);

/* Destroys the tensors. */
void aclnn_moe_destroy_tensors(aclnn_moe_call* call);

/* The calling thread's device; -1 where it has none, which leaves no error text behind. */
int32_t aclnn_moe_current_device(void);

/* Makes `device` the calling thread's, and tells which it was before (-1: none). */
int32_t aclnn_moe_enter_device(int32_t device, int32_t* previous);

/* Goes back to `previous`; a thread that had none stays where it is. */
int32_t aclnn_moe_leave_device(int32_t device, int32_t previous);
