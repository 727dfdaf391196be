// SPDX-License-Identifier: Apache-2.0
// What lies between two quantised products of an expert: scales on int32 sums, the gated
// activation, and rows of int8 with their scales.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "aclnnop/aclnn_dequant_swiglu_quant.h"
#include "aclnnop/aclnn_dequant_swiglu_quant_v2.h"
#include "aclnnop/aclnn_swi_glu_quant.h"
#include "aclnnop/aclnn_swi_glu_quant_v2.h"
#include "engine/shape_check.h"
#include "engine/token_quantise.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Vectors;
using opapi::Verdict;

enum Place : size_t {
  kX,
  kWeightScale,
  kActivationScale,
  kBias,
  kQuantScale,
  kQuantOffset,
  kGroups,
  kY,
  kScale
};

// Numbers of swigluMode.
constexpr int64_t kHalves = 0;
constexpr int64_t kClampedPairs = 1;
constexpr int64_t kClampedHalves = 2;
constexpr int64_t kClampedSilu = 3;

struct Activation {
  bool activate_left;
  bool dynamic;
  bool counts;   // group index holds counts, else sums
  bool divides;  // a given scale divides, else it multiplies
  int64_t mode;
  float clamp_limit, alpha, bias;
};

float Sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// The first half of `row` becomes the activation of both.
void Activate(const Activation& activation, int64_t half, float* row, float* room) {
  const float limit = activation.clamp_limit;
  const auto clamped = [limit](float x) { return std::min(limit, std::max(-limit, x)); };
  for (int64_t i = 0; i < half; ++i) {
    const bool pairs = activation.mode == kClampedPairs;
    float gate = pairs ? row[2 * i] : row[i];
    float linear = pairs ? row[2 * i + 1] : row[half + i];
    if (!activation.activate_left && !pairs) std::swap(gate, linear);
    switch (activation.mode) {
      case kHalves:
        room[i] = gate * Sigmoid(gate) * linear;
        break;
      case kClampedSilu:
        room[i] = std::min(limit, gate * Sigmoid(gate)) * clamped(linear);
        break;
      default:
        gate = std::min(limit, gate);
        room[i] = gate * Sigmoid(activation.alpha * gate) * (clamped(linear) + activation.bias);
    }
  }
  std::copy_n(room, half, row);
}

// A tensor of one vector per group, or of one for all.
struct PerGroup {
  explicit PerGroup(const HostTensorView& view)
      : values(view.present ? opapi::ElementsOf<float>(view) : std::vector<float>()) {}
  // Of `length` elements, or one for all of them.
  float At(size_t group, size_t groups, int64_t i) const {
    const size_t length = values.size() % groups == 0 ? values.size() / groups : values.size();
    const size_t first = length * groups == values.size() ? group * length : 0;
    return values[first + (length == 1 ? 0 : static_cast<size_t>(i))];
  }
  bool there() const { return !values.empty(); }
  std::vector<float> values;
};

std::vector<int64_t> GroupEnds(const HostTensorView& view, bool counts) {
  if (!view.present) return {};
  std::vector<int64_t> ends = opapi::ElementsOf<int64_t>(view);
  for (size_t i = 1; counts && i < ends.size(); ++i) ends[i] += ends[i - 1];
  return ends;
}

aclError Run(const HostLaunch& launch, const Activation& activation, HostFailure* failure) {
  const HostTensorView& x = launch.tensors[kX];
  const Vectors rows(x, x.dim_count - 1);
  const Vectors out(launch.tensors[kY], x.dim_count - 1);
  const HostTensorView& scale_out = launch.tensors[kScale];
  const Vectors scales(scale_out, scale_out.dim_count);
  const PerGroup weight_scale(launch.tensors[kWeightScale]);
  const PerGroup token_scale(launch.tensors[kActivationScale]);
  const PerGroup bias(launch.tensors[kBias]);
  const PerGroup quant_scale(launch.tensors[kQuantScale]);
  const PerGroup quant_offset(launch.tensors[kQuantOffset]);
  const std::vector<int64_t> ends = GroupEnds(launch.tensors[kGroups], activation.counts);
  const size_t groups = std::max<size_t>(1, ends.size());
  const bool whole_bias = launch.tensors[kBias].present && launch.tensors[kBias].dtype == ACL_INT32;
  const int64_t n = rows.length();
  const int64_t half = n / 2;
  return opapi::ForEachVector<float>(
      rows.count(), 4 * n, 2 * n, failure, [&](int64_t index, float* row) {
        // Rows of no group are of no expert: nothing is written for them.
        if (!ends.empty() && index >= ends.back()) return;
        const auto after = std::upper_bound(ends.begin(), ends.end(), index);
        const auto group = static_cast<size_t>(after - ends.begin());
        rows.Load(index, row);
        for (int64_t i = 0; i < n; ++i) {
          if (whole_bias) row[i] += bias.At(group, groups, i);
          if (weight_scale.there()) row[i] *= weight_scale.At(group, groups, i);
          if (token_scale.there()) row[i] *= token_scale.values[static_cast<size_t>(index)];
          if (bias.there() && !whole_bias) row[i] += bias.At(group, groups, i);
        }
        Activate(activation, half, row, row + n);
        if (activation.dynamic) {
          for (int64_t i = 0; quant_scale.there() && i < half; ++i) {
            row[i] *= quant_scale.At(group, groups, i);
          }
          const float scale = opapi::QuantiseToken(row, half);
          scales.Store(&scale, index);
        } else {
          for (int64_t i = 0; i < half; ++i) {
            const float scale = quant_scale.At(group, groups, i);
            row[i] = activation.divides ? row[i] / scale : row[i] * scale;
            if (quant_offset.there()) row[i] += quant_offset.At(group, groups, i);
            row[i] = std::min(127.0F, std::max(-128.0F, std::nearbyintf(row[i])));
          }
        }
        out.Store(row, index);
      });
}

struct Tensors {
  const aclTensor* x;
  const aclTensor* weight_scale;
  const aclTensor* activation_scale;
  const aclTensor* bias;
  const aclTensor* quant_scale;
  const aclTensor* quant_offset;
  const aclTensor* groups;
  const aclTensor* y;
  const aclTensor* scale;
};

// One number, one for each of `length`, or either for each group.
Verdict CheckPerGroup(const FirstPhase& phase, size_t index, int64_t groups, int64_t length) {
  const HostTensorView& view = phase.tensor(index);
  if (!view.present) return {};
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, index, opapi::Numbers::kReal));
  const int64_t size = ShapeOf(view).size();
  if (size == groups * length || (size == groups && length > 0)) return {};
  return Refuse(op_plan::kParamInvalid,
                "%s has shape %s: want %lld or %lld for each of %lld groups", phase.name(index),
                ShapeText(ShapeOf(view)).c_str(), static_cast<long long>(length), 1LL,
                static_cast<long long>(groups));
}

Verdict ReadMode(const char* quant_mode, bool* dynamic) {
  if (quant_mode == nullptr) return Refuse(op_plan::kParamNullptr, "quantMode is null");
  *dynamic = std::strcmp(quant_mode, "dynamic") == 0;
  if (*dynamic || std::strcmp(quant_mode, "static") == 0) return {};
  return Refuse(op_plan::kParamInvalid, "quantMode is \"%.32s\": want static or dynamic",
                quant_mode);
}

Verdict Prepare(FirstPhase& phase, const Tensors& tensors, const char* quant_mode,
                Activation activation) {
  OP_PLAN_CHECK(ReadMode(quant_mode, &activation.dynamic));
  OP_PLAN_CHECK(opapi::CheckRange("swigluMode", activation.mode, kHalves, kClampedSilu));
  OP_PLAN_CHECK(phase.Input("x", tensors.x));
  OP_PLAN_CHECK(phase.OptionalInput("weightScale", tensors.weight_scale));
  OP_PLAN_CHECK(phase.OptionalInput("activationScale", tensors.activation_scale));
  OP_PLAN_CHECK(phase.OptionalInput("bias", tensors.bias));
  OP_PLAN_CHECK(phase.OptionalInput("quantScale", tensors.quant_scale));
  OP_PLAN_CHECK(phase.OptionalInput("quantOffset", tensors.quant_offset));
  OP_PLAN_CHECK(phase.OptionalInput("groupIndex", tensors.groups));
  OP_PLAN_CHECK(phase.Output("yOut", tensors.y));
  OP_PLAN_CHECK(phase.Output("scaleOut", tensors.scale));
  const HostTensorView& x = phase.tensor(kX);
  const bool plain = opapi::IsFloating(x.dtype) && x.dtype != ACL_DOUBLE;
  if (!plain && x.dtype != ACL_INT32) {
    return Refuse(op_plan::kParamInvalid, "x is %s (%d): want int32, float16, bf16 or float32",
                  opapi::DTypeName(x.dtype), static_cast<int>(x.dtype));
  }
  for (const size_t place : {size_t{kWeightScale}, size_t{kActivationScale}, size_t{kBias}}) {
    if (!plain || !phase.tensor(place).present) continue;
    return Refuse(op_plan::kParamInvalid, "%s is given, which only x of int32 has a use for",
                  phase.name(place));
  }
  if (x.dim_count < 1 || x.dims[x.dim_count - 1] % 2 != 0) {
    return Refuse(op_plan::kParamInvalid, "x has shape %s: want an even last dimension",
                  ShapeText(ShapeOf(x)).c_str());
  }
  const int64_t n = x.dims[x.dim_count - 1];
  Shape half = ShapeOf(x);
  half.dims[x.dim_count - 1] = n / 2;
  Shape rows = ShapeOf(x);
  --rows.dim_count;
  OP_PLAN_CHECK(opapi::CheckDType(phase, kY, ACL_INT8));
  OP_PLAN_CHECK(opapi::CheckShape(phase, kY, half));
  OP_PLAN_CHECK(opapi::CheckDType(phase, kScale, ACL_FLOAT));
  OP_PLAN_CHECK(opapi::CheckSize(phase, kScale, rows.size()));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kGroups));
  if (phase.tensor(kGroups).present) OP_PLAN_CHECK(opapi::CheckDims(phase, kGroups, 1));
  OP_PLAN_CHECK(opapi::CheckSize(phase, kActivationScale, rows.size()));
  const int64_t groups = phase.tensor(kGroups).present ? ShapeOf(phase.tensor(kGroups)).size() : 1;
  OP_PLAN_CHECK(CheckPerGroup(phase, kWeightScale, groups, n));
  OP_PLAN_CHECK(CheckPerGroup(phase, kBias, groups, n));
  OP_PLAN_CHECK(CheckPerGroup(phase, kQuantScale, groups, n / 2));
  OP_PLAN_CHECK(CheckPerGroup(phase, kQuantOffset, groups, n / 2));
  if (!activation.dynamic && !phase.tensor(kQuantScale).present) {
    return Refuse(op_plan::kParamNullptr, "quantScale is null, which quantMode static needs");
  }
  return phase.Bind([activation](const HostLaunch& launch, HostFailure* failure) {
    return Run(launch, activation, failure);
  });
}

}  // namespace

aclnnStatus aclnnDequantSwigluQuantGetWorkspaceSize(
    const aclTensor* x, const aclTensor* weightScaleOptional,
    const aclTensor* activationScaleOptional, const aclTensor* biasOptional,
    const aclTensor* quantScaleOptional, const aclTensor* quantOffsetOptional,
    const aclTensor* groupIndexOptional, bool activateLeft, char* quantModeOptional,
    const aclTensor* yOut, const aclTensor* scaleOut, uint64_t* workspaceSize,
    aclOpExecutor** executor) {
  FirstPhase first("aclnnDequantSwigluQuant", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return Prepare(phase,
                   {x, weightScaleOptional, activationScaleOptional, biasOptional,
                    quantScaleOptional, quantOffsetOptional, groupIndexOptional, yOut, scaleOut},
                   quantModeOptional, {activateLeft, false, true, true, kHalves, 0, 0, 0});
  });
}
ACLNN_SECOND_PHASE(aclnnDequantSwigluQuant)

aclnnStatus aclnnDequantSwigluQuantV2GetWorkspaceSize(
    const aclTensor* x, const aclTensor* weightScaleOptional,
    const aclTensor* activationScaleOptional, const aclTensor* biasOptional,
    const aclTensor* quantScaleOptional, const aclTensor* quantOffsetOptional,
    const aclTensor* groupIndexOptional, bool activateLeft, char* quantModeOptional,
    int64_t dstType, char* roundModeOptional, int64_t activateDim, int64_t swigluMode,
    double clampLimit, double gluAlpha, double gluBias, const aclTensor* yOut,
    const aclTensor* scaleOut, uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnDequantSwigluQuantV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckRange("dstType", dstType, ACL_INT8, ACL_INT8));
    OP_PLAN_CHECK(opapi::CheckRange("activateDim", activateDim, -1, -1));
    if (roundModeOptional != nullptr && std::strcmp(roundModeOptional, "rint") != 0) {
      return Refuse(op_plan::kParamInvalid,
                    "roundMode is \"%.32s\": the host device does rint alone", roundModeOptional);
    }
    return Prepare(phase,
                   {x, weightScaleOptional, activationScaleOptional, biasOptional,
                    quantScaleOptional, quantOffsetOptional, groupIndexOptional, yOut, scaleOut},
                   quantModeOptional,
                   {activateLeft, false, true, true, swigluMode, static_cast<float>(clampLimit),
                    static_cast<float>(gluAlpha), static_cast<float>(gluBias)});
  });
}
ACLNN_SECOND_PHASE(aclnnDequantSwigluQuantV2)

aclnnStatus aclnnSwiGluQuantGetWorkspaceSize(const aclTensor* x,
                                             const aclTensor* smoothScalesOptional,
                                             const aclTensor* offsetsOptional,
                                             const aclTensor* groupIndexOptional, bool activateLeft,
                                             char* quantModeOptional, const aclTensor* yOut,
                                             const aclTensor* scaleOut, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  FirstPhase first("aclnnSwiGluQuant", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return Prepare(phase,
                   {x, nullptr, nullptr, nullptr, smoothScalesOptional, offsetsOptional,
                    groupIndexOptional, yOut, scaleOut},
                   quantModeOptional, {activateLeft, false, false, false, kHalves, 0, 0, 0});
  });
}
ACLNN_SECOND_PHASE(aclnnSwiGluQuant)

aclnnStatus aclnnSwiGluQuantV2GetWorkspaceSize(
    const aclTensor* x, const aclTensor* smoothScalesOptional, const aclTensor* offsetsOptional,
    const aclTensor* groupIndexOptional, bool activateLeft, char* quantModeOptional,
    int64_t groupListType, int64_t dstType, const aclTensor* yOut, const aclTensor* scaleOut,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnSwiGluQuantV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckRange("groupListType", groupListType, 0, 1));
    OP_PLAN_CHECK(opapi::CheckRange("dstType", dstType, ACL_INT8, ACL_INT8));
    return Prepare(phase,
                   {x, nullptr, nullptr, nullptr, smoothScalesOptional, offsetsOptional,
                    groupIndexOptional, yOut, scaleOut},
                   quantModeOptional,
                   {activateLeft, false, groupListType == 1, false, kHalves, 0, 0, 0});
  });
}
ACLNN_SECOND_PHASE(aclnnSwiGluQuantV2)
