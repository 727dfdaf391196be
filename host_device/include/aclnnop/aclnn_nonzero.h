// SPDX-License-Identifier: Apache-2.0
// out = the indices of the elements of self that are not 0, a row each; its view shape says how
// many there are.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnNonzero, const aclTensor* self, aclTensor* out);
