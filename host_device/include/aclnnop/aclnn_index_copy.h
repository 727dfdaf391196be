// SPDX-License-Identifier: Apache-2.0
// outRef = self, with source in the slices along dim that index names.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndexCopy, aclTensor* selfRef, int64_t dim, const aclTensor* index,
                 const aclTensor* source, aclTensor* outRef);
ACLNN_TWO_PHASES(aclnnInplaceIndexCopy, aclTensor* selfRef, int64_t dim, const aclTensor* index,
                 const aclTensor* source);
