// SPDX-License-Identifier: Apache-2.0
// out = the sum of the products of two vectors' elements.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnDot, const aclTensor* self, const aclTensor* tensor, aclTensor* out);
