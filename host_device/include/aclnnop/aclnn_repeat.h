// SPDX-License-Identifier: Apache-2.0
// out = self, repeats[d] times along dimension d of out.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnRepeat, const aclTensor* self, const aclIntArray* repeats, aclTensor* out);
