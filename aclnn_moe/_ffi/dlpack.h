/* SPDX-License-Identifier: Apache-2.0
 *
 * DLPack: the structs of its stable ABI (version before 1.0), and tensors handed out that keep a
 * Python object alive.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int32_t device_type;
  int32_t device_id;
} DLDevice;

typedef struct {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

typedef struct {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
} DLTensor;

typedef struct DLManagedTensor DLManagedTensor;
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};

/* A tensor over `tensor`'s data, shape and strides (both copied) that holds a reference to the
 * Python object `owner` until it is deleted. NULL without memory. */
DLManagedTensor* aclnn_moe_dlpack_export(const DLTensor* tensor, uintptr_t owner);

/* Calls the tensor's deleter. */
void aclnn_moe_dlpack_delete(DLManagedTensor* tensor);

/* Address of the destructor for PyCapsule_New: deletes a tensor that nobody has consumed. */
uintptr_t aclnn_moe_dlpack_capsule_destructor(void);
