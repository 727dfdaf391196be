// SPDX-License-Identifier: Apache-2.0
// The k largest (or smallest) elements of self along dim, in order, and where each was.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnTopk, const aclTensor* self, int64_t k, int64_t dim, bool largest,
                 bool sorted, aclTensor* valuesOut, aclTensor* indicesOut);
