// SPDX-License-Identifier: Apache-2.0
// Rows of x in the order of their experts, with the experts' numbers of tokens; dropPadMode 1 gives
// each expert expertCapacity rows.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnMoeInitRoutingV2, const aclTensor* x, const aclTensor* expertIdx,
                 int64_t activeNumOptional, int64_t expertCapacityOptional,
                 int64_t expertNumOptional, int64_t dropPadModeOptional,
                 int64_t expertTokensCountOrCumsumFlagOptional,
                 bool expertTokensBeforeCapacityFlagOptional, const aclTensor* expandedXOut,
                 const aclTensor* expandedRowIdxOut,
                 const aclTensor* expertTokensCountOrCumsumOutOptional,
                 const aclTensor* expertTokensBeforeCapacityOutOptional);
