// SPDX-License-Identifier: Apache-2.0
#include "op_plan/dispatch_plan.h"

#include <cinttypes>

#include "op_plan/limits.h"

namespace op_plan {

const char* DispatchTensorName(uint32_t tensor) {
  static const char* const kNames[kDispatchTensors] = {"x",
                                                       "expert_ids",
                                                       "scales",
                                                       "x_active_mask",
                                                       "expert_scales",
                                                       "elastic_info",
                                                       "expand_x",
                                                       "dynamic_scales",
                                                       "expand_idx",
                                                       "expert_token_nums",
                                                       "ep_recv_counts",
                                                       "tp_recv_counts",
                                                       "expand_scales"};
  return tensor < kDispatchTensors ? kNames[tensor] : "?";
}

namespace {

constexpr uint32_t kRequired[] = {kDispatchX,         kDispatchExpertIds, kDispatchExpandX,
                                  kDispatchExpandIdx, kExpertTokenNums,   kEpRecvCounts};

Verdict CheckPresence(const TensorSpec* t, const DispatchAttributes& a) {
  for (uint32_t tensor : kRequired) OP_PLAN_CHECK(CheckPresent(t[tensor]));
  if (a.quant_mode == kQuantDynamic) OP_PLAN_CHECK(CheckPresent(t[kDynamicScales]));
  if (a.ep.tp_world_size == kMaxTpWorldSize) OP_PLAN_CHECK(CheckPresent(t[kTpRecvCounts]));
  return {};
}

Verdict CheckDTypes(const TensorSpec* t, const DispatchAttributes& a) {
  const DType x = t[kDispatchX].dtype;
  if (x != DType::kBf16 && x != DType::kFloat16) {
    return Refuse(kParamInvalid, "x must be bfloat16 or float16, got %s", DTypeName(x));
  }
  OP_PLAN_CHECK(CheckDType(t[kDispatchX], x));
  OP_PLAN_CHECK(CheckDType(t[kDispatchExpertIds], DType::kInt32));
  OP_PLAN_CHECK(CheckDType(t[kDispatchScales], DType::kFloat32));
  OP_PLAN_CHECK(CheckDType(t[kDispatchXActiveMask], DType::kBool));
  OP_PLAN_CHECK(CheckDType(t[kDispatchElasticInfo], DType::kInt32));
  OP_PLAN_CHECK(CheckDType(t[kDispatchExpandX], a.quant_mode == kQuantDynamic ? DType::kInt8 : x));
  if (a.quant_mode == kQuantDynamic) OP_PLAN_CHECK(CheckDType(t[kDynamicScales], DType::kFloat32));
  OP_PLAN_CHECK(CheckDType(t[kDispatchExpandIdx], DType::kInt32));
  OP_PLAN_CHECK(CheckDType(t[kExpertTokenNums], DType::kInt64));
  OP_PLAN_CHECK(CheckDType(t[kEpRecvCounts], DType::kInt32));
  if (a.ep.tp_world_size == kMaxTpWorldSize) {
    OP_PLAN_CHECK(CheckDType(t[kTpRecvCounts], DType::kInt32));
  }
  return {};
}

Verdict CheckOutputs(const TensorSpec* t, const ExpertParallel& ep, const DispatchAttributes& a) {
  const bool elastic = t[kDispatchElasticInfo].present;
  const int64_t rows = ep.RoomRows(elastic) * ep.tp_world_size;
  const int64_t local = ep.RoomExperts(elastic);
  OP_PLAN_CHECK(CheckDimCount(t[kDispatchExpandX], "(max(tp_world_size, 1) * A, H)", 2));
  OP_PLAN_REQUIRE(t[kDispatchExpandX].dims[0] >= rows && t[kDispatchExpandX].dims[1] == ep.h,
                  "expand_x must have shape (max(tp_world_size, 1) * A, H) = (%" PRId64
                  ", %u), got %s",
                  rows, ep.h, ShapeText(t[kDispatchExpandX]).c_str());
  if (a.quant_mode == kQuantDynamic) {
    OP_PLAN_CHECK(CheckAtLeast(t[kDynamicScales], "max(tp_world_size, 1) * A", rows));
  }
  if (a.row_origin == RowOrigin::kPositions) {
    OP_PLAN_CHECK(CheckShape(t[kDispatchExpandIdx], "(BS * K,)", {int64_t{ep.bs} * ep.k}));
  } else {
    OP_PLAN_CHECK(
        CheckAtLeast(t[kDispatchExpandIdx], "A * 128", ep.RoomRows(elastic) * kAssistInfoPerRow));
  }
  OP_PLAN_CHECK(CheckAtLeast(t[kExpertTokenNums], "local_expert_num", local));
  OP_PLAN_CHECK(CheckAtLeast(t[kEpRecvCounts],
                             "ep_world_size * max(tp_world_size, 1) * local_expert_num",
                             int64_t{ep.ep_world_size} * ep.tp_world_size * local));
  if (ep.tp_world_size == kMaxTpWorldSize) {
    OP_PLAN_CHECK(CheckShape(t[kTpRecvCounts], "(tp_world_size,)", {kMaxTpWorldSize}));
  }
  return {};
}

}  // namespace

Verdict MakeDispatchPlan(const TensorSpec* t, const DispatchAttributes& a, DispatchPlan* plan) {
  OP_PLAN_CHECK(CheckPresence(t, a));
  OP_PLAN_CHECK(CheckGroupNames(a.ep));
  OP_PLAN_CHECK(CheckDTypes(t, a));
  OP_PLAN_CHECK(CheckDimCount(t[kDispatchX], "(BS, H)", 2));
  OP_PLAN_CHECK(CheckDimCount(t[kDispatchExpertIds], "(BS, K)", 2));
  OP_PLAN_CHECK(CheckExpertParallel(a.ep, t[kDispatchExpertIds].dims[0],
                                    t[kDispatchExpertIds].dims[1], t[kDispatchX].dims[1],
                                    &plan->ep));
  const ExpertParallel& ep = plan->ep;
  OP_PLAN_CHECK(CheckShape(t[kDispatchX], "(BS, H)", {int64_t{ep.bs}, int64_t{ep.h}}));
  OP_PLAN_REQUIRE(a.quant_mode == kQuantNone || a.quant_mode == kQuantDynamic,
                  "quant_mode must be 0 or 2 (dynamic int8), got %" PRId64, a.quant_mode);
  OP_PLAN_REQUIRE(a.expert_token_nums_type == 0 || a.expert_token_nums_type == 1,
                  "expert_token_nums_type must be 0 (running totals) or 1 (counts), got %" PRId64,
                  a.expert_token_nums_type);
  OP_PLAN_REQUIRE(!t[kDispatchScales].present || a.quant_mode == kQuantDynamic,
                  "scales must be null when quant_mode is 0");
  OP_PLAN_CHECK(CheckShape(t[kDispatchScales], "(shared_expert_num + moe_expert_num, H)",
                           {int64_t{ep.shared_expert_num} + ep.moe_expert_num, int64_t{ep.h}}));
  OP_PLAN_CHECK(CheckMask(t[kDispatchXActiveMask], ep, a.ep.global_bs, &plan->mask));
  OP_PLAN_CHECK(CheckShape(t[kDispatchElasticInfo], "(4 + 2 * ep_world_size,)",
                           {4 + 2 * int64_t{ep.ep_world_size}}));
  OP_PLAN_REQUIRE(!t[kDispatchElasticInfo].present || ep.tp_world_size == 1,
                  "elastic_info must be null when tp_world_size is 2");
  OP_PLAN_CHECK(CheckOutputs(t, ep, a));

  plan->half = t[kDispatchX].dtype == DType::kFloat16;
  plan->quantise = a.quant_mode == kQuantDynamic;
  plan->smooth = t[kDispatchScales].present;
  plan->elastic = t[kDispatchElasticInfo].present;
  plan->row_origin = a.row_origin;
  plan->running_totals = a.expert_token_nums_type == 0;
  return {};
}

}  // namespace op_plan
