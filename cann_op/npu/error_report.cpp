// SPDX-License-Identifier: Apache-2.0
#include "npu/error_report.h"

#include "base/err_msg.h"

namespace npu {

namespace {
// Codes from EU0000 on are for operators that CANN does not bring.
constexpr char kErrorCode[] = "EU0001";
}  // namespace

void ReportError(const char* op_name, const char* text) {
  // A weak symbol: a process without CANN's error manager has nobody to tell.
  if (ge::ReportUserDefinedErrMsg == nullptr) return;
  ge::ReportUserDefinedErrMsg(kErrorCode, "%s: %s", op_name, text);
}

}  // namespace npu
