// SPDX-License-Identifier: Apache-2.0
// out = log(sigmoid(self)). buffer is for the backward pass of other devices and stays as it is:
// give it no element.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnLogSigmoid, const aclTensor* self, aclTensor* out);
ACLNN_TWO_PHASES(aclnnLogSigmoidForward, const aclTensor* self, aclTensor* out, aclTensor* buffer);
