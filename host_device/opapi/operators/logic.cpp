// SPDX-License-Identifier: Apache-2.0
// Logic of truth values, and of the bits of integers.
#include "aclnnop/aclnn_bitwise_and_scalar.h"
#include "aclnnop/aclnn_bitwise_and_tensor.h"
#include "aclnnop/aclnn_bitwise_not.h"
#include "aclnnop/aclnn_bitwise_or_scalar.h"
#include "aclnnop/aclnn_bitwise_or_tensor.h"
#include "aclnnop/aclnn_bitwise_xor_scalar.h"
#include "aclnnop/aclnn_bitwise_xor_tensor.h"
#include "aclnnop/aclnn_left_shift.h"
#include "aclnnop/aclnn_logical_and.h"
#include "aclnnop/aclnn_logical_not.h"
#include "aclnnop/aclnn_logical_or.h"
#include "aclnnop/aclnn_logical_xor.h"
#include "aclnnop/aclnn_right_shift.h"
#include "engine/operator_forms.h"

namespace {

using opapi::FirstPhase;
using opapi::Inputs;
using opapi::Map;
using opapi::NoScalars;
using opapi::Numbers;
using opapi::Scalars;
using opapi::Verdict;

constexpr auto kLogicalAnd = [](auto a, auto b) { return a != 0 && b != 0; };
constexpr auto kLogicalOr = [](auto a, auto b) { return a != 0 || b != 0; };
constexpr auto kLogicalXor = [](auto a, auto b) { return (a != 0) != (b != 0); };
constexpr auto kLogicalNot = [](auto x) { return x == 0; };

constexpr auto kAnd = [](int64_t a, int64_t b) { return a & b; };
constexpr auto kOr = [](int64_t a, int64_t b) { return a | b; };
constexpr auto kXor = [](int64_t a, int64_t b) { return a ^ b; };

// As int64 every dtype shifts right as it should, and left into bits that the store cuts off.
constexpr int64_t kBits = 64;
constexpr auto kLeftShift = [](int64_t value, int64_t bits) {
  if (bits < 0 || bits >= kBits) return int64_t{0};
  return static_cast<int64_t>(static_cast<uint64_t>(value) << bits);
};
constexpr auto kRightShift = [](int64_t value, int64_t bits) {
  return value >> (bits < 0 || bits >= kBits ? kBits - 1 : bits);
};

}  // namespace

ACLNN_BINARY(aclnnLogicalAnd, kReal, kLogicalAnd)
ACLNN_BINARY_IN_PLACE(aclnnInplaceLogicalAnd, aclTensor, kReal, kLogicalAnd)
ACLNN_BINARY(aclnnLogicalOr, kReal, kLogicalOr)
ACLNN_BINARY_IN_PLACE(aclnnInplaceLogicalOr, aclTensor, kReal, kLogicalOr)
ACLNN_BINARY(aclnnLogicalXor, kReal, kLogicalXor)
ACLNN_UNARY_PAIR(LogicalNot, kReal, kLogicalNot)

ACLNN_BINARY(aclnnBitwiseAndTensor, kWhole, kAnd)
ACLNN_BINARY_IN_PLACE(aclnnInplaceBitwiseAndTensor, const aclTensor, kWhole, kAnd)
ACLNN_SCALAR(aclnnBitwiseAndScalar, kWhole, kAsGiven, kAnd)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceBitwiseAndScalar, const aclTensor, kWhole, kAsGiven, kAnd)
ACLNN_BINARY(aclnnBitwiseOrTensor, kWhole, kOr)
ACLNN_BINARY_IN_PLACE(aclnnInplaceBitwiseOrTensor, aclTensor, kWhole, kOr)
ACLNN_SCALAR(aclnnBitwiseOrScalar, kWhole, kAsGiven, kOr)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceBitwiseOrScalar, aclTensor, kWhole, kAsGiven, kOr)
ACLNN_BINARY(aclnnBitwiseXorTensor, kWhole, kXor)
ACLNN_BINARY_IN_PLACE(aclnnInplaceBitwiseXorTensor, aclTensor, kWhole, kXor)
ACLNN_SCALAR(aclnnBitwiseXorScalar, kWhole, kAsGiven, kXor)
ACLNN_SCALAR_IN_PLACE(aclnnInplaceBitwiseXorScalar, aclTensor, kWhole, kAsGiven, kXor)

aclnnStatus aclnnBitwiseNotGetWorkspaceSize(const aclTensor* self, aclTensor* out,
                                            uint64_t* workspaceSize, aclOpExecutor** executor) {
  HostTensorView view;
  const bool truth = HostTensorRead(self, &view) == OK && view.present && view.dtype == ACL_BOOL;
  return Map<Numbers::kWhole>({"aclnnBitwiseNot", workspaceSize, executor}, Inputs({"self", self}),
                              NoScalars(), {"out", out},
                              [truth](int64_t x) { return truth ? int64_t{x == 0} : ~x; });
}
ACLNN_SECOND_PHASE(aclnnBitwiseNot)

aclnnStatus aclnnLeftShiftGetWorkspaceSize(const aclTensor* self, const aclTensor* shiftBits,
                                           aclTensor* out, uint64_t* workspaceSize,
                                           aclOpExecutor** executor) {
  return Map<Numbers::kWhole>({"aclnnLeftShift", workspaceSize, executor},
                              Inputs({"self", self}, {"shiftBits", shiftBits}), NoScalars(),
                              {"out", out}, kLeftShift);
}
ACLNN_SECOND_PHASE(aclnnLeftShift)

aclnnStatus aclnnLeftShiftsGetWorkspaceSize(const aclTensor* self, const aclScalar* shiftBits,
                                            aclTensor* out, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  return Map<Numbers::kWhole>({"aclnnLeftShifts", workspaceSize, executor}, Inputs({"self", self}),
                              Scalars({"shiftBits", shiftBits}), {"out", out}, kLeftShift);
}
ACLNN_SECOND_PHASE(aclnnLeftShifts)

aclnnStatus aclnnRightShiftGetWorkspaceSize(const aclTensor* input, const aclTensor* shiftBits,
                                            aclTensor* out, uint64_t* workspaceSize,
                                            aclOpExecutor** executor) {
  return Map<Numbers::kWhole>({"aclnnRightShift", workspaceSize, executor},
                              Inputs({"input", input}, {"shiftBits", shiftBits}), NoScalars(),
                              {"out", out}, kRightShift);
}
ACLNN_SECOND_PHASE(aclnnRightShift)
