// SPDX-License-Identifier: Apache-2.0
// out = self moved by lambd towards 0, which it does not cross.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSoftshrink, const aclTensor* self, const aclScalar* lambd, aclTensor* out);
