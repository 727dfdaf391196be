// SPDX-License-Identifier: Apache-2.0
// Rotary embedding of both in place, by halves; layout 1 BSND, 2 SBND, 3 BNSD, 4 TND.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnApplyRotaryPosEmb, aclTensor* queryRef, aclTensor* keyRef,
                 const aclTensor* cos, const aclTensor* sin, int64_t layout);
