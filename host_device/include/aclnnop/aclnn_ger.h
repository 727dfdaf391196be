// SPDX-License-Identifier: Apache-2.0
// out = every product of an element of self and one of vec2.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnGer, const aclTensor* self, const aclTensor* vec2, aclTensor* out);
