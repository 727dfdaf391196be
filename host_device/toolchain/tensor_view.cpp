// SPDX-License-Identifier: Apache-2.0
#include "tensor_view.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <memory>

#include "aclnn/acl_meta.h"
#include "aclnnop/aclnn_copy.h"
#include "host_operator.h"
#include "refuse.h"

namespace host {
namespace {

// Formats whose elements lie in the order of the dimensions.
constexpr std::array<aclFormat, 5> kBaseFormats = {ACL_FORMAT_ND, ACL_FORMAT_NCHW, ACL_FORMAT_NC,
                                                   ACL_FORMAT_NCL, ACL_FORMAT_NCDHW};

aclError CheckInside(const AclopCall& call, const TensorView& view) {
  bool fits = view.offset >= 0;
  int64_t last = view.offset;
  for (size_t i = 0; i < view.dims.size(); ++i) {
    int64_t way = 0;
    fits = fits && view.strides[i] >= 0 &&
           !__builtin_mul_overflow(view.dims[i] - 1, view.strides[i], &way) &&
           !__builtin_add_overflow(last, way, &last);
  }
  const size_t item = aclDataTypeSize(view.type);
  if (fits && item != 0 && static_cast<uint64_t>(last) < view.bytes / item) return ACL_SUCCESS;
  return Refuse(ACL_ERROR_INVALID_PARAM,
                "%s: operator '%s': the %s's elements (aclDataType %d, the first at %" PRId64
                ") do not lie inside its buffer of %zu bytes",
                call.function, call.type, view.name, static_cast<int>(view.type), view.offset,
                view.bytes);
}

struct DestroyTensor {
  void operator()(aclTensor* tensor) const { aclDestroyTensor(tensor); }
};
using Tensor = std::unique_ptr<aclTensor, DestroyTensor>;

Tensor MakeTensor(const TensorView& view) {
  const auto storage = static_cast<int64_t>(view.bytes / aclDataTypeSize(view.type));
  return Tensor(aclCreateTensor(view.dims.data(), view.dims.size(), view.type, view.strides.data(),
                                view.offset, ACL_FORMAT_ND, &storage, 1, view.data));
}

// libopapi is opened when it is needed: programs that only link this library do not pay for it.
struct InplaceCopy {
  decltype(&aclnnInplaceCopyGetWorkspaceSize) prepare = nullptr;
  decltype(&aclnnInplaceCopy) launch = nullptr;
};
const InplaceCopy& FindInplaceCopy() {
  static const InplaceCopy found = [] {
    InplaceCopy functions;
    if (void* const opapi = dlopen("libopapi.so", RTLD_LAZY)) {
      functions.prepare = reinterpret_cast<decltype(functions.prepare)>(
          dlsym(opapi, "aclnnInplaceCopyGetWorkspaceSize"));
      functions.launch =
          reinterpret_cast<decltype(functions.launch)>(dlsym(opapi, "aclnnInplaceCopy"));
    }
    return functions;
  }();
  return found;
}

}  // namespace

int64_t TensorView::Elements() const {
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count)) return -1;
  }
  return count;
}

std::vector<int64_t> DenseStrides(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(dims[i], 1);
  return strides;
}

aclError WholeOf(const AclopCall& call, const char* name, const AclopOperand& operand,
                 TensorView* view) {
  const aclFormat format = HostStorageFormat(operand.description);
  if (std::find(kBaseFormats.begin(), kBaseFormats.end(), format) == kBaseFormats.end()) {
    return Refuse(ACL_ERROR_OP_NOT_FOUND,
                  "%s: operator '%s': the %s's format is %d, but the host device keeps tensors in "
                  "the order of their dimensions (ND, NCHW, NCDHW, ...); leave "
                  "torch.npu.config.allow_internal_format at False, or do not cast",
                  call.function, call.type, name, static_cast<int>(format));
  }
  *view = {name,
           aclGetDataBufferAddr(operand.buffer),
           aclGetDataBufferSizeV2(operand.buffer),
           aclGetTensorDescType(operand.description),
           {},
           {},
           0};
  const size_t rank = aclGetTensorDescNumDims(operand.description);
  for (size_t i = 0; rank != ACL_UNKNOWN_RANK && i < rank; ++i) {
    view->dims.push_back(aclGetTensorDescDim(operand.description, i));
  }
  if (rank == ACL_UNKNOWN_RANK || view->Elements() < 0) {
    return Refuse(ACL_ERROR_INVALID_PARAM, "%s: operator '%s': the %s's shape is not known",
                  call.function, call.type, name);
  }
  view->strides = DenseStrides(view->dims);
  return ACL_SUCCESS;
}

aclError ReadIntegers(const AclopCall& call, const char* name, const AclopOperand& operand,
                      std::vector<int64_t>* values) {
  const size_t count = aclGetTensorDescElementCount(operand.description);
  const bool wide = aclGetTensorDescType(operand.description) == ACL_INT64;
  const void* const data = aclGetDataBufferAddr(operand.buffer);
  const size_t item = wide ? sizeof(int64_t) : sizeof(int32_t);
  if (!HostIsInHostMemory(operand.description) || data == nullptr ||
      (!wide && aclGetTensorDescType(operand.description) != ACL_INT32) ||
      aclGetDataBufferSizeV2(operand.buffer) / item < count) {
    return Refuse(ACL_ERROR_INVALID_PARAM,
                  "%s: operator '%s': the %s must be int32 or int64 numbers in host memory",
                  call.function, call.type, name);
  }
  values->resize(count);
  if (wide) {
    std::copy_n(static_cast<const int64_t*>(data), count, values->begin());
  } else {
    std::copy_n(static_cast<const int32_t*>(data), count, values->begin());
  }
  return ACL_SUCCESS;
}

aclError CopyView(const AclopCall& call, const TensorView& to, const TensorView& from) {
  if (to.Elements() == 0) return ACL_SUCCESS;
  for (const TensorView* view : {&from, &to}) {
    const aclError status = CheckInside(call, *view);
    if (status != ACL_SUCCESS) return status;
  }
  const InplaceCopy& copy = FindInplaceCopy();
  if (copy.prepare == nullptr || copy.launch == nullptr) {
    return Refuse(ACL_ERROR_OP_NOT_FOUND, "%s: operator '%s': libopapi.so has no aclnnInplaceCopy",
                  call.function, call.type);
  }
  const Tensor target = MakeTensor(to);
  const Tensor source = MakeTensor(from);
  uint64_t workspace_bytes = 0;  // a copy needs none
  aclOpExecutor* executor = nullptr;
  // Their refusals have set the thread's text.
  if (target == nullptr || source == nullptr ||
      copy.prepare(target.get(), source.get(), &workspace_bytes, &executor) != 0) {
    return ACL_ERROR_INVALID_PARAM;
  }
  return copy.launch(nullptr, workspace_bytes, executor, call.stream) == 0 ? ACL_SUCCESS
                                                                           : ACL_ERROR_FAILURE;
}

}  // namespace host
