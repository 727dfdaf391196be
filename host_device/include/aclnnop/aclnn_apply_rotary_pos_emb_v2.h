// SPDX-License-Identifier: Apache-2.0
// aclnnApplyRotaryPosEmb with rotaryMode half, quarter or interleave.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnApplyRotaryPosEmbV2, aclTensor* queryRef, aclTensor* keyRef,
                 const aclTensor* cos, const aclTensor* sin, int64_t layout,
                 const char* rotaryMode);
