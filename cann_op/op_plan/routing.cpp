// SPDX-License-Identifier: Apache-2.0
#include "op_plan/routing.h"

#include <cinttypes>

namespace op_plan {

Verdict CheckMask(const TensorSpec& mask, const ExpertParallel& ep, int64_t global_bs,
                  MaskKind* kind) {
  *kind = MaskKind::kNone;
  if (!mask.present) return {};
  OP_PLAN_REQUIRE(ep.max_bs == ep.bs,
                  "x_active_mask must be null when ranks differ in BS, got global_bs %" PRId64
                  " with BS %u on %u ranks",
                  global_bs, ep.bs, ep.ep_world_size);
  if (mask.dim_count == 2) {
    *kind = MaskKind::kChoices;
    return CheckShape(mask, "(BS,) or (BS, K), here (BS, K)", {int64_t{ep.bs}, int64_t{ep.k}});
  }
  *kind = MaskKind::kTokens;
  return CheckShape(mask, "(BS,) or (BS, K), here (BS,)", {int64_t{ep.bs}});
}

}  // namespace op_plan
