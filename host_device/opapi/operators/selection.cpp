// SPDX-License-Identifier: Apache-2.0
// Elements chosen by a condition.
#include "aclnnop/aclnn_masked_fill_scalar.h"
#include "aclnnop/aclnn_masked_fill_tensor.h"
#include "aclnnop/aclnn_s_where.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Inputs;
using opapi::Map;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Scalars;
using opapi::ScalarUse;

constexpr auto kWhere = [](auto condition, auto self, auto other) {
  return condition != 0 ? self : other;
};
constexpr auto kMaskedFill = [](auto self, auto mask, auto value) {
  return mask != 0 ? value : self;
};

}  // namespace

aclnnStatus aclnnSWhereGetWorkspaceSize(const aclTensor* condition, const aclTensor* self,
                                        const aclTensor* other, aclTensor* out,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnSWhere", workspaceSize, executor},
                             Inputs({"condition", condition}, {"self", self}, {"other", other}),
                             NoScalars(), {"out", out}, kWhere);
}
ACLNN_SECOND_PHASE(aclnnSWhere)

aclnnStatus aclnnInplaceMaskedFillScalarGetWorkspaceSize(aclTensor* selfRef, const aclTensor* mask,
                                                         const aclScalar* value,
                                                         uint64_t* workspaceSize,
                                                         aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceMaskedFillScalar", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}, {"mask", mask}),
                             Scalars({"value", value, ScalarUse::kCast}), {"selfRef", selfRef},
                             kMaskedFill);
}
ACLNN_SECOND_PHASE(aclnnInplaceMaskedFillScalar)

aclnnStatus aclnnInplaceMaskedFillTensorGetWorkspaceSize(aclTensor* selfRef, const aclTensor* mask,
                                                         const aclTensor* value,
                                                         uint64_t* workspaceSize,
                                                         aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceMaskedFillTensor", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}, {"mask", mask}, {"value", value}),
                             NoScalars(), {"selfRef", selfRef}, kMaskedFill);
}
ACLNN_SECOND_PHASE(aclnnInplaceMaskedFillTensor)
