// SPDX-License-Identifier: Apache-2.0
// out = the elements of self where mask is not 0; its view shape says how many there are.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMaskedSelect, const aclTensor* self, const aclTensor* mask, aclTensor* out);
