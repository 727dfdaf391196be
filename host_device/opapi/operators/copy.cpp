// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "aclnnop/aclnn_cast.h"
#include "aclnnop/aclnn_copy.h"
#include "engine/copy_elements.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Refuse;
using opapi::Row;
using opapi::Verdict;

void CopyBytes(const Row& row, int64_t bytes) {
  const uint8_t* from = row.data[0];
  uint8_t* to = row.data[1];
  if (row.strides[0] == bytes && row.strides[1] == bytes) {
    std::memmove(to, from, static_cast<size_t>(row.count * bytes));
    return;
  }
  for (int64_t i = 0; i < row.count; ++i) {
    std::memcpy(to + i * row.strides[1], from + i * row.strides[0], static_cast<size_t>(bytes));
  }
}

template <typename T>
void Convert(const Row& row, aclDataType from, aclDataType to) {
  T values[opapi::kRowElements];
  opapi::Load(row.data[0], from, row.strides[0], row.count, values);
  opapi::Store(values, row.count, to, row.strides[1], row.data[1]);
}

aclError CopyElements(const HostLaunch& launch, HostFailure*) {
  const HostTensorView& from = launch.tensors[0];
  const HostTensorView& to = launch.tensors[1];
  const HostTensorView* const views[] = {&from, &to};
  // A cast to bool asks whether the number, not what it truncates to, is 0.
  const aclDataType dtypes[] = {from.dtype, to.dtype};
  const opapi::Compute compute = opapi::ComputeOf(dtypes, 2, Numbers::kReal);
  opapi::ForEachRow(opapi::ShapeOf(to), views, [&](const Row& row) {
    if (from.dtype == to.dtype) return CopyBytes(row, opapi::ElementBytes(to));
    switch (compute) {
      case opapi::Compute::kInt64:
        return Convert<int64_t>(row, from.dtype, to.dtype);
      case opapi::Compute::kFloat:
        return Convert<float>(row, from.dtype, to.dtype);
      case opapi::Compute::kDouble:
        return Convert<double>(row, from.dtype, to.dtype);
    }
  });
  return ACL_SUCCESS;
}

}  // namespace

Verdict opapi::BindCopy(FirstPhase& phase) {
  const HostTensorView& from = phase.tensor(0);
  const HostTensorView& to = phase.tensor(1);
  if (from.dtype != to.dtype || opapi::ElementBytes(from) == 0) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kReal));
  }
  opapi::Shape shape = opapi::ShapeOf(from);
  if (!opapi::Broadcast(opapi::ShapeOf(to), &shape) || !(shape == opapi::ShapeOf(to))) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s of %s",
                  phase.name(0), opapi::ShapeText(opapi::ShapeOf(from)).c_str(),
                  opapi::ShapeText(opapi::ShapeOf(to)).c_str(), phase.name(1));
  }
  return phase.Bind(
      [](const HostLaunch& launch, HostFailure* failure) { return CopyElements(launch, failure); });
}

aclnnStatus aclnnInplaceCopyGetWorkspaceSize(aclTensor* selfRef, const aclTensor* src,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceCopy", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("src", src));
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    return opapi::BindCopy(phase);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceCopy)

aclnnStatus aclnnCastGetWorkspaceSize(const aclTensor* self, const aclDataType dtype,
                                      aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  FirstPhase first("aclnnCast", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    if (phase.tensor(1).dtype != dtype) {
      return Refuse(op_plan::kParamInvalid, "out is %s, but dtype is %s",
                    opapi::DTypeName(phase.tensor(1).dtype), opapi::DTypeName(dtype));
    }
    return opapi::BindCopy(phase);
  });
}
ACLNN_SECOND_PHASE(aclnnCast)
