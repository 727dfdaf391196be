// SPDX-License-Identifier: Apache-2.0
// What libnnopbase gives the libraries that hold operators: reading tensors, and executors that run a
// host kernel on a stream.
#pragma once

#include "aclnn/acl_meta.h"
#include "host_runtime.h"

struct HostTensorView {
  static constexpr uint32_t kMaxDims = 8;
  void* storage;             // address given to aclCreateTensor, without the offset
  int64_t offset;            // elements from `storage` to the first element
  aclDataType dtype;
  aclFormat format;
  uint32_t dim_count;
  int64_t dims[kMaxDims];
  int64_t strides[kMaxDims];  // elements
  bool present;              // false for an optional tensor that was given as null
};

// A scalar in the kinds that operators compute with.
struct HostScalarView {
  aclDataType dtype;
  double real;
  int64_t integer;  // what a cast of the value gives
  bool present;     // false for an optional scalar that was given as null
};

// What a kernel sees: a snapshot taken when the executor was launched.
struct HostLaunch {
  const HostTensorView* tensors;  // inputs, then outputs, in the order of HostExecutorCreate
  uint32_t tensor_count;
  const void* params;             // a copy of what HostExecutorCreate was given
  void* workspace;
  uint64_t workspace_size;
  int32_t device;
  const void* owner;  // nnopbase's own
};

using HostKernel = aclError (*)(const HostLaunch* launch, HostFailure* failure);

#pragma GCC visibility push(default)
extern "C" {

// Fills `view`; a null tensor gives present = false. Fails with ACLNN_ERR_PARAM_INVALID on a stale handle.
aclnnStatus HostTensorRead(const aclTensor* tensor, HostTensorView* view);

// Fills `view`; a null scalar gives present = false. Refuses a stale handle, and a dtype that is no
// real number.
aclnnStatus HostScalarRead(const aclScalar* scalar, HostScalarView* view);

// The elements of an array, which stay valid as long as the array lives; null gives size 0. A stale
// handle is refused.
aclnnStatus HostIntArrayRead(const aclIntArray* array, const int64_t** values, uint64_t* size);
aclnnStatus HostFloatArrayRead(const aclFloatArray* array, const float** values, uint64_t* size);
aclnnStatus HostBoolArrayRead(const aclBoolArray* array, const bool** values, uint64_t* size);
aclnnStatus HostTensorListRead(const aclTensorList* list, const aclTensor* const** values,
                               uint64_t* size);

// Makes an executor. `tensors` are `input_count` inputs, then `output_count` outputs; null entries are
// allowed. `params` is copied bytewise; `op_name` is static text.
aclnnStatus HostExecutorCreate(const char* op_name, HostKernel kernel, const aclTensor* const* tensors,
                               uint32_t input_count, uint32_t output_count, const void* params,
                               size_t params_bytes, uint64_t workspace_size, aclOpExecutor** executor);

// The second phase of every operator: checks handle, operator name, workspace and stream, queues the
// kernel, and destroys the executor unless it is repeatable.
aclnnStatus HostExecutorLaunch(const char* op_name, void* workspace, uint64_t workspace_size,
                               aclOpExecutor* executor, aclrtStream stream);

// For kernels whose outputs have as many elements as the data says: gives the aclTensor behind
// launch.tensors[index] a new, contiguous view shape, which aclGetViewShape tells from now on. The
// shape holds no more elements than the one of the first phase.
aclError HostLaunchSetShape(const HostLaunch* launch, uint32_t index, const int64_t* dims,
                            uint32_t dim_count, HostFailure* failure);

}  // extern "C"
#pragma GCC visibility pop
