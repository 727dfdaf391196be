// SPDX-License-Identifier: Apache-2.0
// Tokens put in the order of their experts, one row for each choice of an expert.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "aclnnop/aclnn_moe_init_routing.h"
#include "aclnnop/aclnn_moe_init_routing_v2.h"
#include "aclnnop/aclnn_moe_init_routing_v3.h"
#include "engine/row_copy.h"
#include "engine/shape_check.h"
#include "engine/token_order.h"
#include "engine/token_quantise.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Indices;
using opapi::Inverse;
using opapi::Ordered;
using opapi::Refuse;
using opapi::ShapeFrom;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::StoreAll;
using opapi::Vectors;
using opapi::Verdict;

// ---- aclnnMoeInitRouting

// x, row index, expert index; expanded x, expanded row index, expanded expert index.
aclError RouteWithRows(const HostLaunch& launch, int64_t active, HostFailure* failure) {
  const HostTensorView* const t = launch.tensors;
  const Indices rows = opapi::ElementsOf<int64_t>(t[1]);
  const Indices experts = opapi::ElementsOf<int64_t>(t[2]);
  const Indices order = Ordered(experts);
  const int64_t tokens = t[0].dims[0];
  Indices sorted_experts(order.size());
  Indices places(order.size(), -1);
  Indices sources(static_cast<size_t>(active));
  for (size_t i = 0; i < order.size(); ++i) {
    const auto choice = static_cast<size_t>(order[i]);
    const int64_t row = rows[choice];
    if (row < 0 || row >= static_cast<int64_t>(order.size())) {
      std::snprintf(failure->text, sizeof(failure->text), "rowIdx holds %lld: want 0 to %zu",
                    static_cast<long long>(row), order.size() - 1);
      return ACL_ERROR_INVALID_PARAM;
    }
    sorted_experts[i] = experts[choice];
    places[static_cast<size_t>(row)] = static_cast<int64_t>(i);
    if (i < sources.size()) sources[i] = row % tokens;
  }
  StoreAll(places, t[4]);
  StoreAll(sorted_experts, t[5]);
  opapi::CopyRows(t[0], sources, t[3]);
  return ACL_SUCCESS;
}

// ---- aclnnMoeInitRoutingV2 and V3

// What the counts of the experts' tokens are given as.
enum class Tokens { kNone, kSums, kCounts, kPairs };

struct Routing {
  int64_t first_expert, end_expert;  // of those whose tokens are wanted
  int64_t expert_num;
  int64_t capacity;  // rows per expert, 0: as many as there are
  bool scatter;      // expanded row index says where a row came from, not where a choice went
  bool quantises;
  Tokens tokens;
  bool has_before_capacity;
};

// x, expert index, scale; expanded x, expanded row index, tokens, then expanded scale (V3) or
// tokens before capacity (V2).
enum RoutingPlace : size_t { kX, kExpertIdx, kScale, kExpandedX, kRowIdx, kTokens, kFourth };

void StoreTokens(const Indices& counts, const Routing& routing, const HostTensorView& view) {
  Indices values = counts;
  switch (routing.tokens) {
    case Tokens::kNone:
      return;
    case Tokens::kCounts:
      break;
    case Tokens::kSums:
      std::partial_sum(counts.begin(), counts.end(), values.begin());
      break;
    case Tokens::kPairs: {
      values.assign(static_cast<size_t>(2 * view.dims[0]), 0);
      size_t next = 0;
      for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        values[next++] = routing.first_expert + static_cast<int64_t>(i);
        values[next++] = counts[i];
      }
      break;
    }
  }
  StoreAll(values, view);
}

// The choices in the order of their rows in expanded x; -1 for a row without one.
struct Rows {
  Indices choices;
  Indices experts;  // of each row
};

Rows Arrange(const Indices& order, const Indices& experts, const Routing& routing, int64_t rows) {
  Rows arranged;
  if (routing.capacity == 0) {
    const auto count = std::min(order.size(), static_cast<size_t>(rows));
    arranged.choices.assign(order.begin(), order.begin() + static_cast<int64_t>(count));
  } else {
    arranged.choices.assign(static_cast<size_t>(rows), -1);
    Indices used(static_cast<size_t>(routing.expert_num), 0);
    for (const int64_t choice : order) {
      const int64_t expert = experts[static_cast<size_t>(choice)];
      int64_t& taken = used[static_cast<size_t>(expert)];
      if (taken == routing.capacity) continue;
      arranged.choices[static_cast<size_t>(expert * routing.capacity + taken++)] = choice;
    }
  }
  for (const int64_t choice : arranged.choices) {
    arranged.experts.push_back(choice < 0 ? 0 : experts[static_cast<size_t>(choice)]);
  }
  return arranged;
}

aclError QuantiseExpanded(const HostLaunch& launch, const Routing& routing, const Rows& rows,
                          int64_t k, HostFailure* failure) {
  const HostTensorView* const t = launch.tensors;
  const Vectors x(t[kX], 1);
  const Vectors out(t[kExpandedX], t[kExpandedX].dim_count - 1);
  const Vectors scales(t[kFourth], t[kFourth].dim_count);
  const std::vector<float> smooth =
      t[kScale].present ? opapi::ElementsOf<float>(t[kScale]) : std::vector<float>();
  const int64_t n = x.length();
  const auto length = static_cast<size_t>(n);
  return opapi::ForEachVector<float>(
      static_cast<int64_t>(rows.choices.size()), n, n, failure, [&](int64_t index, float* row) {
        const auto i = static_cast<size_t>(index);
        float scale = 0;
        if (rows.choices[i] < 0) {
          std::fill_n(row, n, 0.0F);
        } else {
          x.Load(rows.choices[i] / k, row);
          const auto expert = static_cast<size_t>(rows.experts[i] - routing.first_expert);
          const size_t first = smooth.size() == length ? 0 : expert * length;
          for (size_t j = 0; !smooth.empty() && j < length; ++j) row[j] *= smooth[first + j];
          scale = opapi::QuantiseToken(row, n);
        }
        out.Store(row, index);
        scales.Store(&scale, index);
      });
}

aclError Route(const HostLaunch& launch, const Routing& routing, HostFailure* failure) {
  const HostTensorView* const t = launch.tensors;
  const Indices experts = opapi::ElementsOf<int64_t>(t[kExpertIdx]);
  const int64_t k = t[kExpertIdx].dims[1];
  Indices order = Ordered(experts);
  // Experts of other ranks are no concern of this one's.
  const auto is_outside = [&](int64_t choice) {
    const int64_t expert = experts[static_cast<size_t>(choice)];
    return expert < routing.first_expert || expert >= routing.end_expert;
  };
  order.erase(std::remove_if(order.begin(), order.end(), is_outside), order.end());
  Indices counts(static_cast<size_t>(routing.end_expert - routing.first_expert), 0);
  for (const int64_t choice : order) {
    ++counts[static_cast<size_t>(experts[static_cast<size_t>(choice)] - routing.first_expert)];
  }
  if (routing.has_before_capacity) StoreAll(counts, t[kFourth]);
  int64_t capacity_rows = t[kExpandedX].dims[0];
  if (routing.capacity > 0) capacity_rows = routing.expert_num * routing.capacity;
  const Rows rows = Arrange(order, experts, routing, capacity_rows);
  Indices places = Inverse({}, experts.size());
  for (size_t i = 0; i < rows.choices.size(); ++i) {
    if (rows.choices[i] < 0) continue;
    if (routing.scatter) {
      places[i] = rows.choices[i];
    } else {
      places[static_cast<size_t>(rows.choices[i])] = static_cast<int64_t>(i);
    }
  }
  StoreAll(places, t[kRowIdx]);
  if (t[kTokens].present) StoreTokens(counts, routing, t[kTokens]);
  if (routing.quantises) return QuantiseExpanded(launch, routing, rows, k, failure);
  Indices sources;
  for (const int64_t choice : rows.choices) sources.push_back(choice < 0 ? -1 : choice / k);
  opapi::CopyRows(t[kX], sources, t[kExpandedX]);
  // Without quantisation a token's scale goes with it.
  if (t[kScale].present) opapi::CopyRows(t[kScale], sources, t[kFourth]);
  return ACL_SUCCESS;
}

Verdict CheckRoutingShapes(const FirstPhase& phase, const Routing& routing) {
  OP_PLAN_CHECK(opapi::CheckDims(phase, kX, 2));
  OP_PLAN_CHECK(opapi::CheckDims(phase, kExpertIdx, 2));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kExpertIdx));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kRowIdx));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kTokens));
  const HostTensorView& x = phase.tensor(kX);
  const HostTensorView& experts = phase.tensor(kExpertIdx);
  if (experts.dims[0] != x.dims[0]) {
    return Refuse(op_plan::kParamInvalid, "expertIdx has %lld rows, x has %lld",
                  static_cast<long long>(experts.dims[0]), static_cast<long long>(x.dims[0]));
  }
  const int64_t choices = ShapeOf(experts).size();
  OP_PLAN_CHECK(opapi::CheckSize(phase, kRowIdx, choices));
  const HostTensorView& expanded = phase.tensor(kExpandedX);
  if (routing.capacity > 0) {
    OP_PLAN_CHECK(opapi::CheckShape(phase, kExpandedX,
                                    ShapeFrom({routing.expert_num, routing.capacity, x.dims[1]})));
  } else {
    OP_PLAN_CHECK(opapi::CheckDims(phase, kExpandedX, 2));
    if (expanded.dims[1] != x.dims[1] || expanded.dims[0] > choices) {
      return Refuse(op_plan::kParamInvalid,
                    "expandedXOut has shape %s: want up to %lld rows of %lld",
                    ShapeText(ShapeOf(expanded)).c_str(), static_cast<long long>(choices),
                    static_cast<long long>(x.dims[1]));
    }
  }
  const int64_t wanted = routing.end_expert - routing.first_expert;
  if (routing.tokens == Tokens::kPairs) {
    OP_PLAN_CHECK(opapi::CheckDims(phase, kTokens, 2));
    const HostTensorView& tokens = phase.tensor(kTokens);
    if (tokens.dims[0] >= wanted && tokens.dims[1] == 2) return {};
    return Refuse(op_plan::kParamInvalid, "%s has shape %s: want pairs for %lld experts",
                  phase.name(kTokens), ShapeText(ShapeOf(tokens)).c_str(),
                  static_cast<long long>(wanted));
  }
  if (routing.tokens != Tokens::kNone) OP_PLAN_CHECK(opapi::CheckSize(phase, kTokens, wanted));
  return {};
}

Verdict CheckQuantised(const FirstPhase& phase, const Routing& routing) {
  const HostTensorView& x = phase.tensor(kX);
  const HostTensorView& scale = phase.tensor(kScale);
  const int64_t rows = ShapeOf(phase.tensor(kExpandedX)).size() / std::max<int64_t>(1, x.dims[1]);
  if (!routing.quantises) {
    OP_PLAN_CHECK(opapi::CheckDType(phase, kExpandedX, x.dtype));
    if (!scale.present) return {};
    OP_PLAN_CHECK(opapi::CheckDType(phase, kScale, ACL_FLOAT));
    OP_PLAN_CHECK(opapi::CheckSize(phase, kScale, x.dims[0]));
    OP_PLAN_CHECK(opapi::CheckDims(phase, kScale, 1));
    OP_PLAN_CHECK(opapi::CheckDType(phase, kFourth, ACL_FLOAT));
    return opapi::CheckShape(phase, kFourth, ShapeFrom({rows}));
  }
  if (!opapi::IsFloating(x.dtype) || x.dtype == ACL_DOUBLE) {
    return Refuse(op_plan::kParamInvalid,
                  "x is %s, which is not quantised: want float16, bf16 or "
                  "float32",
                  opapi::DTypeName(x.dtype));
  }
  OP_PLAN_CHECK(opapi::CheckDType(phase, kExpandedX, ACL_INT8));
  OP_PLAN_CHECK(opapi::CheckDType(phase, kFourth, ACL_FLOAT));
  OP_PLAN_CHECK(opapi::CheckSize(phase, kFourth, rows));
  if (!scale.present || ShapeOf(scale).size() == x.dims[1]) return {};
  return opapi::CheckSize(phase, kScale, (routing.end_expert - routing.first_expert) * x.dims[1]);
}

}  // namespace

aclnnStatus aclnnMoeInitRoutingGetWorkspaceSize(const aclTensor* x, const aclTensor* rowIdx,
                                                const aclTensor* expertIdx, int64_t activeNum,
                                                const aclTensor* expandedXOut,
                                                const aclTensor* expandedRowIdxOut,
                                                const aclTensor* expandedExpertIdxOut,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeInitRouting", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.Input("rowIdx", rowIdx));
    OP_PLAN_CHECK(phase.Input("expertIdx", expertIdx));
    OP_PLAN_CHECK(phase.Output("expandedXOut", expandedXOut));
    OP_PLAN_CHECK(phase.Output("expandedRowIdxOut", expandedRowIdxOut));
    OP_PLAN_CHECK(phase.Output("expandedExpertIdxOut", expandedExpertIdxOut));
    OP_PLAN_CHECK(opapi::CheckDims(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckDims(phase, 2, 2));
    for (const size_t i : {1, 2, 4, 5}) OP_PLAN_CHECK(opapi::CheckIndexDType(phase, i));
    const HostTensorView& tokens = phase.tensor(0);
    const HostTensorView& experts = phase.tensor(2);
    const int64_t choices = ShapeOf(experts).size();
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, ShapeFrom({tokens.dims[0], experts.dims[1]})));
    for (const size_t i : {1, 4, 5}) OP_PLAN_CHECK(opapi::CheckSize(phase, i, choices));
    OP_PLAN_CHECK(opapi::CheckRange("activeNum", activeNum, 0, tokens.dims[0]));
    const int64_t active = activeNum * experts.dims[1];
    OP_PLAN_CHECK(opapi::CheckDType(phase, 3, tokens.dtype));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, ShapeFrom({active, tokens.dims[1]})));
    return phase.Bind([active](const HostLaunch& launch, HostFailure* failure) {
      return RouteWithRows(launch, active, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeInitRouting)

aclnnStatus aclnnMoeInitRoutingV2GetWorkspaceSize(
    const aclTensor* x, const aclTensor* expertIdx, int64_t activeNumOptional,
    int64_t expertCapacityOptional, int64_t expertNumOptional, int64_t dropPadModeOptional,
    int64_t expertTokensCountOrCumsumFlagOptional, bool expertTokensBeforeCapacityFlagOptional,
    const aclTensor* expandedXOut, const aclTensor* expandedRowIdxOut,
    const aclTensor* expertTokensCountOrCumsumOutOptional,
    const aclTensor* expertTokensBeforeCapacityOutOptional, uint64_t* workspaceSize,
    aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeInitRoutingV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.Input("expertIdx", expertIdx));
    OP_PLAN_CHECK(phase.OptionalInput("scale", nullptr));
    OP_PLAN_CHECK(phase.Output("expandedXOut", expandedXOut));
    OP_PLAN_CHECK(phase.Output("expandedRowIdxOut", expandedRowIdxOut));
    OP_PLAN_CHECK(
        phase.OptionalOutput("expertTokensCountOrCumsumOut", expertTokensCountOrCumsumOutOptional));
    OP_PLAN_CHECK(phase.OptionalOutput("expertTokensBeforeCapacityOut",
                                       expertTokensBeforeCapacityOutOptional));
    OP_PLAN_CHECK(opapi::CheckRange("activeNum", activeNumOptional, -1, INT32_MAX));
    OP_PLAN_CHECK(opapi::CheckRange("dropPadMode", dropPadModeOptional, 0, 1));
    OP_PLAN_CHECK(opapi::CheckRange("expertTokensCountOrCumsumFlag",
                                    expertTokensCountOrCumsumFlagOptional, 0, 2));
    const bool pads = dropPadModeOptional == 1;
    OP_PLAN_CHECK(opapi::CheckRange("expertNum", expertNumOptional, pads ? 1 : 0, INT32_MAX));
    OP_PLAN_CHECK(
        opapi::CheckRange("expertCapacity", expertCapacityOptional, pads ? 1 : 0, INT32_MAX));
    constexpr Tokens kForms[] = {Tokens::kNone, Tokens::kSums, Tokens::kCounts};
    Routing routing{};
    routing.end_expert = expertNumOptional;
    routing.expert_num = expertNumOptional;
    routing.capacity = pads ? expertCapacityOptional : 0;
    routing.tokens = kForms[expertTokensCountOrCumsumFlagOptional];
    if (!phase.tensor(kTokens).present) routing.tokens = Tokens::kNone;
    // Without their number and any wish for counts, all experts are welcome.
    if (expertNumOptional == 0 && routing.tokens == Tokens::kNone) {
      routing.end_expert = INT32_MAX;
    }
    routing.has_before_capacity =
        expertTokensBeforeCapacityFlagOptional && phase.tensor(kFourth).present;
    if (routing.has_before_capacity) {
      OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kFourth));
      OP_PLAN_CHECK(opapi::CheckSize(phase, kFourth, expertNumOptional));
    }
    OP_PLAN_CHECK(CheckRoutingShapes(phase, routing));
    OP_PLAN_CHECK(opapi::CheckDType(phase, kExpandedX, phase.tensor(kX).dtype));
    return phase.Bind([routing](const HostLaunch& launch, HostFailure* failure) {
      return Route(launch, routing, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeInitRoutingV2)

aclnnStatus aclnnMoeInitRoutingV3GetWorkspaceSize(
    const aclTensor* x, const aclTensor* expertIdx, const aclTensor* scaleOptional,
    const aclTensor* offsetOptional, int64_t activeNum, int64_t expertCapacity, int64_t expertNum,
    int64_t dropPadMode, int64_t expertTokensNumType, bool expertTokensNumFlag, int64_t quantMode,
    const aclIntArray* activeExpertRangeOptional, int64_t rowIdxType, const aclTensor* expandedXOut,
    const aclTensor* expandedRowIdxOut, const aclTensor* expertTokensCountOrCumsumOut,
    const aclTensor* expandedScaleOut, uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeInitRoutingV3", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckAbsent("offset", offsetOptional));
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.Input("expertIdx", expertIdx));
    OP_PLAN_CHECK(phase.OptionalInput("scale", scaleOptional));
    OP_PLAN_CHECK(phase.Output("expandedXOut", expandedXOut));
    OP_PLAN_CHECK(phase.Output("expandedRowIdxOut", expandedRowIdxOut));
    OP_PLAN_CHECK(
        phase.OptionalOutput("expertTokensCountOrCumsumOut", expertTokensCountOrCumsumOut));
    OP_PLAN_CHECK(phase.OptionalOutput("expandedScaleOut", expandedScaleOut));
    OP_PLAN_CHECK(opapi::CheckRange("activeNum", activeNum, -1, INT32_MAX));
    OP_PLAN_CHECK(opapi::CheckRange("dropPadMode", dropPadMode, 0, 1));
    OP_PLAN_CHECK(opapi::CheckRange("expertNum", expertNum, 1, INT32_MAX));
    const bool pads = dropPadMode == 1;
    if (pads) OP_PLAN_CHECK(opapi::CheckRange("expertCapacity", expertCapacity, 1, INT32_MAX));
    OP_PLAN_CHECK(opapi::CheckRange("expertTokensNumType", expertTokensNumType, 0, 2));
    OP_PLAN_CHECK(opapi::CheckRange("rowIdxType", rowIdxType, 0, pads ? 0 : 1));
    if (quantMode != -1 && quantMode != 1) {
      return Refuse(op_plan::kParamInvalid,
                    "quantMode is %lld: the host device does -1 (none) and 1 (dynamic int8)",
                    static_cast<long long>(quantMode));
    }
    std::vector<int64_t> range;
    if (activeExpertRangeOptional != nullptr) {
      OP_PLAN_CHECK(opapi::ReadIntArray("activeExpertRange", activeExpertRangeOptional, &range));
    }
    if (range.empty()) range = {0, expertNum};
    if (range.size() != 2 || range[0] < 0 || range[0] > range[1] || range[1] > expertNum ||
        (pads && range[1] - range[0] != expertNum)) {
      return Refuse(
          op_plan::kParamInvalid,
          "activeExpertRange has %zu numbers: want first and end within [0, %lld], all of "
          "it with dropPadMode 1",
          range.size(), static_cast<long long>(expertNum));
    }
    constexpr Tokens kForms[] = {Tokens::kSums, Tokens::kCounts, Tokens::kPairs};
    Routing routing{};
    routing.first_expert = range[0];
    routing.end_expert = range[1];
    routing.expert_num = expertNum;
    routing.capacity = pads ? expertCapacity : 0;
    routing.scatter = rowIdxType == 1;
    routing.quantises = quantMode == 1;
    routing.tokens = expertTokensNumFlag ? kForms[expertTokensNumType] : Tokens::kNone;
    if (!phase.tensor(kTokens).present) routing.tokens = Tokens::kNone;
    OP_PLAN_CHECK(CheckRoutingShapes(phase, routing));
    OP_PLAN_CHECK(CheckQuantised(phase, routing));
    return phase.Bind([routing](const HostLaunch& launch, HostFailure* failure) {
      return Route(launch, routing, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeInitRoutingV3)
