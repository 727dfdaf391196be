// SPDX-License-Identifier: Apache-2.0
// SetAtomicAdd: copies to global memory add to what is there, element by element.
#pragma once

#include <cstdint>

#include "core.h"

namespace host_ascendc {

void AddAtomically(AtomicAdd type, uint8_t* to, const uint8_t* from, uint64_t bytes);

}  // namespace host_ascendc
