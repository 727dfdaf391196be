// SPDX-License-Identifier: Apache-2.0
// out = x, moved by shifts along dims, or as a flat one without dims; what leaves at one end comes
// back at the other.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRoll, const aclTensor* x, const aclIntArray* shifts, const aclIntArray* dims,
                 aclTensor* out);
