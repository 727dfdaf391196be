// SPDX-License-Identifier: Apache-2.0
// Products of matrices added to something: out = beta * self + alpha * a b.
#include "aclnnop/aclnn_addbmm.h"
#include "aclnnop/aclnn_addmm.h"
#include "aclnnop/aclnn_addmv.h"
#include "aclnnop/aclnn_addr.h"
#include "aclnnop/aclnn_baddbmm.h"
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
using opapi::Terms;
using opapi::Verdict;

struct Addition {
  NamedTensor self;
  NamedTensor a, b;
  NamedTensor out;
  const aclScalar* beta;
  const aclScalar* alpha;
  int8_t cube_math_type;
};

// out = beta * self + alpha * a b.
aclnnStatus MultiplyAndAdd(const Phase& call, const Addition& addition, uint32_t a_dims,
                           uint32_t b_dims, bool sums_batch = false,
                           Reading read_a = Reading::kMatrices,
                           Reading read_b = Reading::kMatrices) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input(addition.self.name, addition.self.tensor));
    OP_PLAN_CHECK(phase.Input(addition.a.name, addition.a.tensor));
    OP_PLAN_CHECK(phase.Input(addition.b.name, addition.b.tensor));
    OP_PLAN_CHECK(phase.Output(addition.out.name, addition.out.tensor));
    OP_PLAN_CHECK(CheckDims(phase, 1, a_dims));
    OP_PLAN_CHECK(CheckDims(phase, 2, b_dims));
    OP_PLAN_CHECK(CheckCubeMathType(addition.cube_math_type));
    Terms terms{true, sums_batch, read_a, read_b, {}, {}};
    OP_PLAN_CHECK(opapi::ReadScalar("beta", addition.beta, &terms.beta));
    OP_PLAN_CHECK(opapi::ReadScalar("alpha", addition.alpha, &terms.alpha));
    return BindProduct(phase, terms);
  });
}

}  // namespace

aclnnStatus aclnnAddrGetWorkspaceSize(const aclTensor* self, const aclTensor* vec1,
                                      const aclTensor* vec2, const aclScalar* beta,
                                      const aclScalar* alpha, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd(
      {"aclnnAddr", workspaceSize, executor},
      {{"self", self}, {"vec1", vec1}, {"vec2", vec2}, {"out", out}, beta, alpha, kKeepDtype}, 1, 1,
      false, Reading::kColumn, Reading::kRow);
}
ACLNN_SECOND_PHASE(aclnnAddr)

aclnnStatus aclnnInplaceAddrGetWorkspaceSize(aclTensor* selfRef, const aclTensor* vec1,
                                             const aclTensor* vec2, const aclScalar* beta,
                                             const aclScalar* alpha, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceAddr", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"vec1", vec1},
                         {"vec2", vec2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         kKeepDtype},
                        1, 1, false, Reading::kColumn, Reading::kRow);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddr)

aclnnStatus aclnnAddmmGetWorkspaceSize(const aclTensor* self, const aclTensor* mat1,
                                       const aclTensor* mat2, const aclScalar* beta,
                                       const aclScalar* alpha, aclTensor* out, int8_t cubeMathType,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd(
      {"aclnnAddmm", workspaceSize, executor},
      {{"self", self}, {"mat1", mat1}, {"mat2", mat2}, {"out", out}, beta, alpha, cubeMathType}, 2,
      2);
}
ACLNN_SECOND_PHASE(aclnnAddmm)

aclnnStatus aclnnInplaceAddmmGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* mat1,
                                              const aclTensor* mat2, const aclScalar* beta,
                                              const aclScalar* alpha, int8_t cubeMathType,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceAddmm", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"mat1", mat1},
                         {"mat2", mat2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         cubeMathType},
                        2, 2);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddmm)

aclnnStatus aclnnAddmvGetWorkspaceSize(const aclTensor* self, const aclTensor* mat,
                                       const aclTensor* vec, const aclScalar* alpha,
                                       const aclScalar* beta, aclTensor* out, int8_t cubeMathType,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd(
      {"aclnnAddmv", workspaceSize, executor},
      {{"self", self}, {"mat", mat}, {"vec", vec}, {"out", out}, beta, alpha, cubeMathType}, 2, 1,
      false, Reading::kMatrices, Reading::kColumn);
}
ACLNN_SECOND_PHASE(aclnnAddmv)

aclnnStatus aclnnBaddbmmGetWorkspaceSize(const aclTensor* self, const aclTensor* batch1,
                                         const aclTensor* batch2, const aclScalar* beta,
                                         const aclScalar* alpha, aclTensor* out,
                                         int8_t cubeMathType, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnBaddbmm", workspaceSize, executor},
                        {{"self", self},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"out", out},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3);
}
ACLNN_SECOND_PHASE(aclnnBaddbmm)

aclnnStatus aclnnInplaceBaddbmmGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* batch1,
                                                const aclTensor* batch2, const aclScalar* beta,
                                                const aclScalar* alpha, int8_t cubeMathType,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceBaddbmm", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3);
}
ACLNN_SECOND_PHASE(aclnnInplaceBaddbmm)

aclnnStatus aclnnAddbmmGetWorkspaceSize(const aclTensor* self, const aclTensor* batch1,
                                        const aclTensor* batch2, const aclScalar* beta,
                                        const aclScalar* alpha, aclTensor* out, int8_t cubeMathType,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnAddbmm", workspaceSize, executor},
                        {{"self", self},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"out", out},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3, true);
}
ACLNN_SECOND_PHASE(aclnnAddbmm)

aclnnStatus aclnnInplaceAddbmmGetWorkspaceSize(aclTensor* selfRef, const aclTensor* batch1,
                                               const aclTensor* batch2, const aclScalar* beta,
                                               const aclScalar* alpha, int8_t cubeMathType,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceAddbmm", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3, true);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddbmm)
