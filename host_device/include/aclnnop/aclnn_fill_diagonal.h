// SPDX-License-Identifier: Apache-2.0
// selfRef[i, ..., i] = fillValue. wrap: in a matrix that is higher than wide the diagonal begins
// again after one row.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnInplaceFillDiagonal, aclTensor* selfRef, const aclScalar* fillValue,
                 bool wrap);
