// SPDX-License-Identifier: Apache-2.0
// What the routing data of a rank must say, for every kernel of the host device: each check names
// the element that is wrong. Ranks are numbered as the routing data does.
#pragma once

#include <cstdint>

#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/expert_parallel.h"

namespace combine {

// ep_send_counts are running totals: block b, of one local expert and one source rank, holds rows
// [counts(b - 1), counts(b)).
bool CheckSendCounts(const op_plan::ExpertParallel& ep, const StridedView<const int32_t>& counts,
                     int64_t rows_max, HostFailure* failure);

// What a triple of expand_idx says of its row.
struct RowSource {
  int64_t rank, token, copy;
};
// `owner`: the row's source rank by ep_send_counts.
bool CheckRowSource(const op_plan::ExpertParallel& ep, int64_t row, const RowSource& source,
                    uint32_t owner, HostFailure* failure);
void SayClaimedTwice(int64_t row, const RowSource& source, HostFailure* failure);

// A row that a token waits for.
struct WantedRow {
  uint32_t token;
  uint32_t copy;
  bool shared;
  uint32_t expert;  // shared experts counted from 0
  uint32_t rank;    // that holds it
};
WantedRow Want(const op_plan::ExpertParallel& ep, uint32_t token, uint32_t copy, uint32_t expert);
void SayMissing(const WantedRow& row, HostFailure* failure);

// V1's expand_idx: how many earlier choices of this rank went to the same expert.
bool CheckPosition(uint32_t index, int64_t said, uint32_t position, uint32_t expert,
                   HostFailure* failure);

// The rows of this rank and of its TP peer in expand_x, of `room` rows.
struct PairCounts {
  int64_t own_rows, peer_rows;
};
bool ReadPairCounts(const op_plan::ExpertParallel& ep, const HostTensorView* tensors,
                    PairCounts* counts, HostFailure* failure);
bool CheckPeerCounts(const op_plan::ExpertParallel& ep, const PairCounts& own,
                     const PairCounts& theirs, HostFailure* failure);

}  // namespace combine
