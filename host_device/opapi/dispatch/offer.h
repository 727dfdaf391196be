// SPDX-License-Identifier: Apache-2.0
// What a rank's window holds during dispatch: a table in the dispatch area, rows in the row slots.
//
//   OfferHeader | first[moe_expert_num + 1] | choices[bs * k] | scales[rows]
//
// choices[first[e] .. first[e + 1]) are the flattened positions t * K + k that chose expert e,
// ascending.
#pragma once

#include <cstdint>

#include "op_plan/dispatch_plan.h"

namespace dispatch {

struct OfferHeader {
  uint32_t token_count;
  // 1: one row per copy of a token (experts have scales of their own); 0: one row per token.
  uint32_t row_per_copy;
  uint32_t reserved[14];
};
static_assert(sizeof(OfferHeader) == 64);

// Pointers into one window's table.
struct Offer {
  OfferHeader* header;
  uint32_t* first;
  uint32_t* choices;
  uint32_t* tokens;
  float* scales;

  Offer(uint8_t* half, const op_plan::ExpertParallel& ep)
      : header(reinterpret_cast<OfferHeader*>(half)),
        first(reinterpret_cast<uint32_t*>(header + 1)),
        choices(first + ep.moe_expert_num + 1),
        tokens(choices + uint64_t{ep.max_bs} * ep.k),
        scales(reinterpret_cast<float*>(tokens + ep.max_bs)) {}

  // Row slot of copy `copy` (K and above: shared experts) of token `token`.
  static uint32_t RowOf(uint32_t token, uint32_t copy, bool row_per_copy,
                        const op_plan::ExpertParallel& ep) {
    return row_per_copy ? token * ep.CopiesPerToken() + copy : token;
  }
};

}  // namespace dispatch
