// SPDX-License-Identifier: Apache-2.0
// Running sums, products and extremes along a dimension.
#include <algorithm>
#include <numeric>

#include "aclnnop/aclnn_cummax.h"
#include "aclnnop/aclnn_cummin.h"
#include "aclnnop/aclnn_cumprod.h"
#include "aclnnop/aclnn_cumsum.h"
#include "engine/elementwise.h"
#include "engine/lines.h"

namespace {

using opapi::FirstPhase;
using opapi::Line;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Verdict;

enum class Scan { kSum, kProduct };

// Elements as out's dtype; real numbers run in float64.
template <typename T>
void ScanLine(Scan scan, bool exclusive, std::vector<T>* values) {
  if (scan == Scan::kProduct) {
    T running = 1;
    for (T& value : *values) value = running = opapi::Times(running, value);
    return;
  }
  T running = 0;
  for (T& value : *values) {
    const T before = running;
    running = opapi::Plus(running, value);
    value = exclusive ? before : running;
  }
}

template <typename T>
void ScanLines(const HostLaunch& launch, uint32_t axis, Scan scan, bool exclusive, bool reverse) {
  const HostTensorView& self = launch.tensors[0];
  const HostTensorView& out = launch.tensors[1];
  const int64_t length = opapi::LengthOf(self, axis);
  opapi::ForEachLine(opapi::Lines({&self, &out}, axis), length, [&] {
    return [&, values = std::vector<T>(static_cast<size_t>(length))](const Line& line) mutable {
      opapi::Load(line.data[0], self.dtype, line.strides[0], length, values.data());
      if (reverse) std::reverse(values.begin(), values.end());
      ScanLine(scan, exclusive, &values);
      if (reverse) std::reverse(values.begin(), values.end());
      opapi::Store(values.data(), length, out.dtype, line.strides[1], line.data[1]);
    };
  });
}

Verdict BindScan(FirstPhase& phase, int64_t dim, Scan scan, bool exclusive, bool reverse) {
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kReal));
  OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
  uint32_t axis = 0;
  OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, &axis));
  return phase.Bind([=](const HostLaunch& launch, HostFailure*) {
    if (opapi::IsFloating(launch.tensors[1].dtype)) {
      ScanLines<double>(launch, axis, scan, exclusive, reverse);
    } else {
      ScanLines<int64_t>(launch, axis, scan, exclusive, reverse);
    }
    return ACL_SUCCESS;
  });
}

// The last of equal elements counts, and NaN stays.
template <typename T, bool kMax>
void ScanExtremes(const HostLaunch& launch, uint32_t axis) {
  const HostTensorView& self = launch.tensors[0];
  const HostTensorView& out = launch.tensors[1];
  const HostTensorView& indices = launch.tensors[2];
  const int64_t length = opapi::LengthOf(self, axis);
  const auto size = static_cast<size_t>(length);
  opapi::ForEachLine(opapi::Lines({&self, &out, &indices}, axis), length, [&] {
    return [&, values = std::vector<T>(size),
            places = std::vector<int64_t>(size)](const Line& line) mutable {
      opapi::Load(line.data[0], self.dtype, line.strides[0], length, values.data());
      for (size_t i = 1; i < size; ++i) {
        const T best = values[i - 1];
        const T value = values[i];
        const bool better =
            value != value || (best == best && (kMax ? value >= best : value <= best));
        places[i] = better ? static_cast<int64_t>(i) : places[i - 1];
        if (!better) values[i] = best;
      }
      opapi::Store(values.data(), length, out.dtype, line.strides[1], line.data[1]);
      opapi::Store(places.data(), length, indices.dtype, line.strides[2], line.data[2]);
    };
  });
}

template <bool kMax>
aclnnStatus Extremes(const Phase& call, const aclTensor* self, int64_t dim, aclTensor* values,
                     aclTensor* indices) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("valuesOut", values));
    OP_PLAN_CHECK(phase.Output("indicesOut", indices));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 2));
    for (size_t i = 1; i <= 2; ++i) {
      OP_PLAN_CHECK(opapi::CheckShape(phase, i, opapi::ShapeOf(phase.tensor(0))));
    }
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, &axis));
    return phase.Bind([axis](const HostLaunch& launch, HostFailure*) {
      opapi::WithType(opapi::ComputeOf(&launch.tensors[0].dtype, 1, Numbers::kReal),
                      [&](auto zero) { ScanExtremes<decltype(zero), kMax>(launch, axis); });
      return ACL_SUCCESS;
    });
  });
}

}  // namespace

aclnnStatus aclnnCumsumGetWorkspaceSize(const aclTensor* self, int64_t dim, aclDataType dtype,
                                        aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  FirstPhase first("aclnnCumsum", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 1, dtype));
    return BindScan(phase, dim, Scan::kSum, false, false);
  });
}
ACLNN_SECOND_PHASE(aclnnCumsum)

aclnnStatus aclnnCumsumV2GetWorkspaceSize(const aclTensor* self, int64_t dim, bool exclusive,
                                          bool reverse, aclTensor* out, uint64_t* workspaceSize,
                                          aclOpExecutor** executor) {
  FirstPhase first("aclnnCumsumV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    return BindScan(phase, dim, Scan::kSum, exclusive, reverse);
  });
}
ACLNN_SECOND_PHASE(aclnnCumsumV2)

aclnnStatus aclnnCumprodGetWorkspaceSize(const aclTensor* input, const aclScalar* dim,
                                         const aclDataType dtype, aclTensor* out,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnCumprod", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("input", input));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 1, dtype));
    HostScalarView axis;
    OP_PLAN_CHECK(opapi::ReadScalar("dim", dim, &axis));
    return BindScan(phase, axis.integer, Scan::kProduct, false, false);
  });
}
ACLNN_SECOND_PHASE(aclnnCumprod)

aclnnStatus aclnnInplaceCumprodGetWorkspaceSize(aclTensor* input, const aclScalar* dim,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnInplaceCumprod", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("input", input));
    OP_PLAN_CHECK(phase.Output("input", input));
    HostScalarView axis;
    OP_PLAN_CHECK(opapi::ReadScalar("dim", dim, &axis));
    return BindScan(phase, axis.integer, Scan::kProduct, false, false);
  });
}
ACLNN_SECOND_PHASE(aclnnInplaceCumprod)

aclnnStatus aclnnCummaxGetWorkspaceSize(const aclTensor* self, int64_t dim, aclTensor* valuesOut,
                                        aclTensor* indicesOut, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return Extremes<true>({"aclnnCummax", workspaceSize, executor}, self, dim, valuesOut, indicesOut);
}
ACLNN_SECOND_PHASE(aclnnCummax)

aclnnStatus aclnnCumminGetWorkspaceSize(const aclTensor* self, int64_t dim, aclTensor* valuesOut,
                                        aclTensor* indicesOut, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return Extremes<false>({"aclnnCummin", workspaceSize, executor}, self, dim, valuesOut,
                         indicesOut);
}
ACLNN_SECOND_PHASE(aclnnCummin)
