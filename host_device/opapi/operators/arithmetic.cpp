// SPDX-License-Identifier: Apache-2.0
// Differences, products, and what is made of both.
#include "aclnnop/aclnn_add_relu.h"
#include "aclnnop/aclnn_addcdiv.h"
#include "aclnnop/aclnn_addcmul.h"
#include "aclnnop/aclnn_lerp_scalar.h"
#include "aclnnop/aclnn_lerp_tensor.h"
#include "aclnnop/aclnn_mul.h"
#include "aclnnop/aclnn_rsub.h"
#include "aclnnop/aclnn_sub.h"
#include "engine/operator_forms.h"

namespace {

using opapi::Inputs;
using opapi::Map;
using opapi::Minus;
using opapi::NamedScalar;
using opapi::NamedTensor;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Phase;
using opapi::Plus;
using opapi::Scalars;
using opapi::Times;

constexpr auto kSub = [](auto self, auto other, auto alpha) {
  return Minus(self, Times(alpha, other));
};
constexpr auto kRsub = [](auto self, auto other, auto alpha) {
  return Minus(other, Times(alpha, self));
};
constexpr auto kMul = [](auto self, auto other) { return Times(self, other); };
constexpr auto kAddRelu = [](auto self, auto other, auto alpha) {
  const auto sum = Plus(self, Times(alpha, other));
  return sum < decltype(sum){0} ? decltype(sum){0} : sum;
};
constexpr auto kAddcmul = [](auto self, auto tensor1, auto tensor2, auto value) {
  return Plus(self, Times(Times(value, tensor1), tensor2));
};
constexpr auto kAddcdiv = [](auto self, auto tensor1, auto tensor2, auto value) {
  return self + value * tensor1 / tensor2;
};
// From the nearer end, so that weight 0 and 1 give the ends themselves.
constexpr auto kLerp = [](auto self, auto end, auto weight) {
  using T = decltype(self);
  const T way = end - self;
  return std::abs(weight) < T(0.5) ? self + weight * way : end - way * (T{1} - weight);
};

template <Numbers kNumbers, typename F>
aclnnStatus MapThree(const Phase& phase, const NamedTensor& self, const NamedTensor& first,
                     const NamedTensor& second, const aclScalar* value, const NamedTensor& out,
                     F f) {
  return Map<kNumbers>(phase, Inputs(self, first, second), Scalars({"value", value}), out, f);
}

}  // namespace

aclnnStatus aclnnSubGetWorkspaceSize(const aclTensor* self, const aclTensor* other,
                                     const aclScalar* alpha, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnSub", workspaceSize, executor},
                             Inputs({"self", self}, {"other", other}), Scalars({"alpha", alpha}),
                             {"out", out}, kSub);
}
ACLNN_SECOND_PHASE(aclnnSub)

aclnnStatus aclnnSubsGetWorkspaceSize(const aclTensor* self, const aclScalar* other,
                                      const aclScalar* alpha, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnSubs", workspaceSize, executor}, Inputs({"self", self}),
                             Scalars({"other", other}, {"alpha", alpha}), {"out", out}, kSub);
}
ACLNN_SECOND_PHASE(aclnnSubs)

aclnnStatus aclnnInplaceSubGetWorkspaceSize(aclTensor* selfRef, const aclTensor* other,
                                            const aclScalar* alpha, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceSub", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}, {"other", other}),
                             Scalars({"alpha", alpha}), {"selfRef", selfRef}, kSub);
}
ACLNN_SECOND_PHASE(aclnnInplaceSub)

aclnnStatus aclnnInplaceSubsGetWorkspaceSize(aclTensor* selfRef, const aclScalar* other,
                                             const aclScalar* alpha, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  return Map<Numbers::kReal>(
      {"aclnnInplaceSubs", workspaceSize, executor}, Inputs({"selfRef", selfRef}),
      Scalars({"other", other}, {"alpha", alpha}), {"selfRef", selfRef}, kSub);
}
ACLNN_SECOND_PHASE(aclnnInplaceSubs)

aclnnStatus aclnnRsubGetWorkspaceSize(const aclTensor* self, const aclTensor* other,
                                      const aclScalar* alpha, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnRsub", workspaceSize, executor},
                             Inputs({"self", self}, {"other", other}), Scalars({"alpha", alpha}),
                             {"out", out}, kRsub);
}
ACLNN_SECOND_PHASE(aclnnRsub)

aclnnStatus aclnnRsubsGetWorkspaceSize(const aclTensor* self, const aclScalar* other,
                                       const aclScalar* alpha, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnRsubs", workspaceSize, executor}, Inputs({"self", self}),
                             Scalars({"other", other}, {"alpha", alpha}), {"out", out}, kRsub);
}
ACLNN_SECOND_PHASE(aclnnRsubs)

ACLNN_BINARY(aclnnMul, kReal, kMul)
ACLNN_BINARY_IN_PLACE(aclnnInplaceMul, aclTensor, kReal, kMul)
ACLNN_SCALAR(aclnnMuls, kReal, kAsGiven, kMul)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceMuls, aclTensor, kReal, kAsGiven, kMul)

aclnnStatus aclnnAddReluGetWorkspaceSize(const aclTensor* self, const aclTensor* other,
                                         aclScalar* alpha, aclTensor* out, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnAddRelu", workspaceSize, executor},
                             Inputs({"self", self}, {"other", other}), Scalars({"alpha", alpha}),
                             {"out", out}, kAddRelu);
}
ACLNN_SECOND_PHASE(aclnnAddRelu)

aclnnStatus aclnnInplaceAddReluGetWorkspaceSize(aclTensor* selfRef, const aclTensor* other,
                                                aclScalar* alpha, uint64_t* workspaceSize,
                                                aclOpExecutor** executor) {
  return Map<Numbers::kReal>({"aclnnInplaceAddRelu", workspaceSize, executor},
                             Inputs({"selfRef", selfRef}, {"other", other}),
                             Scalars({"alpha", alpha}), {"selfRef", selfRef}, kAddRelu);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddRelu)

aclnnStatus aclnnAddcmulGetWorkspaceSize(const aclTensor* self, const aclTensor* tensor1,
                                         const aclTensor* tensor2, const aclScalar* value,
                                         aclTensor* out, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return MapThree<Numbers::kReal>({"aclnnAddcmul", workspaceSize, executor}, {"self", self},
                                  {"tensor1", tensor1}, {"tensor2", tensor2}, value, {"out", out},
                                  kAddcmul);
}
ACLNN_SECOND_PHASE(aclnnAddcmul)

aclnnStatus aclnnInplaceAddcmulGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* tensor1,
                                                const aclTensor* tensor2, const aclScalar* value,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MapThree<Numbers::kReal>({"aclnnInplaceAddcmul", workspaceSize, executor},
                                  {"selfRef", selfRef}, {"tensor1", tensor1}, {"tensor2", tensor2},
                                  value, {"selfRef", selfRef}, kAddcmul);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddcmul)

aclnnStatus aclnnAddcdivGetWorkspaceSize(const aclTensor* self, const aclTensor* tensor1,
                                         const aclTensor* tensor2, const aclScalar* value,
                                         const aclTensor* out, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return MapThree<Numbers::kFloating>({"aclnnAddcdiv", workspaceSize, executor}, {"self", self},
                                      {"tensor1", tensor1}, {"tensor2", tensor2}, value,
                                      {"out", out}, kAddcdiv);
}
ACLNN_SECOND_PHASE(aclnnAddcdiv)

aclnnStatus aclnnInplaceAddcdivGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* tensor1,
                                                const aclTensor* tensor2, const aclScalar* value,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MapThree<Numbers::kFloating>({"aclnnInplaceAddcdiv", workspaceSize, executor},
                                      {"selfRef", selfRef}, {"tensor1", tensor1},
                                      {"tensor2", tensor2}, value, {"selfRef", selfRef}, kAddcdiv);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddcdiv)

aclnnStatus aclnnLerpGetWorkspaceSize(const aclTensor* self, const aclTensor* end,
                                      const aclTensor* weight, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kFloating>({"aclnnLerp", workspaceSize, executor},
                                 Inputs({"self", self}, {"end", end}, {"weight", weight}),
                                 NoScalars(), {"out", out}, kLerp);
}
ACLNN_SECOND_PHASE(aclnnLerp)

aclnnStatus aclnnInplaceLerpGetWorkspaceSize(aclTensor* selfRef, const aclTensor* end,
                                             const aclTensor* weight, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  return Map<Numbers::kFloating>({"aclnnInplaceLerp", workspaceSize, executor},
                                 Inputs({"selfRef", selfRef}, {"end", end}, {"weight", weight}),
                                 NoScalars(), {"selfRef", selfRef}, kLerp);
}
ACLNN_SECOND_PHASE(aclnnInplaceLerp)

aclnnStatus aclnnLerpsGetWorkspaceSize(const aclTensor* self, const aclTensor* end,
                                       const aclScalar* weight, aclTensor* out,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Map<Numbers::kFloating>({"aclnnLerps", workspaceSize, executor},
                                 Inputs({"self", self}, {"end", end}), Scalars({"weight", weight}),
                                 {"out", out}, kLerp);
}
ACLNN_SECOND_PHASE(aclnnLerps)

aclnnStatus aclnnInplaceLerpsGetWorkspaceSize(aclTensor* selfRef, const aclTensor* end,
                                              const aclScalar* weight, uint64_t* workspaceSize,
                                              aclOpExecutor** executor) {
  return Map<Numbers::kFloating>({"aclnnInplaceLerps", workspaceSize, executor},
                                 Inputs({"selfRef", selfRef}, {"end", end}),
                                 Scalars({"weight", weight}), {"selfRef", selfRef}, kLerp);
}
ACLNN_SECOND_PHASE(aclnnInplaceLerps)
