// SPDX-License-Identifier: Apache-2.0
// out = self, backwards along dims.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnFlip, const aclTensor* self, const aclIntArray* dims, aclTensor* out);
