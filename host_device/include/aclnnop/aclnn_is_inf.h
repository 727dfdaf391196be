// SPDX-License-Identifier: Apache-2.0
// out (bool) = whether self is infinite.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnIsInf, const aclTensor* self, const aclTensor* out);
