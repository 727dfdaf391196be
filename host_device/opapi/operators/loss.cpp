// SPDX-License-Identifier: Apache-2.0
// Distances between what came out and what should have.
#include <algorithm>
#include <cmath>
#include <vector>

#include "aclnnop/aclnn_kl_div.h"
#include "aclnnop/aclnn_l1_loss.h"
#include "aclnnop/aclnn_mse_loss.h"
#include "aclnnop/aclnn_nll_loss.h"
#include "aclnnop/aclnn_smooth_l1_loss.h"
#include "engine/elementwise.h"
#include "engine/places.h"
#include "engine/reduce.h"

namespace {

using opapi::FirstPhase;
using opapi::NamedTensor;
using opapi::Numbers;
using opapi::Phase;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

enum Reduction : int64_t { kEach = 0, kMean = 1, kSum = 2 };

constexpr auto kSquare = [](auto self, auto target) { return (self - target) * (self - target); };
constexpr auto kDistance = [](auto self, auto target) { return std::fabs(self - target); };
constexpr auto kDivergence = [](auto self, auto target) {
  using T = decltype(self);
  // What is never wanted costs nothing, whatever its logarithm is.
  return (target == 0 ? T{0} : target * std::log(target)) - target * self;
};
constexpr auto kLogDivergence = [](auto self, auto target) {
  return std::exp(target) * (target - self);
};
struct SmoothDistance {
  float beta;
  template <typename T>
  T operator()(T self, T target) const {
    const T distance = std::fabs(self - target);
    const auto width = static_cast<T>(beta);
    return distance < width ? distance * distance / (2 * width) : distance - width / 2;
  }
};

template <typename T>
struct Total {
  using State = double;
  static constexpr size_t kOutputs = 1;
  bool mean;
  State Start() const { return 0; }
  void Take(State& state, T value, int64_t) const { state += static_cast<double>(value); }
  void Join(State& state, State other) const { state += other; }
  double First(State state, int64_t count) const {
    return mean ? state / static_cast<double>(count) : state;
  }
};

Verdict CheckReduction(int64_t reduction) {
  if (reduction >= kEach && reduction <= kSum) return {};
  return Refuse(op_plan::kParamInvalid, "reduction is %lld: want 0 (each), 1 (mean) or 2 (sum)",
                static_cast<long long>(reduction));
}

// self, target and out, and the shape that the first two broadcast to.
Verdict CheckPair(const FirstPhase& phase, Shape* shape) {
  for (size_t i = 0; i < 3; ++i) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, i, Numbers::kFloating));
  }
  *shape = opapi::ShapeOf(phase.tensor(0));
  const Shape other = opapi::ShapeOf(phase.tensor(1));
  if (opapi::Broadcast(other, shape)) return {};
  return Refuse(op_plan::kParamInvalid, "self %s and %s %s do not broadcast",
                opapi::ShapeText(opapi::ShapeOf(phase.tensor(0))).c_str(), phase.name(1),
                opapi::ShapeText(other).c_str());
}

// The losses one after the other.
template <typename T>
HostTensorView InLine(const Shape& shape, std::vector<T>* losses) {
  losses->resize(static_cast<size_t>(shape.size()));
  HostTensorView view{};
  view.storage = losses->data();
  view.dtype = std::is_same_v<T, double> ? ACL_DOUBLE : ACL_FLOAT;
  view.present = true;
  view.dim_count = shape.dim_count;
  int64_t stride = 1;
  for (uint32_t d = shape.dim_count; d-- > 0;) {
    view.dims[d] = shape.dims[d];
    view.strides[d] = stride;
    stride *= std::max<int64_t>(shape.dims[d], 1);
  }
  return view;
}

template <typename F>
aclnnStatus Loss(const Phase& call, const aclTensor* self, const aclTensor* target,
                 int64_t reduction, const NamedTensor& out, F f) {
  if (reduction == kEach) {
    return opapi::Map<Numbers::kFloating>(call, opapi::Inputs({"self", self}, {"target", target}),
                                          opapi::NoScalars(), out, f);
  }
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(CheckReduction(reduction));
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("target", target));
    OP_PLAN_CHECK(phase.Output(out.name, out.tensor));
    Shape shape;
    OP_PLAN_CHECK(CheckPair(phase, &shape));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, Shape{}));
    return phase.Bind(
        [shape, f, mean = reduction == kMean](const HostLaunch& launch, HostFailure*) {
          const aclDataType dtypes[] = {launch.tensors[0].dtype, launch.tensors[1].dtype};
          opapi::WithType(opapi::ComputeOf(dtypes, 2, Numbers::kFloating), [&](auto zero) {
            using T = decltype(zero);
            if constexpr (!std::is_same_v<T, int64_t>) {
              std::vector<T> losses;
              const HostTensorView line = InLine(shape, &losses);
              const HostTensorView pair[] = {launch.tensors[0], launch.tensors[1], line};
              HostLaunch each = launch;
              each.tensors = pair;
              opapi::MapRows<T>(each, std::array<HostScalarView, 0>{}, f,
                                std::make_index_sequence<2>{}, std::make_index_sequence<0>{});
              const HostTensorView whole[] = {line, launch.tensors[2]};
              HostLaunch sum = launch;
              sum.tensors = whole;
              opapi::Reduce<T>(sum, opapi::AllAxes(line.dim_count), Total<T>{mean});
            }
          });
          return ACL_SUCCESS;
        });
  });
}

double Read(const HostTensorView& view, int64_t element) {
  double value = 0;
  opapi::Load(opapi::FirstElement(view) + element * opapi::ElementBytes(view), view.dtype, 0, 1,
              &value);
  return value;
}

void Write(double value, const HostTensorView& view, int64_t element) {
  opapi::Store(&value, 1, view.dtype, 0,
               opapi::FirstElement(view) + element * opapi::ElementBytes(view));
}

struct NegativeLogLikelihood {
  int64_t reduction;
  int64_t ignored;

  aclError operator()(const HostLaunch& launch, HostFailure* failure) const {
    const HostTensorView& self = launch.tensors[0];
    const HostTensorView& weight = launch.tensors[2];
    const HostTensorView& out = launch.tensors[3];
    const std::vector<int64_t> targets = opapi::IndexValues(launch.tensors[1]);
    const uint32_t axis = self.dim_count - 1;
    const int64_t classes = self.dims[axis];
    for (size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] == ignored || (targets[i] >= 0 && targets[i] < classes)) continue;
      return opapi::IndexFails({"target", "self"}, targets[i], static_cast<int64_t>(i), classes,
                               "classes", opapi::Negative::kRefused, failure);
    }
    double sum = 0;
    double weights = 0;
    for (size_t i = 0; i < targets.size(); ++i) {
      const auto line = static_cast<int64_t>(i);
      const int64_t target = targets[i];
      double loss = 0;
      if (target != ignored) {
        const double factor = Read(weight, target * weight.strides[0]);
        loss = -factor *
               Read(self, (axis == 0 ? 0 : line * self.strides[0]) + target * self.strides[axis]);
        weights += factor;
      }
      sum += loss;
      if (reduction == kEach) Write(loss, out, out.dim_count == 0 ? 0 : line * out.strides[0]);
    }
    if (reduction != kEach) Write(reduction == kMean ? sum / weights : sum, out, 0);
    Write(reduction == kEach ? 0 : weights, launch.tensors[4], 0);
    return ACL_SUCCESS;
  }
};

}  // namespace

aclnnStatus aclnnMseLossGetWorkspaceSize(const aclTensor* self, const aclTensor* target,
                                         int64_t reduction, aclTensor* out, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return Loss({"aclnnMseLoss", workspaceSize, executor}, self, target, reduction, {"out", out},
              kSquare);
}
ACLNN_SECOND_PHASE(aclnnMseLoss)

aclnnStatus aclnnL1LossGetWorkspaceSize(const aclTensor* self, const aclTensor* target,
                                        int64_t reduction, aclTensor* out, uint64_t* workspaceSize,
                                        aclOpExecutor** executor) {
  return Loss({"aclnnL1Loss", workspaceSize, executor}, self, target, reduction, {"out", out},
              kDistance);
}
ACLNN_SECOND_PHASE(aclnnL1Loss)

aclnnStatus aclnnSmoothL1LossGetWorkspaceSize(const aclTensor* self, const aclTensor* target,
                                              int64_t reduction, float beta, aclTensor* result,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  const Phase call{"aclnnSmoothL1Loss", workspaceSize, executor};
  if (!(beta >= 0)) {
    return FirstPhase(call.op_name, call.workspace_size, call.executor)
        .Run([&](FirstPhase&) -> Verdict {
          return Refuse(op_plan::kParamInvalid, "beta is %g: want 0 or more",
                        static_cast<double>(beta));
        });
  }
  return Loss(call, self, target, reduction, {"result", result}, SmoothDistance{beta});
}
ACLNN_SECOND_PHASE(aclnnSmoothL1Loss)

aclnnStatus aclnnKlDivGetWorkspaceSize(const aclTensor* self, const aclTensor* target,
                                       int64_t reduction, bool logTarget, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  const Phase call{"aclnnKlDiv", workspaceSize, executor};
  if (logTarget) return Loss(call, self, target, reduction, {"out", out}, kLogDivergence);
  return Loss(call, self, target, reduction, {"out", out}, kDivergence);
}
ACLNN_SECOND_PHASE(aclnnKlDiv)

aclnnStatus aclnnNLLLossGetWorkspaceSize(const aclTensor* self, const aclTensor* target,
                                         const aclTensor* weight, int64_t reduction,
                                         int64_t ignoreIndex, aclTensor* out,
                                         aclTensor* totalWeightOut, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  FirstPhase first("aclnnNLLLoss", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(CheckReduction(reduction));
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("target", target));
    OP_PLAN_CHECK(phase.Input("weight", weight));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(phase.Output("totalWeightOut", totalWeightOut));
    for (const size_t i : {0, 2, 3, 4}) {
      OP_PLAN_CHECK(opapi::CheckNumbers(phase, i, Numbers::kFloating));
    }
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    const Shape lines = opapi::ShapeOf(phase.tensor(0));
    if (lines.dim_count != 1 && lines.dim_count != 2) {
      return Refuse(op_plan::kParamInvalid, "self has %u dimensions: want 1 or 2", lines.dim_count);
    }
    const uint32_t axis = lines.dim_count - 1;
    const Shape each = opapi::Reduced(lines, opapi::Axes{1} << axis, false);
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, each));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, Shape{1, {lines.dims[axis]}}));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, reduction == kEach ? each : Shape{}));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 4, Shape{}));
    return phase.Bind(NegativeLogLikelihood{reduction, ignoreIndex});
  });
}
ACLNN_SECOND_PHASE(aclnnNLLLoss)
