// SPDX-License-Identifier: Apache-2.0
// out = `steps` numbers from start to end.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLinspace, const aclScalar* start, const aclScalar* end, int64_t steps,
                 aclTensor* out);
