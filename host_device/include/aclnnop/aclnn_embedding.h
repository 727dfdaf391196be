// SPDX-License-Identifier: Apache-2.0
// out = the rows of weight that indices name.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnEmbedding, const aclTensor* weight, const aclTensor* indices,
                 const aclTensor* out);
