// SPDX-License-Identifier: Apache-2.0
// Shapes and dtypes of y, rstd and x from those of the inputs, which need not be known yet.
#pragma once

#include "register/op_def_registry.h"

namespace op_host {

ge::graphStatus InferShape(gert::InferShapeContext* context);
ge::graphStatus InferDataType(gert::InferDataTypeContext* context);

}  // namespace op_host
