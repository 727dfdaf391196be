// SPDX-License-Identifier: Apache-2.0
// out = the indices of the elements of self that are not 0, a column each; its view shape says how
// many there are.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNonzeroV2, const aclTensor* self, aclTensor* out);
