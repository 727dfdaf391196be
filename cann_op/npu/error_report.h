// SPDX-License-Identifier: Apache-2.0
// The operator's own texts in CANN's error messages.
#pragma once

namespace npu {

// What aclGetRecentErrMsg gives on this thread, or GE after a failed build of a graph.
void ReportError(const char* op_name, const char* text);

}  // namespace npu
