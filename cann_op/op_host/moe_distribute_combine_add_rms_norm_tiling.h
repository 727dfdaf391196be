// SPDX-License-Identifier: Apache-2.0
// Tiling: op_plan's checks and arithmetic on what CANN says of a call.
#pragma once

#include "register/op_def_registry.h"

namespace op_host {

ge::graphStatus Tiling(gert::TilingContext* context);

}  // namespace op_host
