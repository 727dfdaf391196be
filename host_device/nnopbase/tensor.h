// SPDX-License-Identifier: Apache-2.0
// What an aclTensor handle stands for.
#pragma once

#include <memory>
#include <mutex>

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

struct TensorState {
  HostTensorView view{};
  uint32_t storage_dim_count = 0;
  int64_t storage_dims[HostTensorView::kMaxDims] = {};
};

class Tensor {
 public:
  // Checks and copies; leaves the tensor as it was when it refuses.
  aclnnStatus Set(const char* function, const TensorShape& shape, aclDataType dtype,
                  aclFormat format, void* address);
  void SetAddress(void* address);
  // False, and nothing changes, when the new shape has more elements than the old one.
  bool Shrink(const int64_t* dims, uint32_t dim_count);
  TensorState Get();

 private:
  std::mutex mutex_;
  TensorState state_;
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
