// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "aclnnop/aclnn_fill_diagonal.h"
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

// The element that `value` is in `dtype`.
void StoreElement(const HostScalarView& value, aclDataType dtype, uint8_t* element) {
  if (opapi::IsFloating(dtype) || (dtype == ACL_BOOL && opapi::IsFloating(value.dtype))) {
    opapi::Store(&value.real, 1, dtype, 0, element);
  } else {
    opapi::Store(&value.integer, 1, dtype, 0, element);
  }
}

Verdict BindFill(FirstPhase& phase, const HostScalarView& value) {
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
  FillKernel kernel{};
  StoreElement(value, phase.tensor(0).dtype, kernel.element);
  return phase.Bind(kernel);
}

// A matrix of any sizes, or more dimensions of one size: the diagonal is a line of elements that
// lie evenly apart, again and again after a row that is left out when it wraps.
struct FillDiagonalKernel {
  bool wrap;
  uint8_t element[kMaxElementBytes];

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    const HostTensorView& self = launch.tensors[0];
    const auto bytes = static_cast<size_t>(opapi::ElementBytes(self));
    const int64_t columns = self.dims[self.dim_count - 1];
    int64_t stride = 0;
    for (uint32_t d = 0; d < self.dim_count; ++d) stride += self.strides[d];
    const int64_t rows = wrap ? self.dims[0] : std::min(self.dims[0], columns);
    uint8_t* const data = opapi::FirstElement(self);
    for (int64_t row = 0, column = 0; row < rows && columns > 0; ++row) {
      if (column == columns) {
        column = 0;
        continue;
      }
      const int64_t at =
          self.dim_count == 2 ? row * self.strides[0] + column * self.strides[1] : row * stride;
      std::memcpy(data + at * static_cast<int64_t>(bytes), element, bytes);
      ++column;
    }
    return ACL_SUCCESS;
  }
};

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

aclnnStatus aclnnInplaceFillDiagonalGetWorkspaceSize(aclTensor* selfRef, const aclScalar* fillValue,
                                                     bool wrap, uint64_t* workspaceSize,
                                                     aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceFillDiagonal", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("selfRef", selfRef));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    HostScalarView value;
    OP_PLAN_CHECK(opapi::ReadScalar("fillValue", fillValue, &value));
    const HostTensorView& self = phase.tensor(0);
    if (self.dim_count < 2) {
      return Refuse(op_plan::kParamInvalid, "selfRef has %u dimensions: want 2 or more",
                    self.dim_count);
    }
    for (uint32_t d = 1; self.dim_count > 2 && d < self.dim_count; ++d) {
      if (self.dims[d] == self.dims[0]) continue;
      return Refuse(op_plan::kParamInvalid,
                    "selfRef is %s: more than 2 dimensions must have one size",
                    opapi::ShapeText(opapi::ShapeOf(self)).c_str());
    }
    FillDiagonalKernel kernel{wrap, {}};
    StoreElement(value, self.dtype, kernel.element);
    return phase.Bind(kernel);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceFillDiagonal)
