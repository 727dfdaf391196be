// SPDX-License-Identifier: Apache-2.0
// out = self as dtype. Integers are made of other numbers by truncation, bf16 and fp16 by rounding
// to nearest even.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnCast, const aclTensor* self, const aclDataType dtype, aclTensor* out);
