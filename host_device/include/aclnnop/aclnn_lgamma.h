// SPDX-License-Identifier: Apache-2.0
// out = log of the absolute value of the gamma function of self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLgamma, const aclTensor* self, aclTensor* out);
