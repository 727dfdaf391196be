// SPDX-License-Identifier: Apache-2.0
// out = start, start + step, ... before end.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnArange, const aclScalar* start, const aclScalar* end, const aclScalar* step,
                 aclTensor* out);
