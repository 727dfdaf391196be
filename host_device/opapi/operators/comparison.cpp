// SPDX-License-Identifier: Apache-2.0
// Questions about numbers: bool, or 0 and 1 in the dtype of the Inplace form's tensor.
#include <atomic>
#include <cmath>

#include "aclnnop/aclnn_eq_scalar.h"
#include "aclnnop/aclnn_eq_tensor.h"
#include "aclnnop/aclnn_equal.h"
#include "aclnnop/aclnn_ge_scalar.h"
#include "aclnnop/aclnn_ge_tensor.h"
#include "aclnnop/aclnn_gt_scalar.h"
#include "aclnnop/aclnn_gt_tensor.h"
#include "aclnnop/aclnn_is_inf.h"
#include "aclnnop/aclnn_isclose.h"
#include "aclnnop/aclnn_isfinite.h"
#include "aclnnop/aclnn_isneginf.h"
#include "aclnnop/aclnn_isposinf.h"
#include "aclnnop/aclnn_le_scalar.h"
#include "aclnnop/aclnn_le_tensor.h"
#include "aclnnop/aclnn_lt_scalar.h"
#include "aclnnop/aclnn_lt_tensor.h"
#include "aclnnop/aclnn_ne_scalar.h"
#include "aclnnop/aclnn_ne_tensor.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Compute;
using opapi::FirstPhase;
using opapi::Inputs;
using opapi::Map;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Row;
using opapi::Verdict;

constexpr auto kEq = [](auto a, auto b) { return a == b; };
constexpr auto kNe = [](auto a, auto b) { return a != b; };
constexpr auto kLt = [](auto a, auto b) { return a < b; };
constexpr auto kLe = [](auto a, auto b) { return a <= b; };
constexpr auto kGt = [](auto a, auto b) { return a > b; };
constexpr auto kGe = [](auto a, auto b) { return a >= b; };

constexpr auto kIsInf = [](auto x) {
  if constexpr (opapi::kIsInteger<decltype(x)>)
    return false;
  else
    return std::isinf(x);
};
constexpr auto kIsFinite = [](auto x) {
  if constexpr (opapi::kIsInteger<decltype(x)>)
    return true;
  else
    return std::isfinite(x);
};
constexpr auto kIsPosInf = [](auto x) { return kIsInf(x) && x > 0; };
constexpr auto kIsNegInf = [](auto x) { return kIsInf(x) && x < 0; };

struct IsClose {
  double rtol;
  double atol;
  bool equal_nan;

  template <typename T>
  bool operator()(T self, T other) const {
    if constexpr (opapi::kIsInteger<T>) {
      return self == other || std::fabs(static_cast<double>(self) - static_cast<double>(other)) <=
                                  atol + rtol * std::fabs(static_cast<double>(other));
    } else {
      if (self == other || (equal_nan && std::isnan(self) && std::isnan(other))) return true;
      const T distance = std::fabs(self - other);
      return std::isfinite(distance) &&
             distance <= static_cast<T>(atol) + std::fabs(static_cast<T>(rtol) * other);
    }
  }
};

template <typename T>
bool RowsEqual(const Row& row, aclDataType self, aclDataType other) {
  T a[opapi::kRowElements];
  T b[opapi::kRowElements];
  opapi::Load(row.data[0], self, row.strides[0], row.count, a);
  opapi::Load(row.data[1], other, row.strides[1], row.count, b);
  int64_t different = 0;
  for (int64_t i = 0; i < row.count; ++i) different += a[i] != b[i];
  return different == 0;
}

bool TensorsEqual(const HostTensorView& self, const HostTensorView& other) {
  const opapi::Shape shape = opapi::ShapeOf(self);
  if (!(shape == opapi::ShapeOf(other))) return false;
  const aclDataType dtypes[] = {self.dtype, other.dtype};
  const Compute compute = opapi::ComputeOf(dtypes, 2, Numbers::kReal);
  const HostTensorView* const views[] = {&self, &other};
  std::atomic<bool> equal{true};
  opapi::ForEachRow(shape, views, [&](const Row& row) {
    if (!equal.load(std::memory_order_relaxed)) return;
    const bool same = compute == Compute::kInt64 ? RowsEqual<int64_t>(row, self.dtype, other.dtype)
                      : compute == Compute::kFloat
                          ? RowsEqual<float>(row, self.dtype, other.dtype)
                          : RowsEqual<double>(row, self.dtype, other.dtype);
    if (!same) equal.store(false, std::memory_order_relaxed);
  });
  return equal;
}

}  // namespace

// Tensor and scalar forms of one comparison, each with its form in place.
#define ACLNN_COMPARISON(Name, TensorRef, ScalarRef, f)                  \
  ACLNN_BINARY(aclnn##Name##Tensor, kReal, f)                            \
  ACLNN_BINARY_IN_PLACE(aclnnInplace##Name##Tensor, TensorRef, kReal, f) \
  ACLNN_SCALAR(aclnn##Name##Scalar, kReal, kPromoted, f)                 \
  ACLNN_SCALAR_IN_PLACE(aclnnInplace##Name##Scalar, ScalarRef, kReal, kPromoted, f)

ACLNN_COMPARISON(Eq, const aclTensor, const aclTensor, kEq)
ACLNN_COMPARISON(Ne, aclTensor, aclTensor, kNe)
ACLNN_COMPARISON(Lt, const aclTensor, const aclTensor, kLt)
ACLNN_COMPARISON(Le, aclTensor, aclTensor, kLe)
ACLNN_COMPARISON(Gt, const aclTensor, aclTensor, kGt)
ACLNN_COMPARISON(Ge, aclTensor, aclTensor, kGe)
ACLNN_UNARY(aclnnIsInf, const aclTensor, kReal, kIsInf)
ACLNN_UNARY(aclnnIsFinite, aclTensor, kReal, kIsFinite)
ACLNN_UNARY(aclnnIsPosInf, aclTensor, kReal, kIsPosInf)
ACLNN_UNARY(aclnnIsNegInf, aclTensor, kReal, kIsNegInf)

aclnnStatus aclnnIsCloseGetWorkspaceSize(const aclTensor* self, const aclTensor* other, double rtol,
                                         double atol, bool equal_nan, aclTensor* out,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnIsClose", workspaceSize, executor},
                             Inputs({"self", self}, {"other", other}), NoScalars(), {"out", out},
                             IsClose{rtol, atol, equal_nan});
}
ACLNN_SECOND_PHASE(aclnnIsClose)

aclnnStatus aclnnEqualGetWorkspaceSize(const aclTensor* self, const aclTensor* other,
                                       aclTensor* out, uint64_t* workspaceSize,
                                       aclOpExecutor** executor) {
  FirstPhase first("aclnnEqual", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("other", other));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kReal));
    const HostTensorView& answer = phase.tensor(2);
    if (answer.dtype != ACL_BOOL || opapi::ShapeOf(answer).size() != 1) {
      return opapi::Refuse(op_plan::kParamInvalid, "out is %s of shape %s: want one bool",
                           opapi::DTypeName(answer.dtype),
                           opapi::ShapeText(opapi::ShapeOf(answer)).c_str());
    }
    return phase.Bind([](const HostLaunch& launch, HostFailure*) -> aclError {
      *opapi::FirstElement(launch.tensors[2]) = TensorsEqual(launch.tensors[0], launch.tensors[1]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnEqual)
