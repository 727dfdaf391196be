// SPDX-License-Identifier: Apache-2.0
// out = start, start + step, ... up to end, which is one of them if it fits.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRange, const aclScalar* start, const aclScalar* end, const aclScalar* step,
                 aclTensor* out);
