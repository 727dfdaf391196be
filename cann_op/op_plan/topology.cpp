// SPDX-License-Identifier: Apache-2.0
#include "op_plan/topology.h"

#include <numeric>

namespace op_plan {
namespace {

// elastic_info: these words first, then two tables of ep_world_size entries each.
enum ElasticWord : uint32_t { kScaledDown, kRanks, kSharedRanks, kExperts, kTables };
constexpr int32_t kGone = -1;

Verdict ReadTables(const std::vector<int32_t>& words, const ExpertParallel& whole,
                   Topology* topology) {
  const uint32_t size = whole.ep_world_size;
  const int32_t left = words[kRanks];
  const int32_t* const new_of = words.data() + kTables;
  const int32_t* const original_of = new_of + size;
  int32_t numbered = 0;
  for (uint32_t rank = 0; rank < size; ++rank) {
    const int32_t now = new_of[rank];
    if (now == kGone) continue;
    OP_PLAN_REQUIRE(now >= 0 && now < left && original_of[now] == static_cast<int32_t>(rank),
                    "elastic_info gives rank %u the new number %d of %d, and that number does not "
                    "lead back to it",
                    rank, now, left);
    ++numbered;
  }
  OP_PLAN_REQUIRE(numbered == left, "elastic_info[1] says %d ranks are left, its table has %d",
                  left, numbered);
  topology->original.assign(original_of, original_of + left);
  const int32_t self = new_of[whole.ep_rank_id];
  OP_PLAN_REQUIRE(self != kGone, "elastic_info says that rank %u, this one, is gone",
                  whole.ep_rank_id);
  topology->ep.ep_rank_id = static_cast<uint32_t>(self);
  return {};
}

}  // namespace

Topology WholeTopology(const ExpertParallel& ep) {
  Topology topology = {ep, std::vector<uint32_t>(ep.ep_world_size)};
  std::iota(topology.original.begin(), topology.original.end(), 0u);
  return topology;
}

Verdict ReadElasticInfo(const std::vector<int32_t>& words, const ExpertParallel& whole,
                        Topology* topology) {
  *topology = WholeTopology(whole);
  if (words[kScaledDown] == 0) return {};
  const int32_t left = words[kRanks];
  const int32_t shared_left = words[kSharedRanks];
  const int32_t experts_left = words[kExperts];
  OP_PLAN_REQUIRE(left >= 1 && left <= static_cast<int32_t>(whole.ep_world_size),
                  "elastic_info[1], the ranks left, must be in [1, %u], got %d",
                  whole.ep_world_size, left);
  const int32_t shared = static_cast<int32_t>(whole.shared_expert_num);
  OP_PLAN_REQUIRE(
      shared_left >= 0 && shared_left < left &&
          (shared == 0 ? shared_left == 0 : shared_left > 0 && shared_left % shared == 0),
      "elastic_info[2], the shared-expert ranks left, must be a multiple of "
      "shared_expert_num = %d below the %d ranks left, got %d",
      shared, left, shared_left);
  const int32_t moe_ranks = left - shared_left;
  OP_PLAN_REQUIRE(experts_left >= 1 && experts_left <= static_cast<int32_t>(whole.moe_expert_num) &&
                      experts_left % moe_ranks == 0 &&
                      experts_left / moe_ranks <= static_cast<int32_t>(whole.ExpertsPerMoeRank()),
                  "elastic_info[3], the experts left, must be a multiple of the %d MoE ranks left, "
                  "at most %u each, got %d",
                  moe_ranks, whole.ExpertsPerMoeRank(), experts_left);
  topology->ep.ep_world_size = static_cast<uint32_t>(left);
  topology->ep.shared_expert_rank_num = static_cast<uint32_t>(shared_left);
  topology->ep.moe_expert_num = static_cast<uint32_t>(experts_left);
  return ReadTables(words, whole, topology);
}

}  // namespace op_plan
