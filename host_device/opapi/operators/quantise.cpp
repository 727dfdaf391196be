// SPDX-License-Identifier: Apache-2.0
// Numbers to int8 and back: with scales found in the rows (dynamic), or given.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "aclnnop/aclnn_ascend_anti_quant.h"
#include "aclnnop/aclnn_ascend_quant.h"
#include "aclnnop/aclnn_ascend_quant_v3.h"
#include "aclnnop/aclnn_dynamic_quant.h"
#include "aclnnop/aclnn_dynamic_quant_v2.h"
#include "aclnnop/aclnn_quantize.h"
#include "aclnnop/aclnn_trans_quant_param_v2.h"
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

// x, smooth scales, group index; y, scale, offset.
enum Place : size_t { kX, kSmooth, kGroups, kY, kScale, kOffset };

// The group of a row, of which `ends` are the sums of the groups' rows.
size_t GroupOf(const std::vector<int64_t>& ends, int64_t row) {
  const auto after = std::upper_bound(ends.begin(), ends.end(), row);
  return static_cast<size_t>(after - ends.begin());
}

aclError QuantiseRows(const HostLaunch& launch, HostFailure* failure) {
  const HostTensorView& x = launch.tensors[kX];
  const Vectors rows(x, x.dim_count - 1);
  const Vectors quantised(launch.tensors[kY], x.dim_count - 1);
  const HostTensorView& scale = launch.tensors[kScale];
  const Vectors scales(scale, scale.dim_count);
  const HostTensorView& offset = launch.tensors[kOffset];
  const int64_t n = rows.length();
  const std::vector<float> smooth = launch.tensors[kSmooth].present
                                        ? opapi::ElementsOf<float>(launch.tensors[kSmooth])
                                        : std::vector<float>();
  const std::vector<int64_t> ends = launch.tensors[kGroups].present
                                        ? opapi::ElementsOf<int64_t>(launch.tensors[kGroups])
                                        : std::vector<int64_t>();
  return opapi::ForEachVector<float>(rows.count(), n, n, failure, [&](int64_t index, float* row) {
    rows.Load(index, row);
    if (!smooth.empty()) {
      // Rows behind the last group are of no expert; theirs are the last one's.
      const size_t group = ends.empty() ? 0 : std::min(GroupOf(ends, index), ends.size() - 1);
      const float* const factors = smooth.data() + group * static_cast<size_t>(n);
      for (int64_t i = 0; i < n; ++i) row[i] *= factors[i];
    }
    float shift = 0;
    const float step =
        offset.present ? opapi::QuantiseToRange(row, n, &shift) : opapi::QuantiseToken(row, n);
    quantised.Store(row, index);
    scales.Store(&step, index);
    if (offset.present) Vectors(offset, offset.dim_count).Store(&shift, index);
  });
}

struct DynamicQuant {
  const aclTensor* x;
  const aclTensor* smooth_scales;
  const aclTensor* group_index;
  const aclTensor* y;
  const aclTensor* scale;
  const aclTensor* offset;
};

Verdict PrepareDynamicQuant(FirstPhase& phase, const DynamicQuant& tensors) {
  OP_PLAN_CHECK(phase.Input("x", tensors.x));
  OP_PLAN_CHECK(phase.OptionalInput("smoothScales", tensors.smooth_scales));
  OP_PLAN_CHECK(phase.OptionalInput("groupIndex", tensors.group_index));
  OP_PLAN_CHECK(phase.Output("yOut", tensors.y));
  OP_PLAN_CHECK(phase.Output("scaleOut", tensors.scale));
  OP_PLAN_CHECK(phase.OptionalOutput("offsetOut", tensors.offset));
  const HostTensorView& x = phase.tensor(kX);
  if (x.dim_count == 0 || !opapi::IsFloating(x.dtype) || x.dtype == ACL_DOUBLE) {
    return Refuse(op_plan::kParamInvalid,
                  "x is %s with shape %s: want float16, bf16 or float32 of 1 or more dimensions",
                  opapi::DTypeName(x.dtype), ShapeText(ShapeOf(x)).c_str());
  }
  OP_PLAN_CHECK(opapi::CheckDType(phase, kY, ACL_INT8));
  OP_PLAN_CHECK(opapi::CheckDType(phase, kScale, ACL_FLOAT));
  OP_PLAN_CHECK(opapi::CheckDType(phase, kOffset, ACL_FLOAT));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kGroups));
  OP_PLAN_CHECK(opapi::CheckShape(phase, kY, ShapeOf(x)));
  Shape rows = ShapeOf(x);
  --rows.dim_count;
  OP_PLAN_CHECK(opapi::CheckSize(phase, kScale, rows.size()));
  OP_PLAN_CHECK(opapi::CheckSize(phase, kOffset, rows.size()));
  const HostTensorView& groups = phase.tensor(kGroups);
  const HostTensorView& smooth = phase.tensor(kSmooth);
  if (groups.present && !smooth.present) {
    return Refuse(op_plan::kParamInvalid, "groupIndex is given without smoothScales");
  }
  if (smooth.present) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, kSmooth, opapi::Numbers::kReal));
    const int64_t count = groups.present ? ShapeOf(groups).size() : 1;
    OP_PLAN_CHECK(opapi::CheckSize(phase, kSmooth, count * x.dims[x.dim_count - 1]));
  }
  return phase.Bind(
      [](const HostLaunch& launch, HostFailure* failure) { return QuantiseRows(launch, failure); });
}

// How a number becomes a whole one.
enum class Rounding { kRound, kFloor, kCeil, kTrunc };

float RoundedAs(Rounding rounding, float value) {
  switch (rounding) {
    case Rounding::kRound:
      return std::nearbyintf(value);
    case Rounding::kFloor:
      return std::floor(value);
    case Rounding::kCeil:
      return std::ceil(value);
    case Rounding::kTrunc:
      return std::trunc(value);
  }
  return value;
}

// `view`, a vector along dimension `axis` of x or one number, as broadcast to x.
HostTensorView Along(const HostTensorView& x, uint32_t axis, const HostTensorView& view) {
  HostTensorView wide = view;
  const bool single = ShapeOf(view).size() == 1;
  uint32_t own = 0;  // the dimension that counts
  for (uint32_t i = 0; i < view.dim_count; ++i) own = view.dims[i] != 1 ? i : own;
  wide.dim_count = x.dim_count;
  for (uint32_t dim = 0; dim < x.dim_count; ++dim) {
    wide.dims[dim] = x.dims[dim];
    wide.strides[dim] = dim == axis && !single ? view.strides[own] : 0;
  }
  return wide;
}

// One number, or one along dimension `axis` of x.
Verdict CheckAlong(const FirstPhase& phase, size_t index, uint32_t axis) {
  const HostTensorView& view = phase.tensor(index);
  if (!view.present) return {};
  OP_PLAN_CHECK(opapi::CheckNumbers(phase, index, opapi::Numbers::kReal));
  const HostTensorView& x = phase.tensor(0);
  const int64_t size = ShapeOf(view).size();
  uint32_t dims = 0;
  for (uint32_t i = 0; i < view.dim_count; ++i) dims += view.dims[i] != 1;
  if (size == 1 || (dims <= 1 && axis < x.dim_count && size == x.dims[axis])) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want one number, or one for each of %s",
                phase.name(index), ShapeText(ShapeOf(view)).c_str(), ShapeText(ShapeOf(x)).c_str());
}

Verdict FindAxis(const FirstPhase& phase, int64_t axis, uint32_t* dim) {
  const auto dims = static_cast<int64_t>(phase.tensor(0).dim_count);
  const int64_t counted = axis < 0 ? axis + dims : axis;
  if (counted < 0 || (counted >= dims && dims > 0)) {
    return Refuse(op_plan::kParamInvalid, "axis is %lld of %lld dimensions",
                  static_cast<long long>(axis), static_cast<long long>(dims));
  }
  *dim = static_cast<uint32_t>(counted);
  return {};
}

struct GivenScale {
  uint32_t axis;
  bool divides;  // x / scale, else x * scale
  Rounding rounding;
  float lowest, highest;
};

// x, scale, offset; y.
aclError QuantiseAsGiven(const HostLaunch& launch, const GivenScale& given) {
  const HostTensorView& x = launch.tensors[0];
  const HostTensorView scale = Along(x, given.axis, launch.tensors[1]);
  const bool shifts = launch.tensors[2].present;
  const HostTensorView offset = shifts ? Along(x, given.axis, launch.tensors[2]) : scale;
  const HostTensorView& y = launch.tensors[3];
  const HostTensorView* const views[] = {&x, &scale, &offset, &y};
  opapi::ForEachRow(ShapeOf(x), views, [&](const opapi::Row& row) {
    float values[opapi::kRowElements];
    float scales[opapi::kRowElements];
    float offsets[opapi::kRowElements] = {};
    opapi::Load(row.data[0], x.dtype, row.strides[0], row.count, values);
    opapi::Load(row.data[1], scale.dtype, row.strides[1], row.count, scales);
    if (shifts) opapi::Load(row.data[2], offset.dtype, row.strides[2], row.count, offsets);
    for (int64_t i = 0; i < row.count; ++i) {
      // A zero point is added to what is rounded, an offset to what is not yet.
      const float value = given.divides
                              ? RoundedAs(given.rounding, values[i] / scales[i]) + offsets[i]
                              : RoundedAs(given.rounding, values[i] * scales[i] + offsets[i]);
      values[i] = std::min(given.highest, std::max(given.lowest, value));
    }
    opapi::Store(values, row.count, y.dtype, row.strides[3], row.data[3]);
  });
  return ACL_SUCCESS;
}

Verdict PrepareGiven(FirstPhase& phase, const char* const (&names)[4], const aclTensor* x,
                     const aclTensor* scale, const aclTensor* offset, const aclTensor* y,
                     int64_t dst_type, int64_t axis, GivenScale given) {
  OP_PLAN_CHECK(phase.Input(names[0], x));
  OP_PLAN_CHECK(phase.Input(names[1], scale));
  OP_PLAN_CHECK(phase.OptionalInput(names[2], offset));
  OP_PLAN_CHECK(phase.Output(names[3], y));
  if (!opapi::IsFloating(phase.tensor(0).dtype)) {
    return Refuse(op_plan::kParamInvalid, "%s is %s: want floating numbers", names[0],
                  opapi::DTypeName(phase.tensor(0).dtype));
  }
  const aclDataType dtype = phase.tensor(3).dtype;
  if (static_cast<int64_t>(dtype) != dst_type) {
    return Refuse(op_plan::kParamInvalid, "%s is %s (%d), but the dtype asked for is %lld",
                  names[3], opapi::DTypeName(dtype), static_cast<int>(dtype),
                  static_cast<long long>(dst_type));
  }
  if (dtype == ACL_INT8) {
    given.lowest = -128;
    given.highest = 127;
  } else if (dtype == ACL_UINT8 && given.divides) {
    given.lowest = 0;
    given.highest = 255;
  } else if (dtype == ACL_INT32 && given.divides) {
    given.lowest = -0x1p31F;
    given.highest = 0x1.fffffep30F;
  } else {
    return Refuse(op_plan::kParamInvalid,
                  "%s is %s (%d), which the host device does not quantise to", names[3],
                  opapi::DTypeName(dtype), static_cast<int>(dtype));
  }
  OP_PLAN_CHECK(opapi::CheckShape(phase, 3, ShapeOf(phase.tensor(0))));
  OP_PLAN_CHECK(FindAxis(phase, axis, &given.axis));
  OP_PLAN_CHECK(CheckAlong(phase, 1, given.axis));
  OP_PLAN_CHECK(CheckAlong(phase, 2, given.axis));
  return phase.Bind(
      [given](const HostLaunch& launch, HostFailure*) { return QuantiseAsGiven(launch, given); });
}

Verdict ReadRounding(const char* mode, Rounding* rounding) {
  if (mode == nullptr) return Refuse(op_plan::kParamNullptr, "roundMode is null");
  const struct {
    const char* name;
    Rounding rounding;
  } modes[] = {{"round", Rounding::kRound},
               {"floor", Rounding::kFloor},
               {"ceil", Rounding::kCeil},
               {"trunc", Rounding::kTrunc}};
  for (const auto& known : modes) {
    if (std::strcmp(mode, known.name) != 0) continue;
    *rounding = known.rounding;
    return {};
  }
  return Refuse(op_plan::kParamInvalid, "roundMode is \"%.32s\": want round, floor, ceil or trunc",
                mode);
}

struct AscendQuant {
  const aclTensor* x;
  const aclTensor* scale;
  const aclTensor* offset;
  bool sqrt_mode;
  const char* round_mode;
  int32_t dst_type;
  int32_t axis;
  const aclTensor* y;
};

Verdict PrepareAscendQuant(FirstPhase& phase, const AscendQuant& call) {
  if (call.sqrt_mode) {
    return Refuse(op_plan::kParamInvalid, "sqrtMode is true: the host device does false alone");
  }
  GivenScale given{};
  OP_PLAN_CHECK(ReadRounding(call.round_mode, &given.rounding));
  return PrepareGiven(phase, {"x", "scale", "offset", "y"}, call.x, call.scale, call.offset, call.y,
                      call.dst_type, call.axis, given);
}

// x, scale, offset; y.
aclError Restore(const HostLaunch& launch) {
  const HostTensorView& x = launch.tensors[0];
  const uint32_t last = x.dim_count - 1;
  const HostTensorView scale = Along(x, last, launch.tensors[1]);
  const bool shifts = launch.tensors[2].present;
  const HostTensorView offset = shifts ? Along(x, last, launch.tensors[2]) : scale;
  const HostTensorView& y = launch.tensors[3];
  const HostTensorView* const views[] = {&x, &scale, &offset, &y};
  opapi::ForEachRow(ShapeOf(x), views, [&](const opapi::Row& row) {
    float values[opapi::kRowElements];
    float factors[opapi::kRowElements];
    opapi::Load(row.data[0], x.dtype, row.strides[0], row.count, values);
    if (shifts) {
      opapi::Load(row.data[2], offset.dtype, row.strides[2], row.count, factors);
      for (int64_t i = 0; i < row.count; ++i) values[i] += factors[i];
    }
    opapi::Load(row.data[1], scale.dtype, row.strides[1], row.count, factors);
    for (int64_t i = 0; i < row.count; ++i) values[i] *= factors[i];
    opapi::Store(values, row.count, y.dtype, row.strides[3], row.data[3]);
  });
  return ACL_SUCCESS;
}

// A word that quantised products take as their scale: float32 in the lower half, above it an offset
// of 9 bits, and the mark that the word is one.
constexpr int64_t kOffsetShift = 37;
constexpr int64_t kOffsetMask = 0x1ff;
constexpr uint64_t kIsParameter = uint64_t{1} << 46;

aclError PackParameters(const HostLaunch& launch) {
  const std::vector<float> scales = opapi::ElementsOf<float>(launch.tensors[0]);
  const std::vector<float> offsets = launch.tensors[1].present
                                         ? opapi::ElementsOf<float>(launch.tensors[1])
                                         : std::vector<float>();
  std::vector<int64_t> words(static_cast<size_t>(ShapeOf(launch.tensors[2]).size()));
  for (size_t i = 0; i < words.size(); ++i) {
    uint32_t bits;
    std::memcpy(&bits, &scales[scales.size() == 1 ? 0 : i], sizeof(bits));
    uint64_t word = kIsParameter | bits;
    if (!offsets.empty()) {
      const float offset = std::nearbyintf(offsets[offsets.size() == 1 ? 0 : i]);
      const auto held = static_cast<int64_t>(std::min(255.0F, std::max(-256.0F, offset)));
      word |= static_cast<uint64_t>(held & kOffsetMask) << kOffsetShift;
    }
    words[i] = static_cast<int64_t>(word);
  }
  Vectors(launch.tensors[2], 0).Store(words.data(), 0);
  return ACL_SUCCESS;
}

}  // namespace

aclnnStatus aclnnDynamicQuantGetWorkspaceSize(const aclTensor* x,
                                              const aclTensor* smoothScalesOptional,
                                              const aclTensor* yOut, const aclTensor* scaleOut,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnDynamicQuant", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return PrepareDynamicQuant(phase, {x, smoothScalesOptional, nullptr, yOut, scaleOut, nullptr});
  });
}
ACLNN_SECOND_PHASE(aclnnDynamicQuant)

aclnnStatus aclnnDynamicQuantV2GetWorkspaceSize(
    const aclTensor* x, const aclTensor* smoothScalesOptional, const aclTensor* groupIndexOptional,
    int64_t dstType, const aclTensor* yOut, const aclTensor* scaleOut, const aclTensor* offsetOut,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnDynamicQuantV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    if (dstType != ACL_INT8) {
      return Refuse(op_plan::kParamInvalid, "dstType is %lld: the host device does int8 (%d) alone",
                    static_cast<long long>(dstType), static_cast<int>(ACL_INT8));
    }
    return PrepareDynamicQuant(
        phase, {x, smoothScalesOptional, groupIndexOptional, yOut, scaleOut, offsetOut});
  });
}
ACLNN_SECOND_PHASE(aclnnDynamicQuantV2)

aclnnStatus aclnnQuantizeGetWorkspaceSize(const aclTensor* x, const aclTensor* scales,
                                          const aclTensor* zeroPoints, aclDataType dtype,
                                          int32_t axis, aclTensor* out, uint64_t* workspaceSize,
                                          aclOpExecutor** executor) {
  FirstPhase first("aclnnQuantize", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    GivenScale given{};
    given.divides = true;
    return PrepareGiven(phase, {"x", "scales", "zeroPoints", "out"}, x, scales, zeroPoints, out,
                        dtype, axis, given);
  });
}
ACLNN_SECOND_PHASE(aclnnQuantize)

aclnnStatus aclnnAscendQuantGetWorkspaceSize(const aclTensor* x, const aclTensor* scale,
                                             const aclTensor* offset, bool sqrtMode,
                                             const char* roundMode, int32_t dstType,
                                             const aclTensor* y, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  FirstPhase first("aclnnAscendQuant", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return PrepareAscendQuant(phase, {x, scale, offset, sqrtMode, roundMode, dstType, -1, y});
  });
}
ACLNN_SECOND_PHASE(aclnnAscendQuant)

aclnnStatus aclnnAscendQuantV3GetWorkspaceSize(const aclTensor* x, const aclTensor* scale,
                                               const aclTensor* offset, bool sqrtMode,
                                               const char* roundMode, int32_t dstType, int32_t axis,
                                               const aclTensor* y, uint64_t* workspaceSize,
                                               aclOpExecutor** executor) {
  FirstPhase first("aclnnAscendQuantV3", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return PrepareAscendQuant(phase, {x, scale, offset, sqrtMode, roundMode, dstType, axis, y});
  });
}
ACLNN_SECOND_PHASE(aclnnAscendQuantV3)

aclnnStatus aclnnAscendAntiQuantGetWorkspaceSize(const aclTensor* x, const aclTensor* scale,
                                                 const aclTensor* offset, int64_t dstType,
                                                 bool sqrtMode, const aclTensor* y,
                                                 uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  FirstPhase first("aclnnAscendAntiQuant", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.Input("scale", scale));
    OP_PLAN_CHECK(phase.OptionalInput("offset", offset));
    OP_PLAN_CHECK(phase.Output("y", y));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 0, ACL_INT8));
    const aclDataType dtype = phase.tensor(3).dtype;
    if (static_cast<int64_t>(dtype) != dstType || !opapi::IsFloating(dtype)) {
      return Refuse(op_plan::kParamInvalid,
                    "y is %s and dstType is %lld: want the same, of floating numbers",
                    opapi::DTypeName(dtype), static_cast<long long>(dstType));
    }
    if (sqrtMode) {
      return Refuse(op_plan::kParamInvalid, "sqrtMode is true: the host device does false alone");
    }
    if (phase.tensor(0).dim_count == 0)
      return Refuse(op_plan::kParamInvalid, "x has no dimensions");
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, ShapeOf(phase.tensor(0))));
    OP_PLAN_CHECK(CheckAlong(phase, 1, phase.tensor(0).dim_count - 1));
    OP_PLAN_CHECK(CheckAlong(phase, 2, phase.tensor(0).dim_count - 1));
    return phase.Bind([](const HostLaunch& launch, HostFailure*) { return Restore(launch); });
  });
}
ACLNN_SECOND_PHASE(aclnnAscendAntiQuant)

aclnnStatus aclnnTransQuantParamV2GetWorkspaceSize(const aclTensor* scale, const aclTensor* offset,
                                                   const aclTensor* out, uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  FirstPhase first("aclnnTransQuantParamV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("scale", scale));
    OP_PLAN_CHECK(phase.OptionalInput("offset", offset));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 0, ACL_FLOAT));
    OP_PLAN_CHECK(opapi::CheckDType(phase, 1, ACL_FLOAT));
    if (phase.tensor(2).dtype != ACL_UINT64) {
      OP_PLAN_CHECK(opapi::CheckDType(phase, 2, ACL_INT64));
    }
    const int64_t size = ShapeOf(phase.tensor(2)).size();
    for (size_t i = 0; i < 2; ++i) {
      if (phase.tensor(i).present && ShapeOf(phase.tensor(i)).size() == 1) continue;
      OP_PLAN_CHECK(opapi::CheckSize(phase, i, size));
    }
    return phase.Bind(
        [](const HostLaunch& launch, HostFailure*) { return PackParameters(launch); });
  });
}
ACLNN_SECOND_PHASE(aclnnTransQuantParamV2)
