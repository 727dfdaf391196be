// SPDX-License-Identifier: Apache-2.0
// Rows, whatever their dtype, taken from one tensor into another.
#pragma once

#include <vector>

#include "engine/rows.h"

namespace opapi {

// Row i of `to` becomes row sources[i] of `from`, or zeros for -1. A row is what follows the first
// dimension of `from`; rows of `to` are counted over all dimensions but those. Both have the same
// dtype, and `to` may have more rows, which are left alone.
void CopyRows(const HostTensorView& from, const std::vector<int64_t>& sources,
              const HostTensorView& to);

}  // namespace opapi
