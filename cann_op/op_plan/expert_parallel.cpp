// SPDX-License-Identifier: Apache-2.0
#include "op_plan/expert_parallel.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "op_plan/limits.h"
#include "op_plan/window_layout.h"

namespace op_plan {

int64_t ExpertParallel::MaxRows(uint32_t rank) const {
  if (IsSharedRank(rank)) {
    const uint32_t copies = RanksPerSharedExpert();
    return int64_t{max_bs} * ((ep_world_size + copies - 1) / copies);
  }
  return int64_t{max_bs} * ep_world_size * std::min(ExpertsPerMoeRank(), k);
}

int64_t ExpertParallel::RoomRows(bool elastic) const {
  // The first rank is a shared-expert rank if any is, the last is never one.
  const int64_t moe = MaxRows(ep_world_size - 1);
  if (shared_expert_rank_num == 0) return moe;
  const int64_t shared =
      int64_t{max_bs} * ep_world_size * shared_expert_num / shared_expert_rank_num;
  if (elastic) return std::max(shared, moe);
  return IsSharedRank(ep_rank_id) ? shared : moe;
}

int64_t ExpertParallel::RoomExperts(bool elastic) const {
  return elastic ? ExpertsPerMoeRank() : LocalExpertNum(ep_rank_id);
}

namespace {

size_t NameBytes(const char* name) { return strnlen(name, kMaxGroupNameBytes + 1); }

Verdict CheckRange(const char* name, int64_t value, int64_t low, int64_t high) {
  OP_PLAN_REQUIRE(value >= low && value <= high,
                  "%s must be in [%" PRId64 ", %" PRId64 "], got %" PRId64, name, low, high, value);
  return {};
}

Verdict CheckSharedExperts(const ExpertParallelAttributes& a) {
  OP_PLAN_CHECK(CheckRange("shared_expert_num", a.shared_expert_num, 0, kMaxSharedExpertNum));
  OP_PLAN_REQUIRE(a.shared_expert_rank_num >= 0 && a.shared_expert_rank_num < a.ep_world_size,
                  "shared_expert_rank_num must be in [0, ep_world_size) = [0, %" PRId64
                  "), got %" PRId64,
                  a.ep_world_size, a.shared_expert_rank_num);
  if (a.shared_expert_rank_num == 0) {
    OP_PLAN_REQUIRE(
        a.shared_expert_num <= 1,
        "shared_expert_num must be 0 or 1 when shared_expert_rank_num is 0, got %" PRId64,
        a.shared_expert_num);
    return {};
  }
  OP_PLAN_REQUIRE(a.shared_expert_num > 0 && a.shared_expert_rank_num % a.shared_expert_num == 0,
                  "shared_expert_rank_num must be a multiple of shared_expert_num, got %" PRId64
                  " ranks and %" PRId64 " experts",
                  a.shared_expert_rank_num, a.shared_expert_num);
  return {};
}

Verdict CheckTensorParallel(const ExpertParallelAttributes& a) {
  OP_PLAN_CHECK(CheckRange("tp_world_size", a.tp_world_size, 0, kMaxTpWorldSize));
  if (a.tp_world_size < kMaxTpWorldSize) {
    OP_PLAN_REQUIRE(a.tp_rank_id == 0,
                    "tp_rank_id must be 0 when tp_world_size is %" PRId64 ", got %" PRId64,
                    a.tp_world_size, a.tp_rank_id);
    return {};
  }
  OP_PLAN_CHECK(CheckRange("tp_rank_id", a.tp_rank_id, 0, kMaxTpWorldSize - 1));
  OP_PLAN_REQUIRE(a.group_tp != nullptr && NameBytes(a.group_tp) >= 1,
                  "group_tp must have 1 to %zu bytes when tp_world_size is 2, got %s",
                  kMaxGroupNameBytes, a.group_tp == nullptr ? "null" : "an empty name");
  OP_PLAN_REQUIRE(std::strcmp(a.group_tp, a.group_ep) != 0,
                  "group_tp must differ from group_ep, both are '%s'", a.group_ep);
  const int64_t local = a.moe_expert_num / (a.ep_world_size - a.shared_expert_rank_num);
  OP_PLAN_REQUIRE(local == 1,
                  "tp_world_size 2 needs one expert per rank, got %" PRId64
                  " (moe_expert_num %" PRId64 " on %" PRId64 " ranks)",
                  local, a.moe_expert_num, a.ep_world_size - a.shared_expert_rank_num);
  return {};
}

Verdict CheckSpecialExperts(const ExpertParallelAttributes& a) {
  const int64_t most = INT32_MAX;
  OP_PLAN_CHECK(CheckRange("zero_expert_num", a.zero_expert_num, 0, most));
  OP_PLAN_CHECK(CheckRange("copy_expert_num", a.copy_expert_num, 0, most));
  OP_PLAN_CHECK(CheckRange("const_expert_num", a.const_expert_num, 0, most));
  const int64_t all = a.moe_expert_num + a.zero_expert_num + a.copy_expert_num + a.const_expert_num;
  OP_PLAN_REQUIRE(all <= most,
                  "moe_expert_num and the special experts together must be at most %" PRId64
                  ", got %" PRId64,
                  most, all);
  return {};
}

Verdict CheckTokens(const ExpertParallelAttributes& a, int64_t bs, int64_t k, int64_t h) {
  OP_PLAN_REQUIRE(bs >= 1 && bs <= kMaxBs,
                  "expert_ids: BS (dim 0) must be in [1, %" PRId64 "], got %" PRId64, kMaxBs, bs);
  const int64_t all = a.moe_expert_num + a.zero_expert_num + a.copy_expert_num + a.const_expert_num;
  OP_PLAN_REQUIRE(k >= 1 && k <= kMaxK,
                  "expert_ids: K (dim 1) must be in [1, %" PRId64 "], got %" PRId64, kMaxK, k);
  OP_PLAN_REQUIRE(k <= all,
                  "expert_ids: K (dim 1) must be at most the number of experts, %" PRId64
                  ", got %" PRId64,
                  all, k);
  OP_PLAN_REQUIRE(h >= kMinH && h <= kMaxH && h % kHMultiple == 0,
                  "H must be a multiple of %" PRId64 " in [%" PRId64 ", %" PRId64 "], got %" PRId64,
                  kHMultiple, kMinH, kMaxH, h);
  return {};
}

Verdict CheckGlobalBs(const ExpertParallelAttributes& a, int64_t bs) {
  if (a.global_bs == 0) return {};
  OP_PLAN_REQUIRE(a.global_bs % a.ep_world_size == 0 && a.global_bs >= bs * a.ep_world_size,
                  "global_bs must be 0 or the largest BS of any rank times ep_world_size, at least "
                  "%" PRId64 " * %" PRId64 " = %" PRId64 ", got %" PRId64,
                  bs, a.ep_world_size, bs * a.ep_world_size, a.global_bs);
  OP_PLAN_REQUIRE(a.global_bs <= kMaxBs * a.ep_world_size,
                  "global_bs must be at most %" PRId64 " * ep_world_size = %" PRId64
                  ", got %" PRId64,
                  kMaxBs, kMaxBs * a.ep_world_size, a.global_bs);
  return {};
}

}  // namespace

Verdict CheckGroupNames(const ExpertParallelAttributes& a) {
  if (a.group_ep == nullptr) return Refuse(kParamNullptr, "group_ep is null, but it is required");
  if (NameBytes(a.group_ep) > kMaxGroupNameBytes) {
    return Refuse(kParamInvalid, "group_ep must have 1 to %zu bytes, got more", kMaxGroupNameBytes);
  }
  const bool tp = a.tp_world_size == kMaxTpWorldSize;
  if (tp && a.group_tp != nullptr && NameBytes(a.group_tp) > kMaxGroupNameBytes) {
    return Refuse(kParamInvalid, "group_tp must have 1 to %zu bytes, got more", kMaxGroupNameBytes);
  }
  return {};
}

Verdict CheckExpertParallel(const ExpertParallelAttributes& a, int64_t bs, int64_t k, int64_t h,
                            ExpertParallel* ep) {
  OP_PLAN_REQUIRE(NameBytes(a.group_ep) >= 1,
                  "group_ep must have 1 to %zu bytes, got an empty name", kMaxGroupNameBytes);
  OP_PLAN_CHECK(CheckRange("ep_world_size", a.ep_world_size, kMinEpWorldSize, kMaxEpWorldSize));
  OP_PLAN_REQUIRE(a.ep_rank_id >= 0 && a.ep_rank_id < a.ep_world_size,
                  "ep_rank_id must be in [0, ep_world_size) = [0, %" PRId64 "), got %" PRId64,
                  a.ep_world_size, a.ep_rank_id);
  OP_PLAN_CHECK(CheckRange("moe_expert_num", a.moe_expert_num, 1, kMaxMoeExpertNum));
  OP_PLAN_CHECK(CheckRange("expert_shard_type", a.expert_shard_type, 0, 0));
  OP_PLAN_CHECK(CheckSharedExperts(a));
  const int64_t moe_ranks = a.ep_world_size - a.shared_expert_rank_num;
  OP_PLAN_REQUIRE(a.moe_expert_num % moe_ranks == 0,
                  "moe_expert_num must be a multiple of ep_world_size - shared_expert_rank_num = "
                  "%" PRId64 ", got %" PRId64,
                  moe_ranks, a.moe_expert_num);
  OP_PLAN_CHECK(CheckTensorParallel(a));
  OP_PLAN_CHECK(CheckSpecialExperts(a));
  OP_PLAN_REQUIRE(a.comm_alg == nullptr || a.comm_alg[0] == '\0',
                  "comm_alg must be null or empty, got '%.40s'", a.comm_alg);
  OP_PLAN_CHECK(CheckTokens(a, bs, k, h));
  OP_PLAN_CHECK(CheckGlobalBs(a, bs));

  ep->bs = static_cast<uint32_t>(bs);
  ep->k = static_cast<uint32_t>(k);
  ep->h = static_cast<uint32_t>(h);
  ep->max_bs = static_cast<uint32_t>(a.global_bs == 0 ? bs : a.global_bs / a.ep_world_size);
  ep->ep_world_size = static_cast<uint32_t>(a.ep_world_size);
  ep->ep_rank_id = static_cast<uint32_t>(a.ep_rank_id);
  ep->tp_world_size = static_cast<uint32_t>(std::max<int64_t>(a.tp_world_size, 1));
  ep->tp_rank_id = static_cast<uint32_t>(a.tp_rank_id);
  ep->moe_expert_num = static_cast<uint32_t>(a.moe_expert_num);
  ep->shared_expert_rank_num = static_cast<uint32_t>(a.shared_expert_rank_num);
  // A single shared expert without ranks of its own is no shared expert.
  ep->shared_expert_num =
      static_cast<uint32_t>(a.shared_expert_rank_num == 0 ? 0 : a.shared_expert_num);
  ep->first_special_expert = ep->moe_expert_num;
  ep->zero_expert_num = static_cast<uint32_t>(a.zero_expert_num);
  ep->copy_expert_num = static_cast<uint32_t>(a.copy_expert_num);
  ep->const_expert_num = static_cast<uint32_t>(a.const_expert_num);
  return {};
}

Verdict CheckBufferSize(const ExpertParallel& ep, uint64_t buffer_bytes) {
  const uint64_t needed = RequiredBufferBytes(ep);
  constexpr uint64_t kMegabyte = 1024 * 1024;
  OP_PLAN_REQUIRE(
      buffer_bytes >= needed,
      "HCCL_BUFFSIZE is %" PRIu64
      " MB, but BS %u, K %u, H %u, %u experts on %u ranks "
      "need %" PRIu64 " MB: set HCCL_BUFFSIZE=%" PRIu64 " or the buffer size of the communicator",
      buffer_bytes / kMegabyte, ep.max_bs, ep.k, ep.h, ep.moe_expert_num, ep.ep_world_size,
      (needed + kMegabyte - 1) / kMegabyte, (needed + kMegabyte - 1) / kMegabyte);
  return {};
}

Verdict CheckWindow(const char* parameter, uint64_t needed_bytes, uint64_t window_bytes) {
  constexpr uint64_t kMegabyte = 1024 * 1024;
  OP_PLAN_REQUIRE(window_bytes >= needed_bytes,
                  "HCCL_BUFFSIZE of %s is %" PRIu64 " MB, but this call needs %" PRIu64 " MB",
                  parameter, window_bytes / kMegabyte, (needed_bytes + kMegabyte - 1) / kMegabyte);
  return {};
}

Verdict CheckGroup(const char* parameter, const char* name, int64_t world_size, int64_t rank_id,
                   uint32_t group_size, uint32_t group_rank) {
  OP_PLAN_REQUIRE(group_size == world_size && group_rank == rank_id,
                  "%s '%s' is rank %u of %u here, but the call says rank %" PRId64 " of %" PRId64,
                  parameter, name, group_rank, group_size, rank_id, world_size);
  return {};
}

}  // namespace op_plan
