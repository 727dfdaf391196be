// SPDX-License-Identifier: Apache-2.0
// out = how many elements of self lie in each of `bins` equal parts of min to max.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnHistc, const aclTensor* self, int64_t bins, const aclScalar* min,
                 const aclScalar* max, aclTensor* out);
