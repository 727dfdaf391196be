// SPDX-License-Identifier: Apache-2.0
#include "aclnnop/aclnn_add.h"
#include "engine/elementwise.h"

namespace {

using opapi::Inputs;
using opapi::Map;
using opapi::Numbers;
using opapi::Scalars;

constexpr auto kAdd = [](auto self, auto other, auto alpha) {
  return opapi::Plus(self, opapi::Times(alpha, other));
};

}  // namespace

aclnnStatus aclnnAddGetWorkspaceSize(const aclTensor* self, const aclTensor* other,
                                     const aclScalar* alpha, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnAdd", workspaceSize, executor},
                             Inputs({"self", self}, {"other", other}), Scalars({"alpha", alpha}),
                             {"out", out}, kAdd);
}
ACLNN_SECOND_PHASE(aclnnAdd)

aclnnStatus aclnnAddsGetWorkspaceSize(const aclTensor* self, const aclScalar* other,
                                      const aclScalar* alpha, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnAdds", workspaceSize, executor}, Inputs({"self", self}),
                             Scalars({"other", other}, {"alpha", alpha}), {"out", out}, kAdd);
}
ACLNN_SECOND_PHASE(aclnnAdds)

aclnnStatus aclnnInplaceAddGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* other,
                                            const aclScalar* alpha, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceAdd", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}, {"other", other}),
                             Scalars({"alpha", alpha}), {"selfRef", selfRef}, kAdd);
}
ACLNN_SECOND_PHASE(aclnnInplaceAdd)

aclnnStatus aclnnInplaceAddsGetWorkspaceSize(const aclTensor* selfRef, const aclScalar* other,
                                             const aclScalar* alpha, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  return Map<Numbers::kReal>(
      {"aclnnInplaceAdds", workspaceSize, executor}, Inputs({"selfRef", selfRef}),
      Scalars({"other", other}, {"alpha", alpha}), {"selfRef", selfRef}, kAdd);
}
ACLNN_SECOND_PHASE(aclnnInplaceAdds)
