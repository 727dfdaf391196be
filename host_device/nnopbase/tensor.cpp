// SPDX-License-Identifier: Apache-2.0
#include "tensor.h"

#include <algorithm>
#include <utility>

#include "refuse.h"

namespace host {
namespace {

constexpr uint32_t kMaxDims = HostTensorView::kMaxDims;

aclnnStatus CheckDims(const char* function, const char* parameter, const int64_t* dims,
                      uint64_t count) {
  if (count > kMaxDims) {
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %sNum is %llu, want at most %u", function,
                  parameter, static_cast<unsigned long long>(count), kMaxDims);
  }
  if (count > 0 && dims == nullptr) {
    return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: %s is null, but %sNum is %llu", function, parameter,
                  parameter, static_cast<unsigned long long>(count));
  }
  for (uint64_t i = 0; i < count; ++i) {
    if (dims[i] < 0) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %s[%llu] is %lld, want 0 or more", function,
                    parameter, static_cast<unsigned long long>(i), static_cast<long long>(dims[i]));
    }
  }
  return ACLNN_SUCCESS;
}

// False when the product does not fit.
bool ElementCount(const int64_t* dims, uint64_t count, int64_t* elements) {
  *elements = 1;
  if (std::find(dims, dims + count, 0) != dims + count) {
    *elements = 0;
    return true;
  }
  for (uint64_t i = 0; i < count; ++i) {
    if (__builtin_mul_overflow(*elements, dims[i], elements)) return false;
  }
  return true;
}

// Index of the last element, counted from the storage's first; false when it does not fit.
bool LastIndex(const HostTensorView& view, int64_t* last) {
  *last = view.offset;
  for (uint32_t i = 0; i < view.dim_count; ++i) {
    int64_t step = 0;
    if (__builtin_mul_overflow(view.dims[i] - 1, view.strides[i], &step) ||
        __builtin_add_overflow(*last, step, last)) {
      return false;
    }
  }
  return true;
}

bool IsEmpty(const HostTensorView& view) {
  return std::find(view.dims, view.dims + view.dim_count, 0) != view.dims + view.dim_count;
}

void SetContiguous(HostTensorView* view) {
  int64_t step = 1;
  for (uint32_t i = view->dim_count; i-- > 0;) {
    view->strides[i] = step;
    step *= std::max<int64_t>(view->dims[i], 1);
  }
}

bool KnownType(aclDataType dtype) {
  return aclDataTypeSize(dtype) != 0 || dtype == ACL_STRING || dtype == ACL_INT4 ||
         dtype == ACL_UINT1 || (dtype >= ACL_FLOAT6_E3M2 && dtype <= ACL_FLOAT4_E1M2);
}

}  // namespace

aclnnStatus Tensor::Set(const char* function, const TensorShape& shape, aclDataType dtype,
                        aclFormat format, void* address) {
  aclnnStatus status = CheckDims(function, "viewDims", shape.view_dims, shape.view_dim_count);
  if (status == ACLNN_SUCCESS) {
    status = CheckDims(function, "storageDims", shape.storage_dims, shape.storage_dim_count);
  }
  if (status == ACLNN_SUCCESS && shape.strides != nullptr) {
    status = CheckDims(function, "stride", shape.strides, shape.view_dim_count);
  }
  if (status != ACLNN_SUCCESS) return status;
  if (!KnownType(dtype)) {
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: dataType is %d, want an aclDataType with a size",
                  function, static_cast<int>(dtype));
  }
  if (shape.offset < 0) {
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: offset is %lld, want 0 or more", function,
                  static_cast<long long>(shape.offset));
  }

  TensorState state;
  HostTensorView& view = state.view;
  view.storage = address;
  view.offset = shape.offset;
  view.dtype = dtype;
  view.format = format;
  view.present = true;
  view.dim_count = static_cast<uint32_t>(shape.view_dim_count);
  std::copy_n(shape.view_dims, view.dim_count, view.dims);
  int64_t view_elements = 0;
  int64_t storage_elements = 0;
  int64_t storage_bytes = 0;
  const int64_t element_bytes = std::max<int64_t>(static_cast<int64_t>(aclDataTypeSize(dtype)), 1);
  if (!ElementCount(view.dims, view.dim_count, &view_elements) ||
      !ElementCount(shape.storage_dims, shape.storage_dim_count, &storage_elements) ||
      __builtin_mul_overflow(storage_elements, element_bytes, &storage_bytes)) {
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: the dims multiply to more than 2^63 bytes",
                  function);
  }
  if (shape.strides != nullptr) {
    std::copy_n(shape.strides, view.dim_count, view.strides);
  } else {
    SetContiguous(&view);
  }
  if (view_elements > 0) {
    int64_t last = 0;
    if (!LastIndex(view, &last) || last >= storage_elements) {
      return Refuse(ACLNN_ERR_PARAM_INVALID,
                    "%s: viewDims, stride and offset %lld reach element %lld, but storageDims hold "
                    "%lld",
                    function, static_cast<long long>(shape.offset), static_cast<long long>(last),
                    static_cast<long long>(storage_elements));
    }
  }
  state.storage_dim_count = static_cast<uint32_t>(shape.storage_dim_count);
  std::copy_n(shape.storage_dims, state.storage_dim_count, state.storage_dims);
  const std::lock_guard<std::mutex> lock(mutex_);
  state_ = state;
  return ACLNN_SUCCESS;
}

void Tensor::SetAddress(void* address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  state_.view.storage = address;
}

bool Tensor::Shrink(const int64_t* dims, uint32_t dim_count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  HostTensorView& view = state_.view;
  int64_t before = 0;
  int64_t after = 0;
  if (dim_count > kMaxDims || !ElementCount(view.dims, view.dim_count, &before) ||
      !ElementCount(dims, dim_count, &after) || after < 0 || after > before) {
    return false;
  }
  view.dim_count = dim_count;
  std::copy_n(dims, dim_count, view.dims);
  SetContiguous(&view);
  return true;
}

TensorState Tensor::Get() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_;
}

TensorReach ReachOf(const HostTensorView& view) {
  const uint64_t element_bytes = std::max<uint64_t>(aclDataTypeSize(view.dtype), 1);
  const auto first = reinterpret_cast<uintptr_t>(view.storage) +
                     static_cast<uint64_t>(view.offset) * element_bytes;
  int64_t last = view.offset;
  if (!IsEmpty(view)) LastIndex(view, &last);
  const uint64_t bytes =
      IsEmpty(view) ? 0 : (static_cast<uint64_t>(last - view.offset) + 1) * element_bytes;
  return {reinterpret_cast<const void*>(first), bytes};
}

HandleTable<Tensor>& Tensors() {
  // Never destroyed: programs may destroy tensors in their own static destructors.
  static auto& tensors = *new HandleTable<Tensor>(kTensorKind);
  return tensors;
}

aclnnStatus FindTensor(const char* function, const aclTensor* handle,
                       std::shared_ptr<Tensor>* tensor) {
  if (handle == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: tensor is null", function);
  *tensor = Tensors().Find(handle);
  if (*tensor != nullptr) return ACLNN_SUCCESS;
  return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: tensor %p is not a live aclTensor", function,
                static_cast<const void*>(handle));
}

}  // namespace host

using host::FindTensor;
using host::Guard;
using host::Refuse;
using host::Tensor;
using host::Tensors;
using host::TensorState;

namespace {

// The caller frees the array with delete[], which is CANN's rule.
aclnnStatus CopyOut(const char* function, const int64_t* values, uint32_t count, int64_t** out,
                    uint64_t* out_count) {
  if (out == nullptr || out_count == nullptr) {
    return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: an output is null", function);
  }
  auto copy = std::make_unique<int64_t[]>(count);
  std::copy_n(values, count, copy.get());
  *out = copy.release();
  *out_count = count;
  return ACLNN_SUCCESS;
}

}  // namespace

extern "C" {

aclTensor* aclCreateTensor(const int64_t* viewDims, uint64_t viewDimsNum, aclDataType dataType,
                           const int64_t* stride, int64_t offset, aclFormat format,
                           const int64_t* storageDims, uint64_t storageDimsNum, void* tensorData) {
  void* handle = nullptr;
  const char* const function = __func__;
  Guard(function, [&] {
    auto tensor = std::make_shared<Tensor>();
    const aclnnStatus status =
        tensor->Set(function, {viewDims, viewDimsNum, stride, offset, storageDims, storageDimsNum},
                    dataType, format, tensorData);
    if (status == ACLNN_SUCCESS) handle = Tensors().Add(std::move(tensor));
    return status;
  });
  return static_cast<aclTensor*>(handle);
}

aclnnStatus aclInitTensor(aclTensor* tensor, const int64_t* viewDims, uint64_t viewDimsNum,
                          aclDataType dataType, const int64_t* stride, int64_t offset,
                          aclFormat format, const int64_t* storageDims, uint64_t storageDimsNum,
                          void* tensorDataAddr) {
  const char* const function = __func__;
  return Guard(function, [&] {
    std::shared_ptr<Tensor> found;
    const aclnnStatus status = FindTensor(function, tensor, &found);
    if (status != ACLNN_SUCCESS) return status;
    return found->Set(function,
                      {viewDims, viewDimsNum, stride, offset, storageDims, storageDimsNum},
                      dataType, format, tensorDataAddr);
  });
}

aclnnStatus aclDestroyTensor(const aclTensor* tensor) {
  const char* const function = __func__;
  return Guard(function, [&] {
    if (tensor == nullptr || Tensors().Remove(tensor) != nullptr) return aclnnStatus{OK};
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: tensor %p is not a live aclTensor", function,
                  static_cast<const void*>(tensor));
  });
}

aclnnStatus aclGetViewShape(const aclTensor* tensor, int64_t** viewDims, uint64_t* viewDimsNum) {
  const char* const function = __func__;
  return Guard(function, [&] {
    std::shared_ptr<Tensor> found;
    const aclnnStatus status = FindTensor(function, tensor, &found);
    if (status != ACLNN_SUCCESS) return status;
    const TensorState state = found->Get();
    return CopyOut(function, state.view.dims, state.view.dim_count, viewDims, viewDimsNum);
  });
}

aclnnStatus aclGetStorageShape(const aclTensor* tensor, int64_t** storageDims,
                               uint64_t* storageDimsNum) {
  const char* const function = __func__;
  return Guard(function, [&] {
    std::shared_ptr<Tensor> found;
    const aclnnStatus status = FindTensor(function, tensor, &found);
    if (status != ACLNN_SUCCESS) return status;
    const TensorState state = found->Get();
    return CopyOut(function, state.storage_dims, state.storage_dim_count, storageDims,
                   storageDimsNum);
  });
}

aclnnStatus aclGetViewStrides(const aclTensor* tensor, int64_t** stridesValue,
                              uint64_t* stridesNum) {
  const char* const function = __func__;
  return Guard(function, [&] {
    std::shared_ptr<Tensor> found;
    const aclnnStatus status = FindTensor(function, tensor, &found);
    if (status != ACLNN_SUCCESS) return status;
    const TensorState state = found->Get();
    return CopyOut(function, state.view.strides, state.view.dim_count, stridesValue, stridesNum);
  });
}

aclnnStatus aclGetViewOffset(const aclTensor* tensor, int64_t* offset) {
  if (offset == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: offset is null", __func__);
  std::shared_ptr<Tensor> found;
  const aclnnStatus status = FindTensor(__func__, tensor, &found);
  if (status == ACLNN_SUCCESS) *offset = found->Get().view.offset;
  return status;
}

aclnnStatus aclGetFormat(const aclTensor* tensor, aclFormat* format) {
  if (format == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: format is null", __func__);
  std::shared_ptr<Tensor> found;
  const aclnnStatus status = FindTensor(__func__, tensor, &found);
  if (status == ACLNN_SUCCESS) *format = found->Get().view.format;
  return status;
}

aclnnStatus aclGetDataType(const aclTensor* tensor, aclDataType* dataType) {
  if (dataType == nullptr) {
    return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: dataType is null", __func__);
  }
  std::shared_ptr<Tensor> found;
  const aclnnStatus status = FindTensor(__func__, tensor, &found);
  if (status == ACLNN_SUCCESS) *dataType = found->Get().view.dtype;
  return status;
}

aclnnStatus aclSetRawTensorAddr(aclTensor* tensor, void* addr) {
  std::shared_ptr<Tensor> found;
  const aclnnStatus status = FindTensor(__func__, tensor, &found);
  if (status == ACLNN_SUCCESS) found->SetAddress(addr);
  return status;
}

aclnnStatus aclGetRawTensorAddr(const aclTensor* tensor, void** addr) {
  if (addr == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: addr is null", __func__);
  std::shared_ptr<Tensor> found;
  const aclnnStatus status = FindTensor(__func__, tensor, &found);
  if (status == ACLNN_SUCCESS) *addr = found->Get().view.storage;
  return status;
}

aclnnStatus HostTensorRead(const aclTensor* tensor, HostTensorView* view) {
  if (view == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: view is null", __func__);
  if (tensor == nullptr) {
    *view = HostTensorView{};
    return ACLNN_SUCCESS;
  }
  std::shared_ptr<Tensor> found;
  const aclnnStatus status = FindTensor(__func__, tensor, &found);
  if (status == ACLNN_SUCCESS) *view = found->Get().view;
  return status;
}

}  // extern "C"
