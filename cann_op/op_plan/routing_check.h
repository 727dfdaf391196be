// SPDX-License-Identifier: Apache-2.0
// Checks of expert_ids on the device, for every kernel that reads them.
#pragma once

#include <cstdint>
#include <cstdio>

#include "op_plan/expert_parallel.h"

namespace op_plan {

// Every id within the experts and no id twice in a row. `ids(t, k)` gives an element. False: `text`
// names token and value.
template <typename Ids>
bool CheckExpertIds(const Ids& ids, const ExpertParallel& ep, char* text, size_t text_bytes) {
  for (uint32_t t = 0; t < ep.bs; ++t) {
    for (uint32_t k = 0; k < ep.k; ++k) {
      const int32_t id = ids(t, k);
      if (id < 0 || static_cast<uint32_t>(id) >= ep.AllExpertNum()) {
        std::snprintf(text, text_bytes,
                      "expert_ids[%u, %u] = %d is outside [0, %u): token %u has no such expert", t,
                      k, id, ep.AllExpertNum(), t);
        return false;
      }
      for (uint32_t before = 0; before < k; ++before) {
        if (ids(t, before) != id) continue;
        std::snprintf(
            text, text_bytes,
            "expert_ids[%u, %u] = %d stands in token %u already, at k %u: the experts of a "
            "token must differ",
            t, k, id, t, before);
        return false;
      }
    }
  }
  return true;
}

}  // namespace op_plan
