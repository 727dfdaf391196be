// SPDX-License-Identifier: Apache-2.0
// Random choices: permutations, and indices drawn by weight.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>

#include "aclnnop/aclnn_multinomial.h"
#include "aclnnop/aclnn_randperm.h"
#include "engine/philox.h"
#include "engine/rows.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Philox;
using opapi::Refuse;
using opapi::Verdict;

Philox Sequence(int64_t seed, int64_t offset) {
  return {static_cast<uint64_t>(seed), static_cast<uint64_t>(offset)};
}

struct RandpermKernel {
  Philox philox;
  int64_t count;

  // Fisher and Yates' shuffle.
  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    auto* const order = static_cast<int64_t*>(launch.workspace);
    for (int64_t i = 0; i < count; ++i) order[i] = i;
    for (int64_t i = count - 1; i > 0; --i) {
      const uint64_t bits = opapi::Bits64(philox(static_cast<uint64_t>(i) / 2), i % 2);
      std::swap(order[i], order[bits % static_cast<uint64_t>(i + 1)]);
    }
    const HostTensorView& out = launch.tensors[0];
    opapi::Store(order, count, out.dtype, out.strides[0] * opapi::ElementBytes(out),
                 opapi::FirstElement(out));
    return ACL_SUCCESS;
  }
};

// A category and what it is chosen by.
struct Candidate {
  double key;
  int64_t category;
};

struct Row {
  const uint8_t* weights;
  int64_t weight_stride;
  aclDataType dtype;
  int64_t categories;
  uint8_t* out;
  int64_t out_stride;

  double Weight(int64_t category) const {
    double weight;
    opapi::Load(weights + category * weight_stride, dtype, 0, 1, &weight);
    return weight;
  }
  void Put(int64_t sample, int64_t category) const {
    opapi::Store(&category, 1, ACL_INT64, 0, out + sample * out_stride);
  }
};

enum Fault { kNone, kBadWeight, kZeroSum, kTooFew };

const char* FaultText(int fault) {
  switch (fault) {
    case kBadWeight:
      return "self holds a weight that is negative, infinite or NaN";
    case kZeroSum:
      return "self holds a row whose weights sum to 0";
    default:
      return "self holds a row with fewer weights above 0 than numsamples";
  }
}

struct MultinomialKernel {
  Philox philox;
  int64_t samples;
  bool replacement;

  aclError operator()(const HostLaunch& launch, HostFailure* failure) const {
    struct State {
      const MultinomialKernel* kernel;
      const HostLaunch* launch;
      std::atomic<int> fault{kNone};
    } state{this, &launch, {}};
    const HostTensorView& self = launch.tensors[0];
    const auto rows = static_cast<uint32_t>(self.dim_count == 2 ? self.dims[0] : 1);
    HostParallelFor(
        rows, HostCoreCount(),
        [](void* opaque, uint32_t row) {
          State& state = *static_cast<State*>(opaque);
          const Fault fault = state.kernel->RunRow(*state.launch, row);
          if (fault != kNone) state.fault = fault;
        },
        &state);
    if (state.fault == kNone) return ACL_SUCCESS;
    std::snprintf(failure->text, HostFailure::kTextBytes, "%s", FaultText(state.fault));
    return ACL_ERROR_RT_PARAM_INVALID;
  }

  Fault RunRow(const HostLaunch& launch, uint32_t index) const {
    const HostTensorView& self = launch.tensors[0];
    const HostTensorView& out = launch.tensors[1];
    const uint32_t last = self.dim_count - 1;
    const int64_t row = last == 0 ? 0 : index;
    const int64_t self_bytes = opapi::ElementBytes(self);
    const int64_t out_bytes = opapi::ElementBytes(out);
    const Row view{opapi::FirstElement(self) + row * (last == 0 ? 0 : self.strides[0]) * self_bytes,
                   self.strides[last] * self_bytes,
                   self.dtype,
                   self.dims[last],
                   opapi::FirstElement(out) + row * (last == 0 ? 0 : out.strides[0]) * out_bytes,
                   out.strides[last] * out_bytes};
    auto* const room = static_cast<Candidate*>(launch.workspace) + row * view.categories;
    return replacement ? DrawAgain(view, row, room) : DrawOnce(view, row, room);
  }

  // By the sums of the weights before each category.
  Fault DrawAgain(const Row& row, int64_t index, Candidate* sums) const {
    double sum = 0;
    int64_t last = 0;
    for (int64_t c = 0; c < row.categories; ++c) {
      const double weight = row.Weight(c);
      if (!(weight >= 0) || std::isinf(weight)) return kBadWeight;
      sum += weight;
      sums[c] = {sum, c};
      if (weight > 0) last = c;
    }
    if (!(sum > 0)) return kZeroSum;
    for (int64_t s = 0; s < samples; ++s) {
      const auto draw = static_cast<uint64_t>(index * samples + s);
      const double target =
          sum * opapi::Uniform53(opapi::Bits64(philox(draw / 2), static_cast<int>(draw % 2)));
      const Candidate* const chosen =
          std::upper_bound(sums, sums + row.categories, target,
                           [](double value, const Candidate& entry) { return value < entry.key; });
      row.Put(s, std::min<int64_t>(chosen - sums, last));
    }
    return kNone;
  }

  // By a race: each category arrives after an exponential time of rate weight, the first win.
  Fault DrawOnce(const Row& row, int64_t index, Candidate* runners) const {
    int64_t running = 0;
    for (int64_t c = 0; c < row.categories; ++c) {
      const double weight = row.Weight(c);
      if (!(weight >= 0) || std::isinf(weight)) return kBadWeight;
      if (weight == 0) continue;
      const auto draw = static_cast<uint64_t>(index * row.categories + c);
      const double uniform =
          1 - opapi::Uniform53(opapi::Bits64(philox(draw / 2), static_cast<int>(draw % 2)));
      runners[running++] = {-std::log(uniform) / weight, c};
    }
    if (running == 0) return kZeroSum;
    if (running < samples) return kTooFew;
    std::partial_sort(runners, runners + samples, runners + running,
                      [](const Candidate& a, const Candidate& b) {
                        return a.key < b.key || (a.key == b.key && a.category < b.category);
                      });
    for (int64_t s = 0; s < samples; ++s) row.Put(s, runners[s].category);
    return kNone;
  }
};

Verdict CheckMultinomial(const FirstPhase& phase, int64_t samples, bool replacement) {
  const HostTensorView& self = phase.tensor(0);
  const HostTensorView& out = phase.tensor(1);
  opapi::Shape shape = opapi::ShapeOf(self);
  if (!opapi::IsFloating(self.dtype)) {
    return Refuse(op_plan::kParamInvalid, "self is %s (%d): want float16, bf16, float32 or float64",
                  opapi::DTypeName(self.dtype), static_cast<int>(self.dtype));
  }
  if (self.dim_count < 1 || self.dim_count > 2) {
    return Refuse(op_plan::kParamInvalid, "self has shape %s: want 1 or 2 dimensions",
                  opapi::ShapeText(shape).c_str());
  }
  int64_t& last = shape.dims[self.dim_count - 1];
  if (samples < 1 || (!replacement && samples > last)) {
    return Refuse(op_plan::kParamInvalid,
                  "numsamples is %lld: want at least 1, and at most the %lld categories of self "
                  "without replacement",
                  static_cast<long long>(samples), static_cast<long long>(last));
  }
  if (last == 0) {
    return Refuse(op_plan::kParamInvalid, "self has shape %s: want at least one category",
                  opapi::ShapeText(shape).c_str());
  }
  last = samples;
  if (out.dtype != ACL_INT64 || !(opapi::ShapeOf(out) == shape)) {
    return Refuse(op_plan::kParamInvalid, "out is %s of shape %s: want int64 of %s",
                  opapi::DTypeName(out.dtype), opapi::ShapeText(opapi::ShapeOf(out)).c_str(),
                  opapi::ShapeText(shape).c_str());
  }
  return {};
}

}  // namespace

aclnnStatus aclnnRandpermGetWorkspaceSize(int64_t n, int64_t seed, int64_t offset, aclTensor* out,
                                          uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnRandperm", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    const HostTensorView& view = phase.tensor(0);
    if (n < 0 || view.dim_count != 1 || view.dims[0] != n) {
      return Refuse(op_plan::kParamInvalid,
                    "n is %lld and out has shape %s: want out of shape (n,)",
                    static_cast<long long>(n), opapi::ShapeText(opapi::ShapeOf(view)).c_str());
    }
    phase.SetWorkspace(static_cast<uint64_t>(n) * sizeof(int64_t));
    return phase.Bind(RandpermKernel{Sequence(seed, offset), n});
  });
}
ACLNN_SECOND_PHASE(aclnnRandperm)

aclnnStatus aclnnMultinomialGetWorkspaceSize(const aclTensor* self, int64_t numsamples,
                                             bool replacement, int64_t seed, int64_t offset,
                                             aclTensor* out, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  FirstPhase first("aclnnMultinomial", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(CheckMultinomial(phase, numsamples, replacement));
    const int64_t weights = opapi::ShapeOf(phase.tensor(0)).size();
    phase.SetWorkspace(static_cast<uint64_t>(weights) * sizeof(Candidate));
    return phase.Bind(MultinomialKernel{Sequence(seed, offset), numsamples, replacement});
  });
}
ACLNN_SECOND_PHASE(aclnnMultinomial)
