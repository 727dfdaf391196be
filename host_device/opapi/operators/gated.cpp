// SPDX-License-Identifier: Apache-2.0
// Gated units: one half of a tensor weighs the other.
#include "aclnnop/aclnn_geglu.h"
#include "aclnnop/aclnn_glu.h"
#include "aclnnop/aclnn_swi_glu.h"
#include "engine/activation.h"
#include "engine/elementwise.h"

namespace {

using opapi::FirstPhase;
using opapi::Inputs;
using opapi::Numbers;
using opapi::Refuse;
using opapi::Verdict;

// Half `index` (0 or 1) of `view` along `dim`.
HostTensorView Half(const HostTensorView& view, uint32_t dim, int index) {
  HostTensorView half = view;
  half.dims[dim] /= 2;
  half.offset += index * half.dims[dim] * view.strides[dim];
  return half;
}

// Tensor 0 is the input, all others outputs of the shape of its halves.
Verdict CheckHalves(const FirstPhase& phase, int64_t dim, uint32_t* axis) {
  const HostTensorView& view = phase.tensor(0);
  const opapi::Shape shape = opapi::ShapeOf(view);
  const auto dims = static_cast<int64_t>(view.dim_count);
  if (dim < -dims || dim >= dims) {
    return Refuse(op_plan::kParamInvalid, "dim is %lld: %s has %lld dimensions",
                  static_cast<long long>(dim), phase.name(0), static_cast<long long>(dims));
  }
  *axis = static_cast<uint32_t>(dim < 0 ? dim + dims : dim);
  if (view.dims[*axis] % 2 != 0) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s: want an even dimension %u",
                  phase.name(0), opapi::ShapeText(shape).c_str(), *axis);
  }
  opapi::Shape half = shape;
  half.dims[*axis] /= 2;
  for (size_t i = 0; i < phase.tensor_count(); ++i) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, i, Numbers::kFloating));
    const opapi::Shape given = opapi::ShapeOf(phase.tensor(i));
    if (i > 0 && !(given == half)) {
      return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %s", phase.name(i),
                    opapi::ShapeText(given).c_str(), opapi::ShapeText(half).c_str());
    }
  }
  return {};
}

template <typename F>
struct HalvesKernel {
  uint32_t axis;
  F f;

  aclError operator()(const HostLaunch& launch, HostFailure* failure) const {
    const HostTensorView tensors[] = {Half(launch.tensors[0], axis, 0),
                                      Half(launch.tensors[0], axis, 1), launch.tensors[1]};
    HostLaunch halves = launch;
    halves.tensors = tensors;
    halves.tensor_count = 3;
    return opapi::MapKernel<Numbers::kFloating, 2, 0, F>{{}, f}(halves, failure);
  }
};

template <typename F>
aclnnStatus MapHalves(const opapi::Phase& call, const opapi::NamedTensor& input, int64_t dim,
                      const opapi::NamedTensor& out, F f) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    uint32_t axis = 0;
    OP_PLAN_CHECK(phase.Input(input.name, input.tensor));
    OP_PLAN_CHECK(phase.Output(out.name, out.tensor));
    OP_PLAN_CHECK(CheckHalves(phase, dim, &axis));
    return phase.Bind(HalvesKernel<F>{axis, f});
  });
}

// gelu of one half to outGelu, its product with the other half to out.
struct GeGluKernel {
  uint32_t axis;
  bool tanh;
  int gate;  // the half that gelu takes

  aclError operator()(const HostLaunch& launch, HostFailure* failure) const {
    const HostTensorView gate_half = Half(launch.tensors[0], axis, gate);
    const HostTensorView other = Half(launch.tensors[0], axis, 1 - gate);
    const HostTensorView gelu[] = {gate_half, launch.tensors[2]};
    HostLaunch step = launch;
    step.tensors = gelu;
    step.tensor_count = 2;
    const auto curve = [tanh = tanh](auto x) {
      return tanh ? opapi::kGeluTanh(x) : opapi::kGelu(x);
    };
    opapi::MapKernel<Numbers::kFloating, 1, 0, decltype(curve)>{{}, curve}(step, failure);
    const HostTensorView product[] = {gate_half, other, launch.tensors[1]};
    step.tensors = product;
    step.tensor_count = 3;
    const auto weigh = [curve](auto x, auto weighed) { return curve(x) * weighed; };
    return opapi::MapKernel<Numbers::kFloating, 2, 0, decltype(weigh)>{{}, weigh}(step, failure);
  }
};

aclnnStatus GeGlu(const opapi::Phase& call, const aclTensor* self, int64_t dim, int64_t approximate,
                  bool activate_left, const aclTensor* out, const aclTensor* out_gelu) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    uint32_t axis = 0;
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(phase.Output("outGelu", out_gelu));
    OP_PLAN_CHECK(CheckHalves(phase, dim, &axis));
    if (approximate != 0 && approximate != 1) {
      return Refuse(op_plan::kParamInvalid,
                    "approximate is %lld: want 0 (error function) or 1 (tanh)",
                    static_cast<long long>(approximate));
    }
    return phase.Bind(GeGluKernel{axis, approximate == 1, activate_left ? 0 : 1});
  });
}

}  // namespace

aclnnStatus aclnnGluGetWorkspaceSize(const aclTensor* self, int64_t dim, const aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MapHalves({"aclnnGlu", workspaceSize, executor}, {"self", self}, dim, {"out", out},
                   [](auto a, auto b) { return a * opapi::kSigmoid(b); });
}
ACLNN_SECOND_PHASE(aclnnGlu)

aclnnStatus aclnnSwiGluGetWorkspaceSize(const aclTensor* x, int64_t dim, const aclTensor* out,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MapHalves({"aclnnSwiGlu", workspaceSize, executor}, {"x", x}, dim, {"out", out},
                   [](auto a, auto b) { return opapi::kSilu(a) * b; });
}
ACLNN_SECOND_PHASE(aclnnSwiGlu)

aclnnStatus aclnnGeGluGetWorkspaceSize(const aclTensor* self, int64_t dim, int64_t approximate,
                                       aclTensor* out, aclTensor* outGelu, uint64_t* workspaceSize,
                                       aclOpExecutor** executor) {
  return GeGlu({"aclnnGeGlu", workspaceSize, executor}, self, dim, approximate, false, out,
               outGelu);
}
ACLNN_SECOND_PHASE(aclnnGeGlu)

aclnnStatus aclnnGeGluV3GetWorkspaceSize(const aclTensor* self, int64_t dim, int64_t approximate,
                                         bool activateLeft, aclTensor* out, aclTensor* outGelu,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return GeGlu({"aclnnGeGluV3", workspaceSize, executor}, self, dim, approximate, activateLeft, out,
               outGelu);
}
ACLNN_SECOND_PHASE(aclnnGeGluV3)
