// SPDX-License-Identifier: Apache-2.0
#include "op_host/moe_distribute_combine_add_rms_norm_tiling.h"

#include <cstring>
#include <exception>

#include "npu/error_report.h"
#include "op_host/hccl_buffer_size.h"
#include "op_host/hccl_tiling.h"
#include "op_host/tiling_call.h"
#include "op_plan/combine_plan.h"
#include "op_plan/combine_tiling.h"
#include "tiling/platform/platform_ascendc.h"

namespace op_host {
namespace {

using op_plan::CombineTiling;
using op_plan::Verdict;

// The cores wait for one another, so none may start before there is room for all.
constexpr uint32_t kBatchMode = 1;

op_plan::CombineResources ReadResources(const platform_ascendc::PlatformAscendC& chip) {
  op_plan::CombineResources resources = {};
  resources.cores = chip.GetCoreNumAiv();
  chip.GetCoreMemSize(platform_ascendc::CoreMemType::UB, resources.ub_bytes);
  return resources;
}

op_plan::CombineShapes ShapesOf(const TilingCall& call) {
  return {call.tensors[op_plan::kSharedExpertX].present,
          call.tensors[op_plan::kConstExpertAlpha1].dim_count == 2,
          call.tensors[op_plan::kConstExpertAlpha2].dim_count == 2};
}

Verdict FillTiling(const TilingCall& call, op_plan::CombineResources resources,
                   CombineTiling* tiling) {
  op_plan::CombinePlan plan = {};
  OP_PLAN_CHECK(op_plan::MakeCombinePlan(call.tensors, call.attributes, &plan));
  OP_PLAN_CHECK(ReadHcclBufferSize(&resources.window_bytes));
  OP_PLAN_CHECK(op_plan::CheckBufferSize(plan.ep, resources.window_bytes));
  resources.tp_window_bytes = resources.window_bytes;
  OP_PLAN_CHECK(
      op_plan::CheckWindow("group_tp", op_plan::PairWindowBytes(plan), resources.tp_window_bytes));
  OP_PLAN_REQUIRE(resources.cores >= 1 && resources.cores <= op_plan::kMaxVectorCores,
                  "the operator runs on 1 to %u vector cores, this chip has %u",
                  op_plan::kMaxVectorCores, resources.cores);
  OP_PLAN_REQUIRE(op_plan::FillCombineTiling(plan, ShapesOf(call), resources, tiling),
                  "H %u with K %u does not fit into %llu bytes of unified buffer", plan.ep.h,
                  plan.ep.k, static_cast<unsigned long long>(resources.ub_bytes));
  return FillHcclTiling(call.attributes.ep, tiling);
}

Verdict Fill(gert::TilingContext* context) {
  TilingCall call;
  OP_PLAN_CHECK(ReadTilingCall(context, &call));
  auto* const tiling = context->GetTilingData<CombineTiling>();
  size_t* const workspaces = context->GetWorkspaceSizes(1);
  OP_PLAN_REQUIRE(tiling != nullptr && workspaces != nullptr,
                  "CANN gives no room for %zu bytes of tiling", sizeof(CombineTiling));
  std::memset(static_cast<void*>(tiling), 0, sizeof(*tiling));

  const platform_ascendc::PlatformAscendC chip(context->GetPlatformInfo());
  const op_plan::CombineResources resources = ReadResources(chip);
  OP_PLAN_CHECK(FillTiling(call, resources, tiling));
  workspaces[0] = chip.GetLibApiWorkSpaceSize() + op_plan::kCombineWorkspaceBytes;
  context->SetTilingKey(op_plan::kCombineTilingKey);
  context->SetBlockDim(chip.CalcTschBlockDim(resources.cores, 0, resources.cores));
  context->SetScheduleMode(kBatchMode);
  return {};
}

}  // namespace

ge::graphStatus Tiling(gert::TilingContext* context) {
  if (context == nullptr) return ge::GRAPH_FAILED;
  try {
    const Verdict refusal = Fill(context);
    if (!refusal) return ge::GRAPH_SUCCESS;
    npu::ReportError(context->GetNodeName(), refusal->text.c_str());
  } catch (const std::exception& exception) {
    npu::ReportError(context->GetNodeName(), exception.what());
  }
  return ge::GRAPH_FAILED;
}

}  // namespace op_host
