// SPDX-License-Identifier: Apache-2.0
// out = (x1 x2 + bias) * scale * pertokenScale + offset, x1 and x2 int8; a floating bias is added
// after scaling.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnQuantMatmulV4, const aclTensor* x1, const aclTensor* x2,
                 const aclTensor* scale, const aclTensor* offset,
                 const aclTensor* pertokenScaleOptional, const aclTensor* bias, bool transposeX1,
                 bool transposeX2, const aclTensor* out);
