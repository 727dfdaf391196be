// SPDX-License-Identifier: Apache-2.0
// out = self with pad[0] and pad[1] elements of value before and after along the last dimension,
// and so on; negative ones cut.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnConstantPadNd, const aclTensor* self, const aclIntArray* pad,
                 const aclScalar* value, aclTensor* out);
