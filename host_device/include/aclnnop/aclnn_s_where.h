// SPDX-License-Identifier: Apache-2.0
// out = self where condition is not 0, else other.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSWhere, const aclTensor* condition, const aclTensor* self,
                 const aclTensor* other, aclTensor* out);
