// SPDX-License-Identifier: Apache-2.0
// The frame of an operator's first phase. Texts and statuses leave through Report alone.
#pragma once

#include <exception>

#include "aclnn/acl_meta.h"
#include "op_plan/refusal.h"

namespace op_api {

op_plan::Verdict CheckOutPointers(const uint64_t* workspace_size, aclOpExecutor** executor);

// The status of a refusal, or 0; its text goes to aclGetRecentErrMsg.
aclnnStatus Finish(const char* op_name, const op_plan::Verdict& verdict);
aclnnStatus FinishException(const char* op_name, const char* what);

// Runs a first phase. No exception crosses the C interface.
template <typename Prepare>
aclnnStatus Report(const char* op_name, Prepare prepare) {
  try {
    return Finish(op_name, prepare());
  } catch (const std::exception& exception) {
    return FinishException(op_name, exception.what());
  }
}

// Answered by the device below: what aclGetRecentErrMsg gives next on this thread.
void SetErrorText(const char* op_name, const char* text);

}  // namespace op_api
