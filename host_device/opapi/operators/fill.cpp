// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "aclnnop/aclnn_fill_scalar.h"
#include "aclnnop/aclnn_fill_tensor.h"
#include "aclnnop/aclnn_ones.h"
#include "aclnnop/aclnn_zero.h"
#include "engine/copying.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Refuse;
using opapi::Row;
using opapi::Verdict;

constexpr int64_t kMaxElementBytes = 16;  // complex128

// Every element of the only tensor becomes `element`.
struct FillKernel {
  uint8_t element[kMaxElementBytes];

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    const HostTensorView* const views[] = {&launch.tensors[0]};
    const int64_t bytes = opapi::ElementBytes(launch.tensors[0]);
    opapi::ForEachRow(opapi::ShapeOf(launch.tensors[0]), views, [&](const Row& row) {
      switch (bytes) {
        case 1:
          return FillRow<1>(row);
        case 2:
          return FillRow<2>(row);
        case 4:
          return FillRow<4>(row);
        case 8:
          return FillRow<8>(row);
        default:
          return FillRow<kMaxElementBytes>(row);
      }
    });
    return ACL_SUCCESS;
  }

  template <int64_t kBytes>
  void FillRow(const Row& row) const {
    uint8_t* const to = row.data[0];
    if (row.strides[0] == kBytes) {
      for (int64_t i = 0; i < row.count; ++i) std::memcpy(to + i * kBytes, element, kBytes);
      return;
    }
    for (int64_t i = 0; i < row.count; ++i) std::memcpy(to + i * row.strides[0], element, kBytes);
  }
};

Verdict BindFill(FirstPhase& phase, const HostScalarView& value) {
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
  FillKernel kernel{};
  const aclDataType dtype = phase.tensor(0).dtype;
  if (opapi::IsFloating(dtype) || (dtype == ACL_BOOL && opapi::IsFloating(value.dtype))) {
    opapi::Store(&value.real, 1, dtype, 0, kernel.element);
  } else {
    opapi::Store(&value.integer, 1, dtype, 0, kernel.element);
  }
  return phase.Bind(kernel);
}

}  // namespace

// Zero bytes are zero in every dtype, whatever it is.
aclnnStatus aclnnInplaceZeroGetWorkspaceSize(aclTensor* selfRef, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceZero", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    const int64_t bytes = opapi::ElementBytes(phase.tensor(0));
    if (bytes == 0 || (bytes & (bytes - 1)) != 0 || bytes > kMaxElementBytes) {
      OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    }
    return phase.Bind(FillKernel{});
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceZero)

aclnnStatus aclnnInplaceOneGetWorkspaceSize(const aclTensor* selfRef, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceOne", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    return BindFill(phase, {ACL_INT64, 1.0, 1, true});
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceOne)

aclnnStatus aclnnInplaceFillScalarGetWorkspaceSize(aclTensor* selfRef, const aclScalar* value,
                                                   uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceFillScalar", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    HostScalarView scalar;
    OP_PLAN_CHECK(opapi::ReadScalar("value", value, &scalar));
    return BindFill(phase, scalar);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceFillScalar)

aclnnStatus aclnnInplaceFillTensorGetWorkspaceSize(aclTensor* selfRef, const aclTensor* value,
                                                   uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceFillTensor", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("value", value));
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    const opapi::Shape shape = opapi::ShapeOf(phase.tensor(0));
    if (shape.size() != 1) {
      return Refuse(op_plan::kParamInvalid, "value has shape %s: want one element",
                    opapi::ShapeText(shape).c_str());
    }
    return opapi::BindCopy(phase);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceFillTensor)
