// SPDX-License-Identifier: Apache-2.0
// One rank's choices: which experts its tokens chose, and which of the choices take part.
#pragma once

#include <cstdio>

#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/combine_plan.h"

class Choices {
 public:
  Choices(const HostTensorView& expert_ids, const HostTensorView& mask, op_plan::MaskKind kind,
          const op_plan::ExpertParallel& ep)
      : ids_(expert_ids), mask_(mask), kind_(kind), ep_(ep) {}

  uint32_t Expert(uint32_t token, uint32_t k) const {
    return static_cast<uint32_t>(ids_(token, k));
  }
  // Not masked out.
  bool Active(uint32_t token, uint32_t k) const {
    if (kind_ == op_plan::MaskKind::kNone) return true;
    return (kind_ == op_plan::MaskKind::kTokens ? mask_(token) : mask_(token, k)) != 0;
  }
  // Has a row on some rank: special experts have none.
  bool Routed(uint32_t token, uint32_t k) const {
    return Active(token, k) && ep_.IsRouted(Expert(token, k));
  }
  // Has any choice that is not masked out; the others have no output.
  bool TokenActive(uint32_t token) const {
    if (kind_ != op_plan::MaskKind::kChoices) return Active(token, 0);
    for (uint32_t k = 0; k < ep_.k; ++k) {
      if (Active(token, k)) return true;
    }
    return false;
  }

  // Active ids are experts and no id stands twice in a row; a mask of tokens has every true first.
  bool Check(HostFailure* failure) const { return CheckMask(failure) && CheckIds(failure); }

 private:
  bool CheckMask(HostFailure* failure) const {
    if (kind_ != op_plan::MaskKind::kTokens) return true;
    for (uint32_t token = 1; token < ep_.bs; ++token) {
      if (mask_(token) == 0 || mask_(token - 1) != 0) continue;
      std::snprintf(
          failure->text, HostFailure::kTextBytes,
          "x_active_mask[%u] is true after x_active_mask[%u] is false: a mask of tokens must "
          "have every true before every false",
          token, token - 1);
      return false;
    }
    return true;
  }

  bool CheckIds(HostFailure* failure) const {
    for (uint32_t token = 0; token < ep_.bs; ++token) {
      for (uint32_t k = 0; k < ep_.k; ++k) {
        if (Active(token, k) && !CheckId(token, k, failure)) return false;
      }
    }
    return true;
  }

  bool CheckId(uint32_t token, uint32_t k, HostFailure* failure) const {
    const int32_t id = ids_(token, k);
    if (!ep_.IsExpert(id)) {
      char special[64] = "";
      if (ep_.EndOfExperts() > ep_.first_special_expert) {
        std::snprintf(special, sizeof(special), " and the special experts [%u, %u)",
                      ep_.first_special_expert, ep_.EndOfExperts());
      }
      std::snprintf(failure->text, HostFailure::kTextBytes,
                    "expert_ids[%u, %u] = %d is outside [0, %u)%s: token %u has no such expert",
                    token, k, id, ep_.moe_expert_num, special, token);
      return false;
    }
    for (uint32_t before = 0; before < k; ++before) {
      if (ids_(token, before) != id || !Active(token, before)) continue;
      std::snprintf(failure->text, HostFailure::kTextBytes,
                    "expert_ids[%u, %u] = %d stands in token %u already, at k %u: the experts of a "
                    "token must differ",
                    token, k, id, token, before);
      return false;
    }
    return true;
  }

  const StridedView<const int32_t> ids_;
  const StridedView<const uint8_t> mask_;
  const op_plan::MaskKind kind_;
  const op_plan::ExpertParallel& ep_;
};
