// SPDX-License-Identifier: Apache-2.0
// aclnnMoeFinalizeRouting with all summands optional; dropPadMode says how the row index counts.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeFinalizeRoutingV2, const aclTensor* expandedX,
                 const aclTensor* expandedRowIdx, const aclTensor* x1Optional,
                 const aclTensor* x2Optional, const aclTensor* biasOptional,
                 const aclTensor* scalesOptional, const aclTensor* expertIdxOptional,
                 int64_t dropPadMode, const aclTensor* out);
