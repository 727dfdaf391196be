// SPDX-License-Identifier: Apache-2.0
// HCCL's own part of the tiling: it makes the communicators' contexts for the kernel from it.
#pragma once

#include "op_plan/combine_plan.h"
#include "op_plan/combine_tiling.h"

namespace op_host {

// 561002 when HCCL refuses.
op_plan::Verdict FillHcclTiling(const op_plan::ExpertParallelAttributes& attributes,
                                op_plan::CombineTiling* tiling);

}  // namespace op_host
