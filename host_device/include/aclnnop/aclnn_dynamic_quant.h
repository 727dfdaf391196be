// SPDX-License-Identifier: Apache-2.0
// yOut = rint(x * smooth / scale), scale = max|x * smooth| / 127 of each row.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDynamicQuant, const aclTensor* x, const aclTensor* smoothScalesOptional,
                 const aclTensor* yOut, const aclTensor* scaleOut);
