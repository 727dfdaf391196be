// SPDX-License-Identifier: Apache-2.0
// Tensors for tests.
#pragma once

#include <initializer_list>
#include <vector>

#include "aclnn/acl_meta.h"

struct TensorArguments {
  std::vector<int64_t> view_dims{2, 4};
  std::vector<int64_t> strides{4, 1};
  std::vector<int64_t> storage_dims{2, 4};
  aclDataType dtype = ACL_FLOAT;
  int64_t offset = 0;
  void* address = nullptr;

  aclTensor* Create() const {
    return aclCreateTensor(view_dims.data(), view_dims.size(), dtype,
                           strides.empty() ? nullptr : strides.data(), offset, ACL_FORMAT_ND,
                           storage_dims.data(), storage_dims.size(), address);
  }
};

inline aclTensor* ContiguousTensor(void* address, std::initializer_list<int64_t> dims,
                                   aclDataType dtype = ACL_FLOAT) {
  TensorArguments arguments;
  arguments.view_dims = dims;
  arguments.strides = {};
  arguments.storage_dims = dims;
  arguments.dtype = dtype;
  arguments.address = address;
  return arguments.Create();
}
