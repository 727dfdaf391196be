// SPDX-License-Identifier: Apache-2.0
// Variances, norms and logarithms of sums of exponentials.
#include <cmath>

#include "aclnnop/aclnn_linalg_vector_norm.h"
#include "aclnnop/aclnn_logsumexp.h"
#include "aclnnop/aclnn_norm.h"
#include "aclnnop/aclnn_std.h"
#include "aclnnop/aclnn_std_mean_correction.h"
#include "aclnnop/aclnn_var.h"
#include "aclnnop/aclnn_var_mean.h"
#include "engine/elementwise.h"
#include "engine/reduce.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::NamedTensor;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Verdict;

// Sums of what is left of the elements after the first one was taken off: it keeps the squares
// small where the mean is large.
template <typename T, size_t kOut, bool kRoot>
struct Spread {
  struct State {
    double count;
    double origin;
    double sum;
    double squares;
  };
  static constexpr size_t kOutputs = kOut;
  double correction;

  State Start() const { return {0, 0, 0, 0}; }
  void Take(State& state, T value, int64_t) const {
    const auto element = static_cast<double>(value);
    state.origin = state.count == 0 ? element : state.origin;
    const double rest = element - state.origin;
    state.count += 1;
    state.sum += rest;
    state.squares += rest * rest;
  }
  void Join(State& state, const State& other) const {
    if (other.count == 0) return;
    if (state.count == 0) {
      state = other;
      return;
    }
    const double moved = other.origin - state.origin;
    state.squares += other.squares + 2 * moved * other.sum + other.count * moved * moved;
    state.sum += other.sum + other.count * moved;
    state.count += other.count;
  }
  double First(const State& state, int64_t) const {
    const double deviations = state.squares - state.sum * state.sum / state.count;
    const double variance =
        (deviations < 0 ? 0 : deviations) / std::fmax(state.count - correction, 0);
    return kRoot ? std::sqrt(variance) : variance;
  }
  double Second(const State& state, int64_t) const {
    return state.origin + state.sum / state.count;
  }
};

enum class NormKind { kCount, kOne, kTwo, kLargest, kSmallest, kPower };

template <typename T, NormKind kKind>
struct Norm {
  using State = double;
  static constexpr size_t kOutputs = 1;
  double p;

  State Start() const { return kKind == NormKind::kSmallest ? HUGE_VAL : 0; }
  void Take(State& state, T value, int64_t) const {
    const double size = std::fabs(static_cast<double>(value));
    if constexpr (kKind == NormKind::kCount) state += size != 0;
    if constexpr (kKind == NormKind::kOne) state += size;
    if constexpr (kKind == NormKind::kTwo) state += size * size;
    if constexpr (kKind == NormKind::kPower) state += std::pow(size, p);
    if constexpr (kKind == NormKind::kLargest) state = size > state || size != size ? size : state;
    if constexpr (kKind == NormKind::kSmallest) {
      state = size < state || size != size ? size : state;
    }
  }
  void Join(State& state, State other) const {
    if constexpr (kKind == NormKind::kLargest || kKind == NormKind::kSmallest) {
      Norm<double, kKind>{p}.Take(state, other, 0);
    } else {
      state += other;
    }
  }
  double First(State state, int64_t) const {
    if constexpr (kKind == NormKind::kTwo) return std::sqrt(state);
    if constexpr (kKind == NormKind::kPower) return std::pow(state, 1 / p);
    return state;
  }
};

template <typename T>
struct LogSumExp {
  struct State {
    double largest;
    double sum;  // of exp(element - largest)
  };
  static constexpr size_t kOutputs = 1;
  State Start() const { return {-HUGE_VAL, 0}; }
  void Take(State& state, T value, int64_t) const { Join(state, {static_cast<double>(value), 1}); }
  void Join(State& state, const State& other) const {
    if (other.largest == state.largest) {
      state.sum += other.sum;
    } else if (other.largest < state.largest) {
      state.sum += other.sum * std::exp(other.largest - state.largest);
    } else {
      state = {other.largest, state.sum * std::exp(state.largest - other.largest) + other.sum};
    }
  }
  double First(const State& state, int64_t) const { return state.largest + std::log(state.sum); }
};

// Elements as float32 or float64, whichever self has.
template <typename Visit>
void WithReal(const HostLaunch& launch, const Visit& visit) {
  opapi::WithType(opapi::ComputeOf(&launch.tensors[0].dtype, 1, Numbers::kFloating),
                  [&](auto zero) {
                    using T = decltype(zero);
                    if constexpr (!std::is_same_v<T, int64_t>) visit(zero);
                  });
}

// The part of a first phase that all have in common: self, outputs, dimensions.
template <size_t kOutputs>
Verdict ReadReduction(FirstPhase& phase, const aclTensor* self,
                      const NamedTensor (&outputs)[kOutputs], const char* dim_name,
                      const aclIntArray* dim, bool keep, Axes* axes) {
  OP_PLAN_CHECK(phase.Input("self", self));
  for (const NamedTensor& output : outputs) {
    OP_PLAN_CHECK(phase.Output(output.name, output.tensor));
  }
  OP_PLAN_CHECK(opapi::ReadAxes(dim_name, dim, phase.tensor(0).dim_count, axes));
  OP_PLAN_CHECK(opapi::CheckReduction(phase, *axes, keep));
  for (size_t i = 1; i <= kOutputs; ++i) OP_PLAN_CHECK(opapi::CheckFloating(phase, i));
  return {};
}

template <bool kRoot, size_t kOutputs>
aclnnStatus ReduceSpread(const Phase& call, const aclTensor* self, const aclIntArray* dim,
                         int64_t correction, bool keep, const NamedTensor (&outputs)[kOutputs]) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Axes axes = 0;
    OP_PLAN_CHECK(ReadReduction(phase, self, outputs, "dim", dim, keep, &axes));
    return phase.Bind([axes, correction](const HostLaunch& launch, HostFailure*) {
      WithReal(launch, [&](auto zero) {
        using T = decltype(zero);
        opapi::Reduce<T>(launch, axes, Spread<T, kOutputs, kRoot>{static_cast<double>(correction)});
      });
      return ACL_SUCCESS;
    });
  });
}

template <NormKind kKind>
void ReduceNorm(const HostLaunch& launch, Axes axes, double p) {
  WithReal(launch, [&](auto zero) {
    using T = decltype(zero);
    opapi::Reduce<T>(launch, axes, Norm<T, kKind>{p});
  });
}

Verdict BindNorm(FirstPhase& phase, Axes axes, const char* name, const aclScalar* scalar) {
  HostScalarView order;
  OP_PLAN_CHECK(opapi::ReadScalar(name, scalar, &order));
  const double p = opapi::IsFloating(order.dtype) ? order.real : static_cast<double>(order.integer);
  if (p != p) return Refuse(op_plan::kParamInvalid, "%s is not a number", name);
  if (std::isinf(p)) OP_PLAN_CHECK(opapi::CheckNotEmpty(phase, axes));
  return phase.Bind([axes, p](const HostLaunch& launch, HostFailure*) {
    if (p == 0) {
      ReduceNorm<NormKind::kCount>(launch, axes, p);
    } else if (p == 1) {
      ReduceNorm<NormKind::kOne>(launch, axes, p);
    } else if (p == 2) {
      ReduceNorm<NormKind::kTwo>(launch, axes, p);
    } else if (std::isinf(p) && p > 0) {
      ReduceNorm<NormKind::kLargest>(launch, axes, p);
    } else if (std::isinf(p)) {
      ReduceNorm<NormKind::kSmallest>(launch, axes, p);
    } else {
      ReduceNorm<NormKind::kPower>(launch, axes, p);
    }
    return ACL_SUCCESS;
  });
}

}  // namespace

aclnnStatus aclnnVarGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim, bool unbiased,
                                     bool keepdim, aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  return ReduceSpread<false>({"aclnnVar", workspaceSize, executor}, self, dim, unbiased ? 1 : 0,
                             keepdim, {{"out", out}});
}
ACLNN_SECOND_PHASE(aclnnVar)

aclnnStatus aclnnVarCorrectionGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                               int64_t correction, bool keepdim, aclTensor* out,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  return ReduceSpread<false>({"aclnnVarCorrection", workspaceSize, executor}, self, dim, correction,
                             keepdim, {{"out", out}});
}
ACLNN_SECOND_PHASE(aclnnVarCorrection)

aclnnStatus aclnnVarMeanGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                         int64_t correction, bool keepdim, aclTensor* varOut,
                                         aclTensor* meanOut, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return ReduceSpread<false>({"aclnnVarMean", workspaceSize, executor}, self, dim, correction,
                             keepdim, {{"varOut", varOut}, {"meanOut", meanOut}});
}
ACLNN_SECOND_PHASE(aclnnVarMean)

aclnnStatus aclnnStdGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                     const int64_t correction, bool keepdim, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return ReduceSpread<true>({"aclnnStd", workspaceSize, executor}, self, dim, correction, keepdim,
                            {{"out", out}});
}
ACLNN_SECOND_PHASE(aclnnStd)

aclnnStatus aclnnStdMeanCorrectionGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                                   int64_t correction, bool keepdim,
                                                   aclTensor* stdOut, aclTensor* meanOut,
                                                   uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  return ReduceSpread<true>({"aclnnStdMeanCorrection", workspaceSize, executor}, self, dim,
                            correction, keepdim, {{"stdOut", stdOut}, {"meanOut", meanOut}});
}
ACLNN_SECOND_PHASE(aclnnStdMeanCorrection)

aclnnStatus aclnnNormGetWorkspaceSize(const aclTensor* self, const aclScalar* pScalar,
                                      const aclIntArray* dim, bool keepdim, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnNorm", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Axes axes = 0;
    OP_PLAN_CHECK(ReadReduction(phase, self, {{"out", out}}, "dim", dim, keepdim, &axes));
    return BindNorm(phase, axes, "pScalar", pScalar);
  });
}
ACLNN_SECOND_PHASE(aclnnNorm)

aclnnStatus aclnnLinalgVectorNormGetWorkspaceSize(const aclTensor* self, const aclScalar* ord,
                                                  const aclIntArray* dims, bool keepDims,
                                                  const aclDataType dtype, aclTensor* out,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  FirstPhase first("aclnnLinalgVectorNorm", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Axes axes = 0;
    OP_PLAN_CHECK(ReadReduction(phase, self, {{"out", out}}, "dims", dims, keepDims, &axes));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 1, dtype));
    return BindNorm(phase, axes, "ord", ord);
  });
}
ACLNN_SECOND_PHASE(aclnnLinalgVectorNorm)

aclnnStatus aclnnLogSumExpGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                           bool keepDim, aclTensor* out, uint64_t* workspaceSize,
                                           aclOpExecutor** executor) {
  FirstPhase first("aclnnLogSumExp", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    Axes axes = 0;
    OP_PLAN_CHECK(ReadReduction(phase, self, {{"out", out}}, "dim", dim, keepDim, &axes));
    return phase.Bind([axes](const HostLaunch& launch, HostFailure*) {
      WithReal(launch, [&](auto zero) {
        using T = decltype(zero);
        opapi::Reduce<T>(launch, axes, LogSumExp<T>{});
      });
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnLogSumExp)
