// SPDX-License-Identifier: Apache-2.0
// What an aclTensor handle stands for.
#pragma once

#include <memory>

#include "handle_table.h"
#include "host_executor.h"

namespace host {

struct TensorShape {
  const int64_t* view_dims;
  uint64_t view_dim_count;
  const int64_t* strides;  // null: contiguous
  int64_t offset;
  const int64_t* storage_dims;
  uint64_t storage_dim_count;
};

class Tensor {
 public:
  // Checks and copies; leaves the tensor as it was when it refuses.
  aclnnStatus Set(const char* function, const TensorShape& shape, aclDataType dtype,
                  aclFormat format, void* address);

  const HostTensorView& view() const { return view_; }
  void set_address(void* address) { view_.storage = address; }
  const int64_t* storage_dims() const { return storage_dims_; }
  uint32_t storage_dim_count() const { return storage_dim_count_; }

 private:
  HostTensorView view_{};
  uint32_t storage_dim_count_ = 0;
  int64_t storage_dims_[HostTensorView::kMaxDims] = {};
};

// Bytes that a view's elements span, and the address of the first; 0 bytes without elements.
struct TensorReach {
  const void* address;
  uint64_t bytes;
};
TensorReach ReachOf(const HostTensorView& view);

HandleTable<Tensor>& Tensors();

// Null and stale handles are refused with a text, with different statuses.
aclnnStatus FindTensor(const char* function, const aclTensor* handle,
                       std::shared_ptr<Tensor>* tensor);

}  // namespace host
