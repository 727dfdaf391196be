// SPDX-License-Identifier: Apache-2.0
// out = where each element of self goes into the sorted sequence of its row: before equal elements,
// or after them (right). sorter, if not null, puts the sequence in order.
#pragma once

#include "aclnnop/two_phases.h"

ACLNN_TWO_PHASES(aclnnSearchSorted, const aclTensor* sortedSequence, const aclTensor* self,
                 const bool outInt32, const bool right, const aclTensor* sorter, aclTensor* out);
ACLNN_TWO_PHASES(aclnnSearchSorteds, const aclTensor* sortedSequence, const aclScalar* self,
                 const bool outInt32, const bool right, const aclTensor* sorter, aclTensor* out);
