// SPDX-License-Identifier: Apache-2.0
// The aclop operators that need no compiler, since all they do is to copy elements from one view of
// memory to another: what torch_npu sends when it copies between two devices or changes a format.
#pragma once

#include "aclop_call.h"

namespace host {

using AclopFunction = aclError (*)(const AclopCall& call);

// Null for all others. The copy is queued on the stream of the call; formats that do not keep
// elements in the order of the dimensions, and whatever does not fit its memory, are refused.
AclopFunction FindCopyingOperator(const AclopCall& call);

}  // namespace host
