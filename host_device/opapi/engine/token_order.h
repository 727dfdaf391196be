// SPDX-License-Identifier: Apache-2.0
// Choices of experts put in the order of the experts.
#pragma once

#include <vector>

#include "host_executor.h"

namespace opapi {

using Indices = std::vector<int64_t>;

// Numbers of `keys` in rising order of the keys; equal ones keep theirs.
Indices Ordered(const Indices& keys);

// Where each of `count` choices went: the inverse of `order`; -1 for those not in it.
Indices Inverse(const Indices& order, size_t count);

void StoreAll(const Indices& values, const HostTensorView& view);

}  // namespace opapi
