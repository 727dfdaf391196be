// SPDX-License-Identifier: Apache-2.0
#include "op_api/tensor_reader.h"

#include <algorithm>
#include <memory>

namespace op_api {

using op_plan::DType;
using op_plan::Refuse;
using op_plan::TensorSpec;
using op_plan::Verdict;

DType DTypeOf(aclDataType dtype) {
  switch (dtype) {
    case ACL_BF16:
      return DType::kBf16;
    case ACL_FLOAT16:
      return DType::kFloat16;
    case ACL_FLOAT:
      return DType::kFloat32;
    case ACL_INT8:
      return DType::kInt8;
    case ACL_INT32:
      return DType::kInt32;
    case ACL_INT64:
      return DType::kInt64;
    case ACL_BOOL:
      return DType::kBool;
    default:
      return DType::kOther;
  }
}

bool IsPlain(aclFormat format) {
  switch (format) {
    case ACL_FORMAT_ND:
    case ACL_FORMAT_NCHW:
    case ACL_FORMAT_NHWC:
    case ACL_FORMAT_NCDHW:
    case ACL_FORMAT_NDHWC:
    case ACL_FORMAT_NC:
    case ACL_FORMAT_NCL:
      return true;
    default:
      return false;
  }
}

namespace {

// One of a tensor's lists of sizes, which CANN allocates for each caller.
class SizeList {
 public:
  using Getter = aclnnStatus (*)(const aclTensor*, int64_t**, uint64_t*);

  SizeList(const aclTensor* tensor, Getter getter) {
    int64_t* sizes = nullptr;
    read_ = getter(tensor, &sizes, &count_) == OK;
    sizes_.reset(sizes);
  }
  bool read() const { return read_; }
  uint64_t count() const { return count_; }
  void CopyTo(int64_t* sizes) const { std::copy_n(sizes_.get(), count_, sizes); }

 private:
  bool read_;
  std::unique_ptr<int64_t[]> sizes_;
  uint64_t count_ = 0;
};

}  // namespace

Verdict ReadAclTensor(const aclTensor* tensor, const char* name, TensorSpec* spec) {
  *spec = {};
  spec->name = name;
  spec->present = tensor != nullptr;
  if (!spec->present) return {};
  aclDataType dtype;
  aclFormat format;
  const bool described =
      aclGetDataType(tensor, &dtype) == OK && aclGetFormat(tensor, &format) == OK;
  const SizeList dims(tensor, aclGetViewShape);
  const SizeList strides(tensor, aclGetViewStrides);
  if (!described || !dims.read() || !strides.read() || strides.count() != dims.count()) {
    return Refuse(op_plan::kParamInvalid, "%s is not a living aclTensor", name);
  }
  if (dims.count() > TensorSpec::kMaxDims) {
    return Refuse(op_plan::kTilingError,
                  "%s has %llu dims, no tensor of this operator has more than 3", name,
                  static_cast<unsigned long long>(dims.count()));
  }
  spec->dtype = DTypeOf(dtype);
  spec->plain_format = IsPlain(format);
  spec->dim_count = static_cast<uint32_t>(dims.count());
  dims.CopyTo(spec->dims);
  strides.CopyTo(spec->strides);
  return {};
}

}  // namespace op_api
