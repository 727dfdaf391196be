// SPDX-License-Identifier: Apache-2.0
// Tensors made of numbers alone: ranges and the identity.
#include <cmath>

#include "aclnnop/aclnn_arange.h"
#include "aclnnop/aclnn_eye.h"
#include "aclnnop/aclnn_linspace.h"
#include "aclnnop/aclnn_range.h"
#include "engine/copying.h"
#include "engine/elementwise.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Row;
using opapi::Verdict;

template <typename T, typename Make>
void FillByIndex(const HostTensorView& out, const Make& make) {
  const HostTensorView* const views[] = {&out};
  opapi::ForEachRow(opapi::ShapeOf(out), views, [&](const Row& row) {
    T values[opapi::kRowElements];
    for (int64_t i = 0; i < row.count; ++i) values[i] = make(row.first + i);
    opapi::Store(values, row.count, out.dtype, row.strides[0], row.data[0]);
  });
}

double RealOf(const HostScalarView& scalar) {
  return opapi::IsFloating(scalar.dtype) ? scalar.real : static_cast<double>(scalar.integer);
}

Verdict ReadFinite(const char* name, const aclScalar* scalar, HostScalarView* view) {
  OP_PLAN_CHECK(opapi::ReadScalar(name, scalar, view));
  if (std::isfinite(RealOf(*view))) return {};
  return Refuse(op_plan::kParamInvalid, "%s is not finite", name);
}

// How many numbers of the range out has room for is what the caller worked out in out's dtype,
// where rounding may give one more or less than here: only a size that cannot be is refused.
Verdict CheckRangeSize(const FirstPhase& phase, const HostScalarView& start,
                       const HostScalarView& end, double step, bool with_end) {
  const double span = opapi::IsFloating(start.dtype) || opapi::IsFloating(end.dtype)
                          ? RealOf(end) - RealOf(start)
                          : static_cast<double>(opapi::Minus(end.integer, start.integer));
  const double steps = span / step;
  if (step == 0 || steps < 0) {
    return Refuse(op_plan::kParamInvalid, "step is %g: does not lead from start %g to end %g", step,
                  RealOf(start), RealOf(end));
  }
  const double wanted = with_end ? std::floor(steps) + 1 : std::ceil(steps);
  const auto size = static_cast<double>(phase.tensor(0).dims[0]);
  if (std::fabs(size - wanted) <= 1 + wanted * 1e-6) return {};
  return Refuse(op_plan::kParamInvalid, "out has %.0f elements: want %.0f", size, wanted);
}

aclnnStatus Range(const Phase& call, const aclScalar* start, const aclScalar* end,
                  const aclScalar* step, aclTensor* out, bool with_end) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("out", out));
    HostScalarView from;
    HostScalarView to;
    HostScalarView by;
    OP_PLAN_CHECK(ReadFinite("start", start, &from));
    OP_PLAN_CHECK(ReadFinite("end", end, &to));
    OP_PLAN_CHECK(ReadFinite("step", step, &by));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    if (phase.tensor(0).dim_count != 1) {
      return Refuse(op_plan::kParamInvalid, "out has %u dimensions: want 1",
                    phase.tensor(0).dim_count);
    }
    const bool whole = !opapi::IsFloating(phase.tensor(0).dtype);
    if (whole) {
      // Integers count in integers, whatever kind of scalar they came as.
      for (HostScalarView* scalar : {&from, &to, &by}) {
        scalar->real = static_cast<double>(scalar->integer);
        scalar->dtype = ACL_INT64;
      }
    }
    OP_PLAN_CHECK(CheckRangeSize(phase, from, to, RealOf(by), with_end));
    return phase.Bind([from, by, whole](const HostLaunch& launch, HostFailure*) {
      if (whole) {
        FillByIndex<int64_t>(launch.tensors[0], [&](int64_t i) {
          return opapi::Plus(from.integer, opapi::Times(i, by.integer));
        });
      } else {
        const double first = RealOf(from);
        const double each = RealOf(by);
        FillByIndex<double>(launch.tensors[0],
                            [&](int64_t i) { return first + each * static_cast<double>(i); });
      }
      return ACL_SUCCESS;
    });
  });
}

}  // namespace

aclnnStatus aclnnArangeGetWorkspaceSize(const aclScalar* start, const aclScalar* end,
                                        const aclScalar* step, aclTensor* out,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Range({"aclnnArange", workspaceSize, executor}, start, end, step, out, false);
}
ACLNN_SECOND_PHASE(aclnnArange)

aclnnStatus aclnnRangeGetWorkspaceSize(const aclScalar* start, const aclScalar* end,
                                       const aclScalar* step, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Range({"aclnnRange", workspaceSize, executor}, start, end, step, out, true);
}
ACLNN_SECOND_PHASE(aclnnRange)

aclnnStatus aclnnLinspaceGetWorkspaceSize(const aclScalar* start, const aclScalar* end,
                                          int64_t steps, aclTensor* out, uint64_t* workspaceSize,
                                          aclOpExecutor** executor) {
  FirstPhase first("aclnnLinspace", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("out", out));
    HostScalarView from;
    HostScalarView to;
    OP_PLAN_CHECK(ReadFinite("start", start, &from));
    OP_PLAN_CHECK(ReadFinite("end", end, &to));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    if (opapi::ShapeOf(phase.tensor(0)).size() != steps) {
      return Refuse(op_plan::kParamInvalid, "out has shape %s: want %lld elements, as steps says",
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(0))).c_str(),
                    static_cast<long long>(steps));
    }
    const double low = RealOf(from);
    const double high = RealOf(to);
    return phase.Bind([low, high, steps](const HostLaunch& launch, HostFailure*) {
      const double each = steps > 1 ? (high - low) / static_cast<double>(steps - 1) : 0;
      // From both ends, so that both are exact.
      FillByIndex<double>(launch.tensors[0], [&](int64_t i) {
        return i < steps / 2 || steps == 1 ? low + each * static_cast<double>(i)
                                           : high - each * static_cast<double>(steps - 1 - i);
      });
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnLinspace)

aclnnStatus aclnnEyeGetWorkspaceSize(int64_t n, int64_t m, aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  FirstPhase first("aclnnEye", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    opapi::Shape wanted;
    wanted.dim_count = 2;
    wanted.dims[0] = n;
    wanted.dims[1] = m;
    OP_PLAN_CHECK(opapi::CheckShape(phase, 0, wanted));
    return phase.Bind([m](const HostLaunch& launch, HostFailure*) {
      FillByIndex<int64_t>(launch.tensors[0],
                           [&](int64_t i) { return static_cast<int64_t>(i / m == i % m); });
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnEye)
