// SPDX-License-Identifier: Apache-2.0
// target (log(target) - self), or with logTarget exp(target) (target - self); reduction as
// aclnnMseLoss has it.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnKlDiv, const aclTensor* self, const aclTensor* target, int64_t reduction,
                 bool logTarget, aclTensor* out);
