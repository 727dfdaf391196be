// SPDX-License-Identifier: Apache-2.0
// The largest and the smallest of elements, where they are, and whether all or any are not 0. NaN
// is larger and smaller than every number; of equal elements the first counts.
#include <limits>

#include "aclnnop/aclnn_all.h"
#include "aclnnop/aclnn_amax.h"
#include "aclnnop/aclnn_amin.h"
#include "aclnnop/aclnn_aminmax.h"
#include "aclnnop/aclnn_any.h"
#include "aclnnop/aclnn_argmax.h"
#include "aclnnop/aclnn_argmin.h"
#include "aclnnop/aclnn_max.h"
#include "aclnnop/aclnn_max_dim.h"
#include "aclnnop/aclnn_min.h"
#include "aclnnop/aclnn_min_dim.h"
#include "engine/elementwise.h"
#include "engine/reduce.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::NamedTensor;
using opapi::Numbers;
using opapi::Phase;
using opapi::Verdict;

template <typename T>
struct Largest {
  static constexpr T kWorst = std::numeric_limits<T>::has_infinity
                                  ? -std::numeric_limits<T>::infinity()
                                  : std::numeric_limits<T>::lowest();
  // NaN stays: nothing compares with it.
  static bool Better(T value, T best) { return value > best || value != value; }
};

template <typename T>
struct Smallest {
  static constexpr T kWorst = std::numeric_limits<T>::has_infinity
                                  ? std::numeric_limits<T>::infinity()
                                  : std::numeric_limits<T>::max();
  static bool Better(T value, T best) { return value < best || value != value; }
};

template <typename T, template <typename> class Order>
struct Extreme {
  using State = T;
  static constexpr size_t kOutputs = 1;
  State Start() const { return Order<T>::kWorst; }
  void Take(State& state, T value, int64_t) const {
    state = Order<T>::Better(value, state) ? value : state;
  }
  void Join(State& state, State other) const { Take(state, other, 0); }
  T First(State state, int64_t) const { return state; }
};

template <typename T>
struct Both {
  struct State {
    T smallest;
    T largest;
  };
  static constexpr size_t kOutputs = 2;
  State Start() const { return {Smallest<T>::kWorst, Largest<T>::kWorst}; }
  void Take(State& state, T value, int64_t) const {
    state.smallest = Smallest<T>::Better(value, state.smallest) ? value : state.smallest;
    state.largest = Largest<T>::Better(value, state.largest) ? value : state.largest;
  }
  void Join(State& state, const State& other) const {
    const State mine = state;
    Take(state, other.smallest, 0);
    state.largest = mine.largest;
    if (Largest<T>::Better(other.largest, mine.largest)) state.largest = other.largest;
  }
  T First(const State& state, int64_t) const { return state.smallest; }
  T Second(const State& state, int64_t) const { return state.largest; }
};

template <typename T, template <typename> class Order>
struct Place {
  struct State {
    T value;
    int64_t index;  // -1 before the first element
  };
  State Start() const { return {Order<T>::kWorst, -1}; }
  void Take(State& state, T value, int64_t index) const {
    const bool better = Order<T>::Better(value, state.value) && state.value == state.value;
    if (better || state.index < 0) state = {value, index};
  }
  void Join(State& state, const State& other) const {
    if (other.index < 0) return;
    const bool nan = state.value != state.value;
    const bool other_nan = other.value != other.value;
    const bool equal = state.value == other.value || (nan && other_nan);
    if (state.index < 0 ||
        (equal ? other.index < state.index : !nan && Order<T>::Better(other.value, state.value))) {
      state = other;
    }
  }
};

template <typename T, template <typename> class Order>
struct ValueAndPlace : Place<T, Order> {
  using State = typename Place<T, Order>::State;
  static constexpr size_t kOutputs = 2;
  T First(const State& state, int64_t) const { return state.value; }
  int64_t Second(const State& state, int64_t) const { return state.index; }
};

template <typename T, template <typename> class Order>
struct PlaceAlone : Place<T, Order> {
  using State = typename Place<T, Order>::State;
  static constexpr size_t kOutputs = 1;
  int64_t First(const State& state, int64_t) const { return state.index; }
};

template <typename T, bool kAll>
struct Truth {
  using State = int64_t;
  static constexpr size_t kOutputs = 1;
  State Start() const { return kAll; }
  void Take(State& state, T value, int64_t) const {
    const auto is = static_cast<int64_t>(value != T{0});
    state = kAll ? state & is : state | is;
  }
  void Join(State& state, State other) const { state = kAll ? state & other : state | other; }
  State First(State state, int64_t) const { return state; }
};

template <typename T>
using Max = Extreme<T, Largest>;
template <typename T>
using Min = Extreme<T, Smallest>;
template <typename T>
using MaxPlace = ValueAndPlace<T, Largest>;
template <typename T>
using MinPlace = ValueAndPlace<T, Smallest>;
template <typename T>
using ArgMax = PlaceAlone<T, Largest>;
template <typename T>
using ArgMin = PlaceAlone<T, Smallest>;
template <typename T>
using All = Truth<T, true>;
template <typename T>
using Any = Truth<T, false>;

// self, then the outputs; `read` finds the dimensions, `check` looks at the dtypes of the outputs.
template <template <typename> class Reducer, size_t kOutputs, typename Read, typename Check>
aclnnStatus ReduceTo(const Phase& call, const aclTensor* self,
                     const NamedTensor (&outputs)[kOutputs], bool keep, const Read& read,
                     const Check& check) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    for (const NamedTensor& output : outputs) {
      OP_PLAN_CHECK(phase.Output(output.name, output.tensor));
    }
    Axes axes = 0;
    OP_PLAN_CHECK(read(phase.tensor(0).dim_count, &axes));
    OP_PLAN_CHECK(opapi::CheckReduction(phase, axes, keep));
    OP_PLAN_CHECK(check(phase, axes));
    return phase.Bind([axes](const HostLaunch& launch, HostFailure*) {
      opapi::WithType(opapi::ComputeOf(&launch.tensors[0].dtype, 1, Numbers::kReal),
                      [&](auto zero) {
                        using T = decltype(zero);
                        opapi::Reduce<T>(launch, axes, Reducer<T>{});
                      });
      return ACL_SUCCESS;
    });
  });
}

auto AxesOf(const char* name, const aclIntArray* dim) {
  return [name, dim](uint32_t dim_count, Axes* axes) {
    return opapi::ReadAxes(name, dim, dim_count, axes);
  };
}

auto AxisOf(const char* name, int64_t dim) {
  return [name, dim](uint32_t dim_count, Axes* axes) -> Verdict {
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis(name, dim, dim_count, &axis));
    *axes = Axes{1} << axis;
    return {};
  };
}

Verdict EveryAxis(uint32_t dim_count, Axes* axes) {
  *axes = opapi::AllAxes(dim_count);
  return {};
}

// Values have self's dtype, places are integers.
Verdict CheckValues(const FirstPhase& phase, Axes axes) {
  for (size_t i = 1; i < phase.tensor_count(); ++i) {
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, i));
  }
  return opapi::CheckNotEmpty(phase, axes);
}

Verdict CheckPlaces(const FirstPhase& phase, Axes axes) {
  const size_t place = phase.tensor_count() - 1;
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, place));
  if (place == 2) OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
  return opapi::CheckNotEmpty(phase, axes);
}

Verdict CheckTruth(const FirstPhase& phase, Axes) {
  if (phase.tensor(1).dtype == ACL_UINT8) return {};
  return opapi::CheckDType(phase, 1, ACL_BOOL);
}

}  // namespace

aclnnStatus aclnnMaxGetWorkspaceSize(const aclTensor* self, aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  return ReduceTo<Max>({"aclnnMax", workspaceSize, executor}, self, {{"out", out}}, false,
                       EveryAxis, CheckValues);
}
ACLNN_SECOND_PHASE(aclnnMax)

aclnnStatus aclnnMinGetWorkspaceSize(const aclTensor* self, aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  return ReduceTo<Min>({"aclnnMin", workspaceSize, executor}, self, {{"out", out}}, false,
                       EveryAxis, CheckValues);
}
ACLNN_SECOND_PHASE(aclnnMin)

aclnnStatus aclnnAmaxGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim, bool keepDim,
                                      aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  return ReduceTo<Max>({"aclnnAmax", workspaceSize, executor}, self, {{"out", out}}, keepDim,
                       AxesOf("dim", dim), CheckValues);
}
ACLNN_SECOND_PHASE(aclnnAmax)

aclnnStatus aclnnAminGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim, bool keepDim,
                                      aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  return ReduceTo<Min>({"aclnnAmin", workspaceSize, executor}, self, {{"out", out}}, keepDim,
                       AxesOf("dim", dim), CheckValues);
}
ACLNN_SECOND_PHASE(aclnnAmin)

aclnnStatus aclnnAminmaxGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim,
                                         bool keepDim, aclTensor* minOut, aclTensor* maxOut,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return ReduceTo<Both>({"aclnnAminmax", workspaceSize, executor}, self,
                        {{"minOut", minOut}, {"maxOut", maxOut}}, keepDim, AxesOf("dim", dim),
                        CheckValues);
}
ACLNN_SECOND_PHASE(aclnnAminmax)

aclnnStatus aclnnMaxDimGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepdim,
                                        aclTensor* out, aclTensor* indices, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return ReduceTo<MaxPlace>({"aclnnMaxDim", workspaceSize, executor}, self,
                            {{"out", out}, {"indices", indices}}, keepdim, AxisOf("dim", dim),
                            CheckPlaces);
}
ACLNN_SECOND_PHASE(aclnnMaxDim)

aclnnStatus aclnnMinDimGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepdim,
                                        aclTensor* out, aclTensor* indices, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return ReduceTo<MinPlace>({"aclnnMinDim", workspaceSize, executor}, self,
                            {{"out", out}, {"indices", indices}}, keepdim, AxisOf("dim", dim),
                            CheckPlaces);
}
ACLNN_SECOND_PHASE(aclnnMinDim)

aclnnStatus aclnnArgMaxGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepdim,
                                        aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return ReduceTo<ArgMax>({"aclnnArgMax", workspaceSize, executor}, self, {{"out", out}}, keepdim,
                          AxisOf("dim", dim), CheckPlaces);
}
ACLNN_SECOND_PHASE(aclnnArgMax)

aclnnStatus aclnnArgMinGetWorkspaceSize(const aclTensor* self, int64_t dim, bool keepdim,
                                        aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return ReduceTo<ArgMin>({"aclnnArgMin", workspaceSize, executor}, self, {{"out", out}}, keepdim,
                          AxisOf("dim", dim), CheckPlaces);
}
ACLNN_SECOND_PHASE(aclnnArgMin)

aclnnStatus aclnnAllGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim, bool keepdim,
                                     aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  return ReduceTo<All>({"aclnnAll", workspaceSize, executor}, self, {{"out", out}}, keepdim,
                       AxesOf("dim", dim), CheckTruth);
}
ACLNN_SECOND_PHASE(aclnnAll)

aclnnStatus aclnnAnyGetWorkspaceSize(const aclTensor* self, const aclIntArray* dim, bool keepdim,
                                     aclTensor* out, uint64_t* workspaceSize,
                                     aclOpExecutor** executor) {
  return ReduceTo<Any>({"aclnnAny", workspaceSize, executor}, self, {{"out", out}}, keepdim,
                       AxesOf("dim", dim), CheckTruth);
}
ACLNN_SECOND_PHASE(aclnnAny)
