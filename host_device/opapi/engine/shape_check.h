// SPDX-License-Identifier: Apache-2.0
// More checks of sizes, and of arguments that must be absent, with texts that name them.
#pragma once

#include <initializer_list>

#include "engine/axes.h"

namespace opapi {

// Tensor `index`, where it is there, has so many elements.
Verdict CheckSize(const FirstPhase& phase, size_t index, int64_t size);
// Tensor `index` has so many dimensions.
Verdict CheckDims(const FirstPhase& phase, size_t index, uint32_t dim_count);

// An argument that the host device has no meaning for; a tensor without elements is none.
Verdict CheckAbsent(const char* name, const aclTensor* tensor);
Verdict CheckAbsent(const char* name, const aclTensorList* list);
// `value` is one of those in [first, last].
Verdict CheckRange(const char* name, int64_t value, int64_t first, int64_t last);

Shape ShapeFrom(std::initializer_list<int64_t> dims);

}  // namespace opapi
