// SPDX-License-Identifier: Apache-2.0
// What CANN's tiling says of a call, in op_plan's terms.
#pragma once

#include "op_plan/combine_plan.h"
#include "register/op_def_registry.h"

namespace op_host {

struct TilingCall {
  op_plan::TensorSpec tensors[op_plan::kCombineTensors];
  op_plan::CombineAttributes attributes;  // its names live as long as the context
};

// 561002 when CANN does not give an attribute, which is none of the caller's doing.
op_plan::Verdict ReadTilingCall(const gert::TilingContext* context, TilingCall* call);

}  // namespace op_host
