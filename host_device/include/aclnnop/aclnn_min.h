// SPDX-License-Identifier: Apache-2.0
// out = the smallest element of self.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMin, const aclTensor* self, aclTensor* out);
