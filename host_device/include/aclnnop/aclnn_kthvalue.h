// SPDX-License-Identifier: Apache-2.0
// The k-th smallest element of self along dim, counted from 1, and where it is.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnKthvalue, const aclTensor* self, int64_t k, int64_t dim, bool keepdim,
                 aclTensor* valuesOut, aclTensor* indicesOut);
