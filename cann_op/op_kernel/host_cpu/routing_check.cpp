// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_cpu/routing_check.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "op_plan/combine_plan.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;

template <typename... Values>
bool Say(HostFailure* failure, const char* format, Values... values) {
  std::snprintf(failure->text, HostFailure::kTextBytes, format, values...);
  return false;
}

}  // namespace

bool CheckSendCounts(const ExpertParallel& ep, const StridedView<const int32_t>& counts,
                     int64_t rows_max, HostFailure* failure) {
  const uint32_t blocks = ep.LocalExpertNum(ep.ep_rank_id) * ep.ep_world_size;
  int64_t before = 0;
  for (uint32_t block = 0; block < blocks; ++block) {
    const int64_t rows = counts(block);
    if (rows < before || rows > rows_max) {
      return Say(failure,
                 "ep_send_counts[%u] = %" PRId64 " must be in [%" PRId64 ", %" PRId64
                 "]: running totals of the rows in expand_x",
                 block, rows, before, rows_max);
    }
    if (rows - before > ep.max_bs) {
      return Say(failure,
                 "ep_send_counts[%u] = %" PRId64 " after %" PRId64 " gives rank %u %" PRId64
                 " rows of one expert, more than its BS of at most %u",
                 block, rows, before, block % ep.ep_world_size, rows - before, ep.max_bs);
    }
    before = rows;
  }
  return true;
}

bool CheckRowSource(const ExpertParallel& ep, int64_t row, const RowSource& source, uint32_t owner,
                    HostFailure* failure) {
  const uint32_t self = ep.ep_rank_id;
  const bool shared = ep.IsSharedRank(self);
  const int64_t copy_low = shared ? ep.k + self / ep.RanksPerSharedExpert() : 0;
  const int64_t copy_high = shared ? copy_low : ep.k - 1;
  if (source.rank == owner && source.token >= 0 && source.token < ep.max_bs &&
      source.copy >= copy_low && source.copy <= copy_high) {
    return true;
  }
  return Say(failure,
             "expand_idx: row %" PRId64 " says (rank, token, k) = (%" PRId64 ", %" PRId64
             ", %" PRId64 "), want rank %u (by ep_send_counts), token in [0, %u), k in [%" PRId64
             ", %" PRId64 "]",
             row, source.rank, source.token, source.copy, owner, ep.max_bs, copy_low, copy_high);
}

void SayClaimedTwice(int64_t row, const RowSource& source, HostFailure* failure) {
  Say(failure,
      "expand_idx: row %" PRId64 " claims token %" PRId64 ", k %" PRId64 " of rank %" PRId64
      ", which another row has claimed",
      row, source.token, source.copy, source.rank);
}

WantedRow Want(const ExpertParallel& ep, uint32_t token, uint32_t copy, uint32_t expert) {
  if (copy < ep.k) return {token, copy, false, expert, ep.RankOfExpert(expert)};
  const uint32_t shared = copy - ep.k;
  return {token, copy, true, shared, ep.RankOfSharedExpert(shared, ep.ep_rank_id)};
}

void SayMissing(const WantedRow& row, HostFailure* failure) {
  Say(failure,
      "token %u, k %u: %s %u on rank %u sent no row back; its expand_idx and ep_send_counts are "
      "not those of this dispatch",
      row.token, row.copy, row.shared ? "shared expert" : "expert", row.expert, row.rank);
}

bool CheckPosition(uint32_t index, int64_t said, uint32_t position, uint32_t expert,
                   HostFailure* failure) {
  if (said == position) return true;
  return Say(failure,
             "expand_idx[%u] = %" PRId64 ", but %u earlier choices of this rank went to expert %u",
             index, said, position, expert);
}

bool ReadPairCounts(const ExpertParallel& ep, const HostTensorView* tensors, PairCounts* counts,
                    HostFailure* failure) {
  const StridedView<const int32_t> ep_counts(tensors[op_plan::kEpSendCounts]);
  const StridedView<const int32_t> tp_counts(tensors[op_plan::kTpSendCounts]);
  const int64_t room = tensors[op_plan::kExpandX].dims[0];
  const int64_t rows_max = std::min(ep.MaxRows(ep.ep_rank_id), room);
  counts->own_rows = ep_counts(ep.ep_world_size * ep.LocalExpertNum(ep.ep_rank_id) - 1);
  counts->peer_rows = tp_counts(1 - ep.tp_rank_id);
  const int64_t own_said = tp_counts(ep.tp_rank_id);
  if (counts->own_rows >= 0 && counts->peer_rows >= 0 && counts->own_rows <= rows_max &&
      counts->peer_rows <= rows_max && counts->own_rows + counts->peer_rows <= room &&
      own_said == counts->own_rows) {
    return true;
  }
  return Say(failure,
             "tp_send_counts[%u] = %" PRId64 " and tp_send_counts[%u] = %" PRId64
             " must be the rows of this rank, %" PRId64
             " by ep_send_counts, and of its peer, each at most %" PRId64
             ", together at most the %" PRId64 " of expand_x",
             ep.tp_rank_id, own_said, 1 - ep.tp_rank_id, counts->peer_rows, counts->own_rows,
             rows_max, room);
}

bool CheckPeerCounts(const ExpertParallel& ep, const PairCounts& own, const PairCounts& theirs,
                     HostFailure* failure) {
  if (theirs.peer_rows == own.own_rows) return true;
  return Say(failure,
             "TP rank %u has %" PRId64 " rows for TP rank %u, which has %" PRId64
             ": tp_send_counts of the pair do not fit",
             1 - ep.tp_rank_id, theirs.peer_rows, ep.tp_rank_id, own.own_rows);
}

}  // namespace combine
