// SPDX-License-Identifier: Apache-2.0
// Operators on plain tensors in tests: device tensors made of vectors, scalars, and both phases as
// one call.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "aclnn/acl_meta.h"
#include "aclnn/opdev/op_errno.h"
#include "check.h"
#include "recent_text.h"
#include "tensor_example.h"

template <typename T>
constexpr aclDataType kDTypeOf = ACL_DT_UNDEFINED;
template <>
inline constexpr aclDataType kDTypeOf<float> = ACL_FLOAT;
template <>
inline constexpr aclDataType kDTypeOf<double> = ACL_DOUBLE;
template <>
inline constexpr aclDataType kDTypeOf<int32_t> = ACL_INT32;
template <>
inline constexpr aclDataType kDTypeOf<int64_t> = ACL_INT64;
template <>
inline constexpr aclDataType kDTypeOf<int8_t> = ACL_INT8;
template <>
inline constexpr aclDataType kDTypeOf<uint8_t> = ACL_UINT8;
template <>
inline constexpr aclDataType kDTypeOf<bool> = ACL_BOOL;
// bf16 as its bits.
template <>
inline constexpr aclDataType kDTypeOf<uint16_t> = ACL_BF16;

// A tensor in memory of device 0, and its memory.
template <typename T>
class DeviceTensor {
 public:
  // Contiguous, with these values; as many values as `dims` say.
  DeviceTensor(std::vector<int64_t> dims, std::vector<T> values)
      : DeviceTensor(dims, {}, 0, std::move(values), dims) {}

  // A view of memory that holds `values`, one after the other; strides in elements.
  DeviceTensor(std::vector<int64_t> dims, std::vector<int64_t> strides, int64_t offset,
               const std::vector<T>& values, std::vector<int64_t> storage_dims = {})
      : elements_(values.size()) {
    aclrtSetDevice(0);
    EXPECT_EQ(aclrtMalloc(&memory_, std::max<size_t>(1, elements_) * sizeof(T),
                          ACL_MEM_MALLOC_HUGE_FIRST),
              ACL_SUCCESS);
    for (size_t i = 0; i < elements_; ++i) static_cast<T*>(memory_)[i] = values[i];
    if (storage_dims.empty()) storage_dims = {static_cast<int64_t>(elements_)};
    handle_ = TensorArguments{dims, strides, storage_dims, kDTypeOf<T>, offset, memory_}.Create();
    EXPECT_TRUE(handle_ != nullptr);
  }
  ~DeviceTensor() {
    aclDestroyTensor(handle_);
    aclrtFree(memory_);
  }
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;

  operator aclTensor*() const { return handle_; }

  // The memory, in order.
  std::vector<T> Values() const {
    const T* const first = static_cast<const T*>(memory_);
    return std::vector<T>(first, first + elements_);
  }

 private:
  size_t elements_;
  void* memory_ = nullptr;
  aclTensor* handle_ = nullptr;
};

template <typename T>
class Scalar {
 public:
  explicit Scalar(T value) : handle_(aclCreateScalar(&value, kDTypeOf<T>)) {}
  ~Scalar() { aclDestroyScalar(handle_); }
  Scalar(const Scalar&) = delete;
  Scalar& operator=(const Scalar&) = delete;

  operator aclScalar*() const { return handle_; }

 private:
  aclScalar* handle_;
};

class Ints {
 public:
  explicit Ints(std::vector<int64_t> values)
      : handle_(aclCreateIntArray(values.data(), values.size())) {}
  ~Ints() { aclDestroyIntArray(handle_); }
  Ints(const Ints&) = delete;
  Ints& operator=(const Ints&) = delete;

  operator aclIntArray*() const { return handle_; }

 private:
  aclIntArray* handle_;
};

// A list of tensors, which it destroys with itself; their memory stays their owners'.
class Tensors {
 public:
  explicit Tensors(std::vector<const aclTensor*> tensors)
      : handle_(aclCreateTensorList(tensors.data(), tensors.size())) {}
  ~Tensors() { aclDestroyTensorList(handle_); }
  Tensors(const Tensors&) = delete;
  Tensors& operator=(const Tensors&) = delete;

  operator aclTensorList*() const { return handle_; }

 private:
  aclTensorList* handle_;
};

// What aclGetViewShape says.
inline std::vector<int64_t> ViewShape(const aclTensor* tensor) {
  int64_t* dims = nullptr;
  uint64_t count = 0;
  EXPECT_EQ(aclGetViewShape(tensor, &dims, &count), ACLNN_SUCCESS);
  std::vector<int64_t> shape(dims, dims + count);
  delete[] dims;
  return shape;
}

using SecondPhase = aclnnStatus (*)(void*, uint64_t, aclOpExecutor*, aclrtStream);

// Both phases on the default stream of device 0; the status of whichever refused.
template <typename... Parameters, typename... Arguments>
aclnnStatus CallOperator(aclnnStatus (*first)(Parameters...), SecondPhase second,
                         Arguments&&... arguments) {
  aclrtSetDevice(0);
  uint64_t workspace_bytes = 0;
  aclOpExecutor* executor = nullptr;
  aclnnStatus status = first(arguments..., &workspace_bytes, &executor);
  if (status != ACLNN_SUCCESS) return status;
  void* workspace = nullptr;
  if (workspace_bytes > 0) {
    EXPECT_EQ(aclrtMalloc(&workspace, workspace_bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  }
  status = second(workspace, workspace_bytes, executor, nullptr);
  if (status == ACLNN_SUCCESS) status = aclrtSynchronizeStream(nullptr);
  if (workspace != nullptr) aclrtFree(workspace);
  return status;
}

#define CALL_OPERATOR(name, ...) CallOperator(name##GetWorkspaceSize, name, __VA_ARGS__)
