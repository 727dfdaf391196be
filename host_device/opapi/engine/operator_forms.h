// SPDX-License-Identifier: Apache-2.0
// Elementwise operators of the usual forms, both phases in one line. `Out` and `Ref` are aclTensor,
// or const aclTensor where CANN's header has it so; `numbers` is a Numbers, `f` as for Map.
#pragma once

#include "engine/elementwise.h"

namespace opapi {

template <typename T>
constexpr bool kIsInteger = std::is_same_v<T, int64_t>;

}  // namespace opapi

#define ACLNN_UNARY(name, Out, numbers, f)                                                        \
  aclnnStatus name##GetWorkspaceSize(const aclTensor* self, Out* out, uint64_t* workspaceSize,    \
                                     aclOpExecutor** executor) {                                  \
    return opapi::Map<opapi::Numbers::numbers>({#name, workspaceSize, executor},                  \
                                               opapi::Inputs({"self", self}), opapi::NoScalars(), \
                                               {"out", out}, f);                                  \
  }                                                                                               \
  ACLNN_SECOND_PHASE(name)

#define ACLNN_UNARY_IN_PLACE(name, Ref, numbers, f)                                          \
  aclnnStatus name##GetWorkspaceSize(Ref* selfRef, uint64_t* workspaceSize,                  \
                                     aclOpExecutor** executor) {                             \
    return opapi::Map<opapi::Numbers::numbers>({#name, workspaceSize, executor},             \
                                               opapi::Inputs({"selfRef", selfRef}),          \
                                               opapi::NoScalars(), {"selfRef", selfRef}, f); \
  }                                                                                          \
  ACLNN_SECOND_PHASE(name)

// aclnn<Name> and aclnnInplace<Name>.
#define ACLNN_UNARY_PAIR(Name, numbers, f)        \
  ACLNN_UNARY(aclnn##Name, aclTensor, numbers, f) \
  ACLNN_UNARY_IN_PLACE(aclnnInplace##Name, aclTensor, numbers, f)

#define ACLNN_BINARY(name, numbers, f)                                                          \
  aclnnStatus name##GetWorkspaceSize(const aclTensor* self, const aclTensor* other,             \
                                     aclTensor* out, uint64_t* workspaceSize,                   \
                                     aclOpExecutor** executor) {                                \
    return opapi::Map<opapi::Numbers::numbers>({#name, workspaceSize, executor},                \
                                               opapi::Inputs({"self", self}, {"other", other}), \
                                               opapi::NoScalars(), {"out", out}, f);            \
  }                                                                                             \
  ACLNN_SECOND_PHASE(name)

#define ACLNN_BINARY_IN_PLACE(name, Ref, numbers, f)                                             \
  aclnnStatus name##GetWorkspaceSize(Ref* selfRef, const aclTensor* other,                       \
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {        \
    return opapi::Map<opapi::Numbers::numbers>(                                                  \
        {#name, workspaceSize, executor}, opapi::Inputs({"selfRef", selfRef}, {"other", other}), \
        opapi::NoScalars(), {"selfRef", selfRef}, f);                                            \
  }                                                                                              \
  ACLNN_SECOND_PHASE(name)

// The same with a scalar in place of the second tensor; `use` is a ScalarUse.
#define ACLNN_SCALAR(name, numbers, use, f)                                         \
  aclnnStatus name##GetWorkspaceSize(const aclTensor* self, const aclScalar* other, \
                                     aclTensor* out, uint64_t* workspaceSize,       \
                                     aclOpExecutor** executor) {                    \
    return opapi::Map<opapi::Numbers::numbers>(                                     \
        {#name, workspaceSize, executor}, opapi::Inputs({"self", self}),            \
        opapi::Scalars({"other", other, opapi::ScalarUse::use}), {"out", out}, f);  \
  }                                                                                 \
  ACLNN_SECOND_PHASE(name)

#define ACLNN_SCALAR_IN_PLACE(name, Ref, numbers, use, f)                                  \
  aclnnStatus name##GetWorkspaceSize(Ref* selfRef, const aclScalar* other,                 \
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {  \
    return opapi::Map<opapi::Numbers::numbers>(                                            \
        {#name, workspaceSize, executor}, opapi::Inputs({"selfRef", selfRef}),             \
        opapi::Scalars({"other", other, opapi::ScalarUse::use}), {"selfRef", selfRef}, f); \
  }                                                                                        \
  ACLNN_SECOND_PHASE(name)
