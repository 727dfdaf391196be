// SPDX-License-Identifier: Apache-2.0
// out = product of self, of all elements or over one dimension, each cast to dtype, which is out's.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnProd, const aclTensor* self, const aclDataType dtype, aclTensor* out);
ACLNN_TWO_PHASES(aclnnProdDim, const aclTensor* self, int64_t dim, bool keepDim,
                 const aclDataType dtype, aclTensor* out);
