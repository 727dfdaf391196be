/* SPDX-License-Identifier: Apache-2.0 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "dlpack.h"

#include <stdlib.h>
#include <string.h>

static void delete_exported(DLManagedTensor* self) {
  PyGILState_STATE state = PyGILState_Ensure();
  Py_DECREF((PyObject*)self->manager_ctx);
  PyGILState_Release(state);
  free(self);
}

DLManagedTensor* aclnn_moe_dlpack_export(const DLTensor* tensor, uintptr_t owner) {
  size_t extent = (size_t)tensor->ndim * sizeof(int64_t);
  DLManagedTensor* managed = malloc(sizeof(DLManagedTensor) + 2 * extent);
  if (managed == NULL) {
    return NULL;
  }
  managed->dl_tensor = *tensor;
  managed->dl_tensor.shape = (int64_t*)(managed + 1);
  managed->dl_tensor.strides = managed->dl_tensor.shape + tensor->ndim;
  if (extent > 0) {
    memcpy(managed->dl_tensor.shape, tensor->shape, extent);
    memcpy(managed->dl_tensor.strides, tensor->strides, extent);
  }
  managed->manager_ctx = (void*)owner;
  managed->deleter = delete_exported;
  PyGILState_STATE state = PyGILState_Ensure();
  Py_INCREF((PyObject*)owner);
  PyGILState_Release(state);
  return managed;
}

void aclnn_moe_dlpack_delete(DLManagedTensor* tensor) {
  if (tensor->deleter != NULL) {
    tensor->deleter(tensor);
  }
}

static void destroy_capsule(PyObject* capsule) {
  /* A consumer renames the capsule and deletes the tensor itself. */
  if (PyCapsule_IsValid(capsule, "dltensor")) {
    aclnn_moe_dlpack_delete(PyCapsule_GetPointer(capsule, "dltensor"));
  }
}

uintptr_t aclnn_moe_dlpack_capsule_destructor(void) { return (uintptr_t)&destroy_capsule; }
