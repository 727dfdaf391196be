// SPDX-License-Identifier: Apache-2.0
// The same with the index in memory of the host.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIndexFillTensor, const aclTensor* self, int64_t dim, const aclIntArray* index,
                 const aclScalar* value, aclTensor* out);
ACLNN_TWO_PHASES(aclnnInplaceIndexFillTensor, aclTensor* selfRef, int64_t dim,
                 const aclIntArray* index, const aclScalar* value);
