// SPDX-License-Identifier: Apache-2.0
// Products of matrices: out = a b.
#include "aclnnop/aclnn_batch_matmul.h"
#include "aclnnop/aclnn_dot.h"
#include "aclnnop/aclnn_ger.h"
#include "aclnnop/aclnn_matmul.h"
#include "aclnnop/aclnn_mm.h"
#include "aclnnop/aclnn_mv.h"
#include "engine/elementwise.h"
#include "engine/product_phase.h"
#include "engine/shape_check.h"

namespace {

using opapi::BindProduct;
using opapi::CheckCubeMathType;
using opapi::CheckDims;
using opapi::FirstPhase;
using opapi::kKeepDtype;
using opapi::NamedTensor;
using opapi::Phase;
using opapi::Reading;
using opapi::Refuse;
using opapi::Verdict;

// out = a b, of exactly so many dimensions.
aclnnStatus Multiply(const Phase& call, const NamedTensor& a, uint32_t a_dims, const NamedTensor& b,
                     uint32_t b_dims, const aclTensor* out, int8_t cube_math_type,
                     Reading read_a = Reading::kMatrices, Reading read_b = Reading::kMatrices) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input(a.name, a.tensor));
    OP_PLAN_CHECK(phase.Input(b.name, b.tensor));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(CheckDims(phase, 0, a_dims));
    OP_PLAN_CHECK(CheckDims(phase, 1, b_dims));
    OP_PLAN_CHECK(CheckCubeMathType(cube_math_type));
    return BindProduct(phase, {false, false, read_a, read_b, {}, {}});
  });
}

}  // namespace

aclnnStatus aclnnMmGetWorkspaceSize(const aclTensor* self, const aclTensor* mat2, aclTensor* out,
                                    int8_t cubeMathType, uint64_t* workspaceSize,
                                    aclOpExecutor** executor) {
  return Multiply({"aclnnMm", workspaceSize, executor}, {"self", self}, 2, {"mat2", mat2}, 2, out,
                  cubeMathType);
}
ACLNN_SECOND_PHASE(aclnnMm)

aclnnStatus aclnnBatchMatMulGetWorkspaceSize(const aclTensor* self, const aclTensor* mat2,
                                             aclTensor* out, int8_t cubeMathType,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Multiply({"aclnnBatchMatMul", workspaceSize, executor}, {"self", self}, 3, {"mat2", mat2},
                  3, out, cubeMathType);
}
ACLNN_SECOND_PHASE(aclnnBatchMatMul)

aclnnStatus aclnnMatmulGetWorkspaceSize(const aclTensor* self, const aclTensor* mat2,
                                        aclTensor* out, int8_t cubeMathType,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMatmul", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("mat2", mat2));
    OP_PLAN_CHECK(phase.Output("out", out));
    for (size_t i = 0; i < 2; ++i) {
      if (phase.tensor(i).dim_count > 0) continue;
      return Refuse(op_plan::kParamInvalid, "%s has no dimensions: want 1 or more", phase.name(i));
    }
    OP_PLAN_CHECK(CheckCubeMathType(cubeMathType));
    const Reading a = phase.tensor(0).dim_count == 1 ? Reading::kRow : Reading::kMatrices;
    const Reading b = phase.tensor(1).dim_count == 1 ? Reading::kColumn : Reading::kMatrices;
    return BindProduct(phase, {false, false, a, b, {}, {}});
  });
}
ACLNN_SECOND_PHASE(aclnnMatmul)

aclnnStatus aclnnMvGetWorkspaceSize(const aclTensor* self, const aclTensor* vec, aclTensor* out,
                                    int8_t cubeMathType, uint64_t* workspaceSize,
                                    aclOpExecutor** executor) {
  return Multiply({"aclnnMv", workspaceSize, executor}, {"self", self}, 2, {"vec", vec}, 1, out,
                  cubeMathType, Reading::kMatrices, Reading::kColumn);
}
ACLNN_SECOND_PHASE(aclnnMv)

aclnnStatus aclnnDotGetWorkspaceSize(const aclTensor* self, const aclTensor* tensor, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Multiply({"aclnnDot", workspaceSize, executor}, {"self", self}, 1, {"tensor", tensor}, 1,
                  out, kKeepDtype, Reading::kRow, Reading::kColumn);
}
ACLNN_SECOND_PHASE(aclnnDot)

// An outer product is a column times a row.
aclnnStatus aclnnGerGetWorkspaceSize(const aclTensor* self, const aclTensor* vec2, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Multiply({"aclnnGer", workspaceSize, executor}, {"self", self}, 1, {"vec2", vec2}, 1, out,
                  kKeepDtype, Reading::kColumn, Reading::kRow);
}
ACLNN_SECOND_PHASE(aclnnGer)
