// SPDX-License-Identifier: Apache-2.0
// dispatch, combine's partner: its checks, and the plan that a kernel works from.
#pragma once

#include <cstdint>

#include "op_plan/routing.h"
#include "op_plan/tensor_spec.h"

namespace op_plan {

// The tensors in the order of the C signature of V3; V1 and V2 lack elastic_info.
enum DispatchTensor : uint32_t {
  kDispatchX,
  kDispatchExpertIds,
  kDispatchScales,
  kDispatchXActiveMask,
  kDispatchExpertScales,
  kDispatchElasticInfo,
  kDispatchInputs,
  kDispatchExpandX = kDispatchInputs,
  kDynamicScales,
  kDispatchExpandIdx,
  kExpertTokenNums,
  kEpRecvCounts,
  kTpRecvCounts,
  kDispatchExpandScales,
  kDispatchTensors,
};
const char* DispatchTensorName(uint32_t tensor);

struct DispatchAttributes {
  ExpertParallelAttributes ep;
  int64_t quant_mode;
  int64_t expert_token_nums_type;
  RowOrigin row_origin;  // V1 gives positions, V2 and V3 triples
};

// Plain data: kernels get it by copy.
struct DispatchPlan {
  ExpertParallel ep;
  bool half;      // x is float16, else bfloat16
  bool quantise;  // rows leave as int8 with one scale each
  bool smooth;    // each expert has scales of its own
  bool elastic;
  MaskKind mask;
  RowOrigin row_origin;
  bool running_totals;  // expert_token_nums_type 0
};

// Checks `tensors[kDispatchTensors]` and the attributes; fills the plan.
Verdict MakeDispatchPlan(const TensorSpec* tensors, const DispatchAttributes& attributes,
                         DispatchPlan* plan);

}  // namespace op_plan
