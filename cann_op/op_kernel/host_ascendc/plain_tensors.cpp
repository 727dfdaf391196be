// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/plain_tensors.h"

#include <cstring>

namespace host_ascendc_kernel {
namespace {

uint64_t ElementBytes(aclDataType dtype) {
  switch (dtype) {
    case ACL_BF16:
      return 2;
    case ACL_BOOL:
      return 1;
    default:
      return 4;  // the operator takes float32 and int32 besides
  }
}

uint64_t Elements(const HostTensorView& tensor) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < tensor.dim_count; ++i) count *= static_cast<uint64_t>(tensor.dims[i]);
  return count;
}

bool IsContiguous(const HostTensorView& tensor) {
  int64_t expected = 1;
  for (uint32_t i = tensor.dim_count; i-- > 0;) {
    if (tensor.dims[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.dims[i];
  }
  return true;
}

// Copies the part of a tensor below `dim`, and gives the place behind it.
uint8_t* CopyElements(const HostTensorView& tensor, uint32_t dim, const uint8_t* from,
                      uint64_t size, uint8_t* to) {
  if (dim == tensor.dim_count) {
    std::memcpy(to, from, size);
    return to + size;
  }
  const int64_t step = tensor.strides[dim] * static_cast<int64_t>(size);
  for (int64_t i = 0; i < tensor.dims[dim]; ++i) {
    to = CopyElements(tensor, dim + 1, from + i * step, size, to);
  }
  return to;
}

}  // namespace

PlainTensors::PlainTensors(const HostTensorView* tensors) {
  // Outputs first: what shares memory with them is an input, and is copied.
  for (uint32_t i = op_plan::kCombineTensors; i-- > 0;) {
    if (tensors[i].present) Add(i, tensors[i]);
  }
}

void PlainTensors::Add(uint32_t index, const HostTensorView& tensor) {
  const uint64_t size = ElementBytes(tensor.dtype);
  const uint64_t bytes = Elements(tensor) * size;
  auto* address =
      static_cast<uint8_t*>(tensor.storage) + tensor.offset * static_cast<int64_t>(size);
  const bool is_output = index >= op_plan::kCombineInputs;
  if (!is_output && (!IsContiguous(tensor) || SharesMemory(address, bytes))) {
    copies_.push_back(std::make_unique<uint8_t[]>(bytes));
    CopyElements(tensor, 0, address, size, copies_.back().get());
    address = copies_.back().get();
  }
  addresses_[index] = address;
  host_ascendc::GmRegion region;
  region.name = op_plan::CombineTensorName(index);
  region.address = address;
  region.bytes = bytes;
  region.writable = is_output;
  region.kind = host_ascendc::Kind::kTensor;
  if (bytes > 0) regions_.push_back(region);
}

bool PlainTensors::SharesMemory(const uint8_t* address, uint64_t bytes) const {
  for (const host_ascendc::GmRegion& region : regions_) {
    if (address < region.address + region.bytes && region.address < address + bytes) return true;
  }
  return false;
}

}  // namespace host_ascendc_kernel
