// SPDX-License-Identifier: Apache-2.0
// What dispatch and combine share: who holds which expert, and how many rows can meet on a rank.
#pragma once

#include <cstdint>

#include "op_plan/refusal.h"

namespace op_plan {

// Attributes as the caller gave them.
struct ExpertParallelAttributes {
  const char* group_ep;
  int64_t ep_world_size;
  int64_t ep_rank_id;
  int64_t moe_expert_num;
  const char* group_tp;
  int64_t tp_world_size;
  int64_t tp_rank_id;
  int64_t expert_shard_type;
  int64_t shared_expert_num;
  int64_t shared_expert_rank_num;
  int64_t global_bs;
  const char* comm_alg;
  int64_t zero_expert_num;
  int64_t copy_expert_num;
  int64_t const_expert_num;
};

// The same, checked and derived, for one size of tokens. Plain data: kernels get it by copy.
struct ExpertParallel {
  uint32_t bs, k, h;
  uint32_t max_bs;  // largest BS of any rank
  uint32_t ep_world_size, ep_rank_id;
  uint32_t tp_world_size, tp_rank_id;  // tp_world_size is 1 without TP
  uint32_t moe_expert_num;
  uint32_t shared_expert_num, shared_expert_rank_num;  // both 0 without shared-expert ranks
  // Ids of special experts: zero, then copy, then const ones, from first_special_expert on.
  uint32_t first_special_expert;
  uint32_t zero_expert_num, copy_expert_num, const_expert_num;

  bool IsSharedRank(uint32_t rank) const { return rank < shared_expert_rank_num; }
  uint32_t MoeRankNum() const { return ep_world_size - shared_expert_rank_num; }
  uint32_t ExpertsPerMoeRank() const { return moe_expert_num / MoeRankNum(); }
  uint32_t LocalExpertNum(uint32_t rank) const {
    return IsSharedRank(rank) ? 1 : ExpertsPerMoeRank();
  }
  uint32_t FirstCopyExpert() const { return first_special_expert + zero_expert_num; }
  uint32_t FirstConstExpert() const { return FirstCopyExpert() + copy_expert_num; }
  uint32_t EndOfExperts() const { return FirstConstExpert() + const_expert_num; }
  bool IsRouted(uint32_t expert) const { return expert < moe_expert_num; }
  bool IsExpert(int32_t id) const {
    const uint32_t expert = static_cast<uint32_t>(id);
    return id >= 0 &&
           (IsRouted(expert) || (expert >= first_special_expert && expert < EndOfExperts()));
  }
  uint32_t RankOfExpert(uint32_t expert) const {
    return shared_expert_rank_num + expert / ExpertsPerMoeRank();
  }
  uint32_t RanksPerSharedExpert() const { return shared_expert_rank_num / shared_expert_num; }
  // The rank that computes shared expert `shared` for the tokens of `rank`.
  uint32_t RankOfSharedExpert(uint32_t shared, uint32_t rank) const {
    return shared * RanksPerSharedExpert() + rank % RanksPerSharedExpert();
  }
  // The copies of one token that can come back: K choices, then the shared-expert ranks' in order.
  uint32_t CopiesPerToken() const { return k + shared_expert_num; }
  // Rows that `rank` can receive.
  int64_t MaxRows(uint32_t rank) const;
  // A, what this rank's tensors must have room for: as MaxRows, but where the copies of a shared
  // expert do not divide the ranks, the tables ask for less than the busiest of them can receive.
  // With elastic_info a rank may become one of the other kind, so that there must be room for
  // either.
  int64_t RoomRows(bool elastic) const;
  int64_t RoomExperts(bool elastic) const;
};

// 161001 and 161002: the name of the group.
Verdict CheckGroupNames(const ExpertParallelAttributes& attributes);
// 561002: every attribute, BS, K and H; fills `ep`.
Verdict CheckExpertParallel(const ExpertParallelAttributes& attributes, int64_t bs, int64_t k,
                            int64_t h, ExpertParallel* ep);
// 561002: HCCL_BUFFSIZE of the group against what this size needs.
Verdict CheckBufferSize(const ExpertParallel& ep, uint64_t buffer_bytes);
// 561002: the window of a group against what a call puts into it.
Verdict CheckWindow(const char* parameter, uint64_t needed_bytes, uint64_t window_bytes);
// 561002: the group really has that many ranks and this one is that rank.
Verdict CheckGroup(const char* parameter, const char* name, int64_t world_size, int64_t rank_id,
                   uint32_t group_size, uint32_t group_rank);

}  // namespace op_plan
