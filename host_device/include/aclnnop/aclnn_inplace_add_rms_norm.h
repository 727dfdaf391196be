// SPDX-License-Identifier: Apache-2.0
// aclnnAddRmsNorm that leaves the result in x1Ref and the sum in x2Ref.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceAddRmsNorm, aclTensor* x1Ref, aclTensor* x2Ref, const aclTensor* gamma,
                 double epsilon, const aclTensor* rstdOut);
