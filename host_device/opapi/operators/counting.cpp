// SPDX-License-Identifier: Apache-2.0
// Integers and numbers counted into bins, and integers as vectors with one element set.
#include <cmath>
#include <cstdio>

#include "aclnnop/aclnn_bincount.h"
#include "aclnnop/aclnn_histc.h"
#include "aclnnop/aclnn_one_hot.h"
#include "engine/copying.h"
#include "engine/places.h"

namespace {

using opapi::FirstPhase;
using opapi::Negative;
using opapi::Numbers;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

Verdict CheckVector(const FirstPhase& phase, size_t index) {
  if (phase.tensor(index).dim_count == 1) return {};
  return Refuse(op_plan::kParamInvalid, "%s has %u dimensions: want 1", phase.name(index),
                phase.tensor(index).dim_count);
}

std::vector<double> RealsOf(const HostTensorView& view) {
  std::vector<double> values(static_cast<size_t>(opapi::ShapeOf(view).size()));
  opapi::CopyElements(view, opapi::ContiguousView(values.data(), ACL_DOUBLE, opapi::ShapeOf(view)));
  return values;
}

}  // namespace

aclnnStatus aclnnBincountGetWorkspaceSize(const aclTensor* self, const aclTensor* weights,
                                          int64_t minlength, aclTensor* out,
                                          uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnBincount", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.OptionalInput("weights", weights));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kWhole));
    OP_PLAN_CHECK(CheckVector(phase, 0));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 2, Numbers::kReal));
    OP_PLAN_CHECK(CheckVector(phase, 2));
    if (phase.tensor(1).present) {
      OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kReal));
      OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
    }
    if (minlength < 0 || phase.tensor(2).dims[0] < minlength) {
      return Refuse(op_plan::kParamInvalid, "minlength is %lld: want 0 to %lld, the size of out",
                    static_cast<long long>(minlength),
                    static_cast<long long>(phase.tensor(2).dims[0]));
    }
    return phase.Bind([](const HostLaunch& launch, HostFailure* failure) -> aclError {
      const HostTensorView& out = launch.tensors[2];
      const std::vector<int64_t> values = opapi::IndexValues(launch.tensors[0]);
      const bool weighted = launch.tensors[1].present;
      const std::vector<double> weights =
          weighted ? RealsOf(launch.tensors[1]) : std::vector<double>();
      std::vector<double> sums(static_cast<size_t>(out.dims[0]), 0);
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] < 0 || values[i] >= out.dims[0]) {
          return opapi::IndexFails({"self", "out"}, values[i], static_cast<int64_t>(i), out.dims[0],
                                   "dimension 0", Negative::kRefused, failure);
        }
        sums[static_cast<size_t>(values[i])] += weighted ? weights[i] : 1;
      }
      opapi::CopyElements(opapi::ContiguousView(sums.data(), ACL_DOUBLE, opapi::ShapeOf(out)), out);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnBincount)

aclnnStatus aclnnHistcGetWorkspaceSize(const aclTensor* self, int64_t bins, const aclScalar* min,
                                       const aclScalar* max, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnHistc", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 1, Numbers::kReal));
    HostScalarView low;
    HostScalarView high;
    OP_PLAN_CHECK(opapi::ReadScalar("min", min, &low));
    OP_PLAN_CHECK(opapi::ReadScalar("max", max, &high));
    Shape wanted;
    wanted.dim_count = 1;
    wanted.dims[0] = bins;
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, wanted));
    if (bins < 1 || !std::isfinite(low.real) || !std::isfinite(high.real) || low.real > high.real) {
      return Refuse(op_plan::kParamInvalid,
                    "bins is %lld, min %g, max %g: want 1 or more, and finite numbers in order",
                    static_cast<long long>(bins), low.real, high.real);
    }
    return phase.Bind(
        [bins, low, high](const HostLaunch& launch, HostFailure* failure) -> aclError {
          const std::vector<double> values = RealsOf(launch.tensors[0]);
          double from = low.real;
          double to = high.real;
          if (from == to && !values.empty()) {
            // Equal ends stand for those of the elements.
            from = to = values[0];
            for (const double value : values) {
              from = std::fmin(from, value);
              to = std::fmax(to, value);
            }
            if (!std::isfinite(from) || !std::isfinite(to)) {
              std::snprintf(failure->text, sizeof(failure->text),
                            "self has elements from %g to %g: want finite ones, or min and max",
                            from, to);
              return ACL_ERROR_RT_PARAM_INVALID;
            }
          }
          if (from == to) {
            from -= 1;
            to += 1;
          }
          std::vector<int64_t> counts(static_cast<size_t>(bins), 0);
          for (const double value : values) {
            if (!(value >= from && value <= to)) continue;
            const auto bin =
                static_cast<int64_t>((value - from) / (to - from) * static_cast<double>(bins));
            ++counts[static_cast<size_t>(bin < bins ? bin : bins - 1)];
          }
          const HostTensorView& out = launch.tensors[1];
          opapi::CopyElements(opapi::ContiguousView(counts.data(), ACL_INT64, opapi::ShapeOf(out)),
                              out);
          return ACL_SUCCESS;
        });
  });
}
ACLNN_SECOND_PHASE(aclnnHistc)

aclnnStatus aclnnOneHotGetWorkspaceSize(const aclTensor* self, int numClasses,
                                        const aclTensor* onValue, const aclTensor* offValue,
                                        int64_t axis, aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  FirstPhase first("aclnnOneHot", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("onValue", onValue));
    OP_PLAN_CHECK(phase.Input("offValue", offValue));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kWhole));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 3));
    Shape wanted = opapi::ShapeOf(phase.tensor(0));
    if (wanted.dim_count == HostTensorView::kMaxDims) {
      return Refuse(op_plan::kParamInvalid, "self has %u dimensions: want at most %u",
                    wanted.dim_count, HostTensorView::kMaxDims - 1);
    }
    uint32_t at = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("axis", axis, wanted.dim_count + 1, &at));
    for (uint32_t d = wanted.dim_count++; d > at; --d) wanted.dims[d] = wanted.dims[d - 1];
    wanted.dims[at] = numClasses;
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, wanted));
    for (const size_t value : {1, 2}) {
      OP_PLAN_CHECK(opapi::CheckSameDType(phase, 3, value));
      if (opapi::ShapeOf(phase.tensor(value)).size() == 1) continue;
      return Refuse(op_plan::kParamInvalid, "%s has shape %s: want one element", phase.name(value),
                    opapi::ShapeText(opapi::ShapeOf(phase.tensor(value))).c_str());
    }
    return phase.Bind([at](const HostLaunch& launch, HostFailure* failure) -> aclError {
      const HostTensorView& self = launch.tensors[0];
      const HostTensorView& out = launch.tensors[3];
      HostTensorView on = launch.tensors[1];
      HostTensorView off = launch.tensors[2];
      on.dim_count = off.dim_count = 0;
      const std::vector<int64_t> values = opapi::IndexValues(self);
      const int64_t classes = out.dims[at];
      // Places in out, seen as a flat tensor, whose dimension `at` has `inner` elements behind it.
      int64_t inner = 1;
      for (uint32_t d = at + 1; d < out.dim_count; ++d) inner *= out.dims[d];
      std::vector<int64_t> numbers(values.size());
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] < 0 || values[i] >= classes) {
          return opapi::IndexFails({"self", "out"}, values[i], static_cast<int64_t>(i), classes,
                                   "the new dimension", Negative::kRefused, failure);
        }
        const auto number = static_cast<int64_t>(i);
        numbers[i] = (number / inner * classes + values[i]) * inner + number % inner;
      }
      opapi::CopyElements(off, out);
      if (!numbers.empty()) {
        opapi::CopyToPlaces(on, opapi::FlatPlaces(numbers, out), out);
      }
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnOneHot)
