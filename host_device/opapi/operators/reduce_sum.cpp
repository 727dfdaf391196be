// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "aclnnop/aclnn_mean.h"
#include "aclnnop/aclnn_prod.h"
#include "aclnnop/aclnn_reduce_nansum.h"
#include "aclnnop/aclnn_reduce_sum.h"
#include "aclnnop/aclnn_trace.h"
#include "engine/elementwise.h"
#include "engine/reduce.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Refuse;
using opapi::Verdict;

// Real numbers are added up in float64, integers wrap.
template <typename T>
using Accumulator = std::conditional_t<std::is_same_v<T, int64_t>, int64_t, double>;

template <typename T>
struct Sum {
  using State = Accumulator<T>;
  static constexpr size_t kOutputs = 1;
  State Start() const { return 0; }
  void Take(State& state, T value, int64_t) const { state = opapi::Plus(state, State(value)); }
  void Join(State& state, State other) const { state = opapi::Plus(state, other); }
  State First(State state, int64_t) const { return state; }
};

template <typename T>
struct NanSum : Sum<T> {
  using State = typename Sum<T>::State;
  void Take(State& state, T value, int64_t) const {
    state = opapi::Plus(state, value == value ? State(value) : State{0});
  }
};

template <typename T>
struct Mean : Sum<T> {
  double First(typename Sum<T>::State state, int64_t count) const {
    return static_cast<double>(state) / static_cast<double>(count);
  }
};

template <typename T>
struct Product {
  using State = Accumulator<T>;
  static constexpr size_t kOutputs = 1;
  State Start() const { return 1; }
  void Take(State& state, T value, int64_t) const { state = opapi::Times(state, State(value)); }
  void Join(State& state, State other) const { state = opapi::Times(state, other); }
  State First(State state, int64_t) const { return state; }
};

// Elements are cast to out's dtype before they are added up; a bool result asks of the elements
// themselves whether they are 0.
template <template <typename> class Reducer>
Verdict Bind(FirstPhase& phase, Axes axes, bool keep, aclDataType dtype) {
  OP_PLAN_CHECK(opapi::CheckReduction(phase, axes, keep));
  OP_PLAN_CHECK(opapi::CheckDType(phase, 1, dtype));
  return phase.Bind([axes](const HostLaunch& launch, HostFailure*) {
    const aclDataType out = launch.tensors[1].dtype;
    const aclDataType computed = out == ACL_BOOL ? launch.tensors[0].dtype : out;
    opapi::WithType(opapi::ComputeOf(&computed, 1, Numbers::kReal), [&](auto zero) {
      using T = decltype(zero);
      opapi::Reduce<T>(launch, axes, Reducer<T>{});
    });
    return ACL_SUCCESS;
  });
}

template <template <typename> class Reducer>
aclnnStatus ReduceAxes(const opapi::Phase& call, const aclTensor* self, const char* dim_name,
                       const aclIntArray* dim, bool keep, aclDataType dtype, aclTensor* out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    Axes axes = 0;
    OP_PLAN_CHECK(opapi::ReadAxes(dim_name, dim, phase.tensor(0).dim_count, &axes));
    return Bind<Reducer>(phase, axes, keep, dtype);
  });
}

}  // namespace

aclnnStatus aclnnReduceSumGetWorkspaceSize(const aclTensor* self, const aclIntArray* dims,
                                           bool keepDims, aclDataType dtype, aclTensor* out,
                                           uint64_t* workspaceSize, aclOpExecutor** executor) {
  return ReduceAxes<Sum>({"aclnnReduceSum", workspaceSize, executor}, self, "dims", dims, keepDims,
                         dtype, out);
}
ACLNN_SECOND_PHASE(aclnnReduceSum)

aclnnStatus aclnnReduceNansumGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                              bool keepDim, aclDataType dtype, aclTensor* out,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  return ReduceAxes<NanSum>({"aclnnReduceNansum", workspaceSize, executor}, self, "dim", dim,
                            keepDim, dtype, out);
}
ACLNN_SECOND_PHASE(aclnnReduceNansum)

aclnnStatus aclnnMeanGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim, bool keepDim,
                                      aclDataType dtype, aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  return ReduceAxes<Mean>({"aclnnMean", workspaceSize, executor}, self, "dim", dim, keepDim, dtype,
                          out);
}
ACLNN_SECOND_PHASE(aclnnMean)

aclnnStatus aclnnProdGetWorkspaceSize(const aclTensor* self, const aclDataType dtype,
                                      aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  FirstPhase first("aclnnProd", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    return Bind<Product>(phase, opapi::AllAxes(phase.tensor(0).dim_count), false, dtype);
  });
}
ACLNN_SECOND_PHASE(aclnnProd)

aclnnStatus aclnnProdDimGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepDim,
                                         const aclDataType dtype, aclTensor* out,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnProdDim", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, &axis));
    return Bind<Product>(phase, Axes{1} << axis, keepDim, dtype);
  });
}
ACLNN_SECOND_PHASE(aclnnProdDim)

aclnnStatus aclnnTraceGetWorkspaceSize(const aclTensor* self, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnTrace", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    if (phase.tensor(0).dim_count != 2) {
      return Refuse(op_plan::kParamInvalid, "self has %u dimensions: want 2",
                    phase.tensor(0).dim_count);
    }
    OP_PLAN_CHECK(opapi::CheckReduction(phase, opapi::AllAxes(2), false));
    return phase.Bind([](const HostLaunch& launch, HostFailure*) {
      HostTensorView diagonal = launch.tensors[0];
      diagonal.dim_count = 1;
      diagonal.dims[0] = std::min(diagonal.dims[0], diagonal.dims[1]);
      diagonal.strides[0] += diagonal.strides[1];
      const HostTensorView views[] = {diagonal, launch.tensors[1]};
      HostLaunch line = launch;
      line.tensors = views;
      opapi::WithType(opapi::ComputeOf(&views[1].dtype, 1, Numbers::kReal), [&](auto zero) {
        using T = decltype(zero);
        opapi::Reduce<T>(line, opapi::AllAxes(1), Sum<T>{});
      });
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnTrace)
