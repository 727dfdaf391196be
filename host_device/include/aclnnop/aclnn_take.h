// SPDX-License-Identifier: Apache-2.0
// out = the elements of self, seen as a flat one, that index names.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTake, const aclTensor* self, const aclTensor* index, aclTensor* out);
