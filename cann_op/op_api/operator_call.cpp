// SPDX-License-Identifier: Apache-2.0
#include "op_api/operator_call.h"

namespace op_api {

using op_plan::Refuse;
using op_plan::Verdict;

namespace {
constexpr aclnnStatus kInnerError = 561000;  // ACLNN_ERR_INNER
}

Verdict CheckOutPointers(const uint64_t* workspace_size, aclOpExecutor** executor) {
  if (workspace_size == nullptr) return Refuse(op_plan::kParamNullptr, "workspaceSize is null");
  if (executor == nullptr) return Refuse(op_plan::kParamNullptr, "executor is null");
  return {};
}

aclnnStatus Finish(const char* op_name, const Verdict& verdict) {
  if (!verdict) return OK;
  SetErrorText(op_name, verdict->text.c_str());
  return verdict->status;
}

aclnnStatus FinishException(const char* op_name, const char* what) {
  SetErrorText(op_name, what);
  return kInnerError;
}

}  // namespace op_api
