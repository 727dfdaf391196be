// SPDX-License-Identifier: Apache-2.0
// Memory on the current device, and aclTensors that describe it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "acl/acl.h"
#include "acl_call.h"
#include "aclnn/acl_meta.h"

class DeviceMemory {
 public:
  explicit DeviceMemory(size_t bytes) : bytes_(bytes) {
    if (bytes > 0) ACL_CALL(aclrtMalloc(&data_, bytes, ACL_MEM_MALLOC_HUGE_FIRST));
  }
  ~DeviceMemory() {
    if (data_ != nullptr) ACL_CALL(aclrtFree(data_));
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_;
  void* data_ = nullptr;
};

// A contiguous tensor. T is the element on the CPU: uint16_t holds the bits of a bfloat16.
template <typename T>
class DeviceTensor {
 public:
  // Every element is `fill` until Write.
  DeviceTensor(aclDataType dtype, const std::vector<int64_t>& shape, T fill = {})
      : count_(Count(shape)), memory_(count_ * sizeof(T)) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t i = shape.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * shape[i];
    acl_ = aclCreateTensor(shape.data(), shape.size(), dtype, strides.data(), 0, ACL_FORMAT_ND,
                           shape.data(), shape.size(), memory_.data());
    AclCheck(acl_ != nullptr ? ACL_SUCCESS : ACL_ERROR_FAILURE, "aclCreateTensor");
    Write(std::vector<T>(count_, fill));
  }
  DeviceTensor(aclDataType dtype, const std::vector<int64_t>& shape, const std::vector<T>& values)
      : DeviceTensor(dtype, shape) {
    Write(values);
  }
  ~DeviceTensor() { ACL_CALL(aclDestroyTensor(acl_)); }
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;

  aclTensor* acl() const { return acl_; }

  // Both wait for the copy, but not for work on a stream: synchronise that first.
  void Write(const std::vector<T>& values) {
    ACL_CALL(aclrtMemcpy(memory_.data(), memory_.bytes(), values.data(), values.size() * sizeof(T),
                         ACL_MEMCPY_HOST_TO_DEVICE));
  }
  std::vector<T> Read() const {
    std::vector<T> values(count_);
    ACL_CALL(aclrtMemcpy(values.data(), memory_.bytes(), memory_.data(), memory_.bytes(),
                         ACL_MEMCPY_DEVICE_TO_HOST));
    return values;
  }

 private:
  static size_t Count(const std::vector<int64_t>& shape) {
    size_t count = 1;
    for (int64_t size : shape) count *= static_cast<size_t>(size);
    return count;
  }

  size_t count_;
  DeviceMemory memory_;
  aclTensor* acl_ = nullptr;
};
