// SPDX-License-Identifier: Apache-2.0
// How the routing tensors are laid out; decided from their shapes.
#pragma once

#include <cstdint>

#include "op_plan/expert_parallel.h"
#include "op_plan/tensor_spec.h"

namespace op_plan {

// What expand_idx says.
enum class RowOrigin : uint32_t {
  kTriples,    // dispatch V2, V3: (source EP rank, token, copy) per row
  kPositions,  // dispatch V1: per choice, how many earlier choices went to the same expert
};

enum class MaskKind : uint32_t { kNone, kTokens, kChoices };

// 561002 unless x_active_mask is absent, (BS,) or (BS, K), and all ranks have the same BS.
Verdict CheckMask(const TensorSpec& mask, const ExpertParallel& ep, int64_t global_bs,
                  MaskKind* kind);

}  // namespace op_plan
