// SPDX-License-Identifier: Apache-2.0
// outGelu = gelu(b), out = a * outGelu, a and b the halves of self along dim; with activateLeft of
// V3 the other way round. approximate 0 is the error function, 1 tanh.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGeGlu, const aclTensor* self, int64_t dim, int64_t approximate,
                 aclTensor* out, aclTensor* outGelu);
ACLNN_TWO_PHASES(aclnnGeGluV3, const aclTensor* self, int64_t dim, int64_t approximate,
                 bool activateLeft, aclTensor* out, aclTensor* outGelu);
