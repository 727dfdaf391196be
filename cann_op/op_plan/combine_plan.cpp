// SPDX-License-Identifier: Apache-2.0
#include "op_plan/combine_plan.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

#include "op_plan/limits.h"

namespace op_plan {

const char* CombineTensorName(uint32_t tensor) {
  static const char* const kNames[kCombineTensors] = {"expand_x",
                                                      "expert_ids",
                                                      "expand_idx",
                                                      "ep_send_counts",
                                                      "expert_scales",
                                                      "residual_x",
                                                      "gamma",
                                                      "tp_send_counts",
                                                      "x_active_mask",
                                                      "activation_scale",
                                                      "weight_scale",
                                                      "group_list",
                                                      "expand_scales",
                                                      "shared_expert_x",
                                                      "elastic_info",
                                                      "ori_x",
                                                      "const_expert_alpha_1",
                                                      "const_expert_alpha_2",
                                                      "const_expert_v",
                                                      "y",
                                                      "rstd_out",
                                                      "x"};
  return tensor < kCombineTensors ? kNames[tensor] : "?";
}

namespace {

constexpr uint32_t kRequired[] = {kExpandX,   kExpertIds, kExpandIdx, kEpSendCounts, kExpertScales,
                                  kResidualX, kGamma,     kY,         kRstdOut,      kX};
constexpr uint32_t kReserved[] = {kActivationScale, kWeightScale, kGroupList};

constexpr struct {
  uint32_t tensor;
  DType dtype;
} kDTypes[] = {
    {kExpandX, DType::kBf16},
    {kExpertIds, DType::kInt32},
    {kExpandIdx, DType::kInt32},
    {kEpSendCounts, DType::kInt32},
    {kExpertScales, DType::kFloat32},
    {kResidualX, DType::kBf16},
    {kGamma, DType::kBf16},
    {kXActiveMask, DType::kBool},
    {kSharedExpertX, DType::kBf16},
    {kElasticInfo, DType::kInt32},
    {kOriX, DType::kBf16},
    {kConstExpertAlpha1, DType::kBf16},
    {kConstExpertAlpha2, DType::kBf16},
    {kConstExpertV, DType::kBf16},
    {kY, DType::kBf16},
    {kRstdOut, DType::kFloat32},
    {kX, DType::kBf16},
};

Verdict CheckPresence(const TensorSpec* t, const CombineAttributes& a) {
  for (uint32_t tensor : kRequired) OP_PLAN_CHECK(CheckPresent(t[tensor]));
  if (a.ep.tp_world_size == kMaxTpWorldSize) OP_PLAN_CHECK(CheckPresent(t[kTpSendCounts]));
  if (a.ep.copy_expert_num > 0 || a.ep.const_expert_num > 0) OP_PLAN_CHECK(CheckPresent(t[kOriX]));
  if (a.ep.const_expert_num > 0) {
    OP_PLAN_CHECK(CheckPresent(t[kConstExpertAlpha1]));
    OP_PLAN_CHECK(CheckPresent(t[kConstExpertAlpha2]));
    OP_PLAN_CHECK(CheckPresent(t[kConstExpertV]));
  }
  return {};
}

Verdict CheckDTypes(const TensorSpec* t, const CombineAttributes& a) {
  for (const auto& row : kDTypes) OP_PLAN_CHECK(CheckDType(t[row.tensor], row.dtype));
  if (a.ep.tp_world_size == kMaxTpWorldSize) {
    OP_PLAN_CHECK(CheckDType(t[kTpSendCounts], DType::kInt32));
  }
  return {};
}

Verdict CheckAttributes(const TensorSpec* t, const CombineAttributes& a) {
  OP_PLAN_REQUIRE(a.out_dtype == 0, "out_dtype must be 0, got %" PRId64, a.out_dtype);
  // It would say what group_list holds, and there never is one: CANN's own example passes 1.
  OP_PLAN_REQUIRE(a.group_list_type == 0 || a.group_list_type == 1,
                  "group_list_type must be 0 or 1, got %" PRId64, a.group_list_type);
  OP_PLAN_REQUIRE(a.comm_quant_mode == kCommQuantNone || a.comm_quant_mode == kCommQuantInt8,
                  "comm_quant_mode must be 0 or 2 (int8), got %" PRId64, a.comm_quant_mode);
  OP_PLAN_REQUIRE(std::isfinite(a.norm_eps) && a.norm_eps >= 0,
                  "norm_eps must be finite and at least 0, got %g", double{a.norm_eps});
  for (uint32_t tensor : kReserved) {
    OP_PLAN_REQUIRE(!t[tensor].present, "%s is reserved and must be null", t[tensor].name);
  }
  if (a.ep.tp_world_size == kMaxTpWorldSize) {
    OP_PLAN_REQUIRE(a.comm_quant_mode == kCommQuantNone,
                    "comm_quant_mode must be 0 when tp_world_size is 2, got %" PRId64,
                    a.comm_quant_mode);
    OP_PLAN_REQUIRE(!t[kElasticInfo].present, "elastic_info must be null when tp_world_size is 2");
  }
  OP_PLAN_REQUIRE(!t[kSharedExpertX].present || a.ep.shared_expert_rank_num == 0,
                  "shared_expert_x must be null when shared_expert_rank_num is not 0, got "
                  "shared_expert_rank_num %" PRId64,
                  a.ep.shared_expert_rank_num);
  return {};
}

// A tensor of (BS, 1, H), or (BS, H) where `flat_too`.
Verdict CheckTokenRows(const TensorSpec& tensor, const ExpertParallel& ep, bool flat_too) {
  if (!tensor.present) return {};
  if (flat_too && tensor.dim_count == 2) {
    return CheckShape(tensor, "(BS, H)", {int64_t{ep.bs}, int64_t{ep.h}});
  }
  return CheckShape(tensor, flat_too ? "(BS, 1, H) or (BS, H), here (BS, 1, H)" : "(BS, 1, H)",
                    {int64_t{ep.bs}, 1, int64_t{ep.h}});
}

Verdict CheckRowTensors(const TensorSpec* t, const ExpertParallel& ep, CombinePlan* plan) {
  const bool elastic = t[kElasticInfo].present;
  const int64_t rows = ep.RoomRows(elastic);
  OP_PLAN_REQUIRE(t[kExpandX].dims[0] >= rows * ep.tp_world_size,
                  "expand_x must have at least max(tp_world_size, 1) * A = %u * %" PRId64
                  " rows, got shape %s",
                  ep.tp_world_size, rows, ShapeText(t[kExpandX]).c_str());
  const TensorSpec& idx = t[kExpandIdx];
  const int64_t positions = int64_t{ep.bs} * ep.k;
  const int64_t triples = rows * kAssistInfoPerRow;
  OP_PLAN_REQUIRE(idx.dim_count == 1 && (idx.dims[0] == positions || idx.dims[0] >= triples),
                  "expand_idx must be 1D with A * %" PRId64 " = %" PRId64
                  " elements (dispatch V2, V3) or BS * K = %" PRId64 " (dispatch V1), got shape %s",
                  kAssistInfoPerRow, triples, positions, ShapeText(idx).c_str());
  plan->row_origin = idx.dims[0] == positions ? RowOrigin::kPositions : RowOrigin::kTriples;
  // torch_npu allocates more when dispatch was given expert_scales.
  return CheckAtLeast(
      t[kEpSendCounts], "ep_world_size * max(tp_world_size, 1) * local_expert_num",
      int64_t{ep.ep_world_size} * ep.tp_world_size * ep.LocalExpertNum(ep.ep_rank_id));
}

Verdict CheckSpecialTensors(const TensorSpec* t, const ExpertParallel& ep) {
  const int64_t bs = ep.bs;
  const int64_t h = ep.h;
  const int64_t n = ep.const_expert_num;
  OP_PLAN_CHECK(
      CheckShape(t[kElasticInfo], "(4 + 2 * ep_world_size,)", {4 + 2 * int64_t{ep.ep_world_size}}));
  OP_PLAN_CHECK(CheckShape(t[kOriX], "(BS, H)", {bs, h}));
  for (uint32_t alpha : {kConstExpertAlpha1, kConstExpertAlpha2}) {
    if (t[alpha].dim_count == 2) {
      OP_PLAN_CHECK(CheckShape(t[alpha], "(const_expert_num, H)", {n, h}));
    } else {
      OP_PLAN_CHECK(CheckShape(t[alpha], "(const_expert_num,)", {n}));
    }
  }
  return CheckShape(t[kConstExpertV], "(const_expert_num, H)", {n, h});
}

}  // namespace

Verdict MakeCombinePlan(const TensorSpec* t, const CombineAttributes& a, CombinePlan* plan) {
  OP_PLAN_CHECK(CheckPresence(t, a));
  OP_PLAN_CHECK(CheckGroupNames(a.ep));
  OP_PLAN_CHECK(CheckDTypes(t, a));
  OP_PLAN_CHECK(CheckDimCount(t[kExpertIds], "(BS, K)", 2));
  OP_PLAN_CHECK(CheckDimCount(t[kExpandX], "(max(tp_world_size, 1) * A, H)", 2));
  OP_PLAN_CHECK(CheckExpertParallel(a.ep, t[kExpertIds].dims[0], t[kExpertIds].dims[1],
                                    t[kExpandX].dims[1], &plan->ep));
  OP_PLAN_CHECK(CheckAttributes(t, a));

  const ExpertParallel& ep = plan->ep;
  const int64_t bs = ep.bs;
  OP_PLAN_CHECK(CheckRowTensors(t, ep, plan));
  OP_PLAN_CHECK(CheckShape(t[kExpertScales], "(BS, K)", {bs, int64_t{ep.k}}));
  OP_PLAN_CHECK(CheckTokenRows(t[kResidualX], ep, true));
  OP_PLAN_CHECK(CheckShape(t[kGamma], "(H,)", {int64_t{ep.h}}));
  if (ep.tp_world_size == kMaxTpWorldSize) {
    OP_PLAN_CHECK(CheckShape(t[kTpSendCounts], "(tp_world_size,)", {kMaxTpWorldSize}));
  }
  OP_PLAN_CHECK(CheckMask(t[kXActiveMask], ep, a.ep.global_bs, &plan->mask));
  OP_PLAN_CHECK(CheckTokenRows(t[kSharedExpertX], ep, true));
  OP_PLAN_CHECK(CheckSpecialTensors(t, ep));
  OP_PLAN_CHECK(CheckTokenRows(t[kY], ep, false));
  OP_PLAN_CHECK(CheckShape(t[kRstdOut], "(BS, 1, 1)", {bs, 1, 1}));
  OP_PLAN_CHECK(CheckTokenRows(t[kX], ep, false));
  for (uint32_t output : {kY, kRstdOut, kX}) OP_PLAN_CHECK(CheckContiguous(t[output]));

  plan->int8_rows = a.comm_quant_mode == kCommQuantInt8;
  plan->elastic = t[kElasticInfo].present;
  plan->norm_eps = a.norm_eps;
  return {};
}

}  // namespace op_plan
