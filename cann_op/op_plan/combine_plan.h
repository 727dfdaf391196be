// SPDX-License-Identifier: Apache-2.0
// combine + add + RMSNorm: every check of the operator's tables, and the plan that a kernel works
// from.
#pragma once

#include <cstdint>

#include "op_plan/routing.h"
#include "op_plan/tensor_spec.h"

namespace op_plan {

// The tensors in the order of the C signature (V2: V1's lack the five from elastic_info on).
enum CombineTensor : uint32_t {
  kExpandX,
  kExpertIds,
  kExpandIdx,
  kEpSendCounts,
  kExpertScales,
  kResidualX,
  kGamma,
  kTpSendCounts,
  kXActiveMask,
  kActivationScale,
  kWeightScale,
  kGroupList,
  kExpandScales,
  kSharedExpertX,
  kElasticInfo,
  kOriX,
  kConstExpertAlpha1,
  kConstExpertAlpha2,
  kConstExpertV,
  kCombineInputs,
  kY = kCombineInputs,
  kRstdOut,
  kX,
  kCombineTensors,
};
const char* CombineTensorName(uint32_t tensor);

struct CombineAttributes {
  ExpertParallelAttributes ep;
  int64_t out_dtype;
  int64_t comm_quant_mode;
  int64_t group_list_type;
  float norm_eps;
};

// Plain data: kernels get it by copy.
struct CombinePlan {
  ExpertParallel ep;
  RowOrigin row_origin;
  MaskKind mask;
  bool int8_rows;  // rows travel as int8 with a scale per 8 elements
  bool elastic;
  float norm_eps;
};

// Checks `tensors[kCombineTensors]` and the attributes; fills the plan.
Verdict MakeCombinePlan(const TensorSpec* tensors, const CombineAttributes& attributes,
                        CombinePlan* plan);

}  // namespace op_plan
