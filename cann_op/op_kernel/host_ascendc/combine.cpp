// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/combine.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "launch.h"
#include "op_kernel/ascend910_93/status_places.h"
#include "op_kernel/host_ascendc/group_memory.h"
#include "op_kernel/host_ascendc/kernel_entry.h"
#include "op_kernel/host_ascendc/launch_record.h"
#include "op_kernel/host_ascendc/plain_tensors.h"
#include "op_kernel/host_ascendc/rounds.h"
#include "op_kernel/host_ascendc/routing.h"
#include "op_kernel/host_cpu/read_topology.h"
#include "op_kernel/host_cpu/routing_check.h"

namespace host_ascendc_kernel {

using op_api::CollectiveKernel;
using op_api::CollectiveRequest;
using op_api::CollectiveTurn;
using op_plan::CombineTiling;
using op_plan::ExpertParallel;
using op_plan::Topology;

namespace {

constexpr char kName[] = "MoeDistributeCombineAddRmsNorm(ascend910_93)";

CollectiveRequest GroupRequest(const Params& params, const Topology& topology) {
  const op_plan::CombinePlan& plan = params.combine.plan;
  const ExpertParallel& ep = plan.ep;
  return {"group_ep",
          params.combine.group_ep,
          ep.ep_world_size,
          ep.ep_rank_id,
          topology.original,
          op_plan::RequiredBufferBytes(ep),
          op_api::MakeSignature(
              kName,
              "ep_world_size,H,K,moe_expert_num,shared_expert_num,shared_expert_rank_num,largest "
              "BS,comm_quant_mode,expand_idx of V1,ranks left,experts left,vector cores",
              {ep.ep_world_size, ep.h, ep.k, ep.moe_expert_num, ep.shared_expert_num,
               ep.shared_expert_rank_num, ep.max_bs, plan.int8_rows ? 2 : 0,
               plan.row_origin == op_plan::RowOrigin::kPositions, topology.ep.ep_world_size,
               topology.ep.moe_expert_num, params.vector_cores})};
}

CollectiveRequest PairRequest(const Params& params) {
  const ExpertParallel& ep = params.combine.plan.ep;
  return {"group_tp",
          params.combine.group_tp,
          ep.tp_world_size,
          ep.tp_rank_id,
          {0, 1},
          op_plan::PairWindowBytes(params.combine.plan),
          op_api::MakeSignature(kName,
                                "ep_world_size,ep_rank_id,H,moe_expert_num,largest BS,vector cores",
                                {ep.ep_world_size, ep.ep_rank_id, ep.h, ep.moe_expert_num,
                                 ep.max_bs, params.vector_cores})};
}

class Combine {
 public:
  Combine(const HostLaunch& host, const Params& params, const Topology& topology,
          const CollectiveKernel& group, const CollectiveKernel* pair)
      : host_(host),
        params_(params),
        plan_(params.combine.plan),
        ep_(topology.ep),
        choices_(host.tensors[op_plan::kExpertIds], host.tensors[op_plan::kXActiveMask], plan_.mask,
                 ep_),
        routing_(host.tensors, plan_, ep_, choices_),
        group_(group),
        pair_(pair),
        group_memory_(group),
        rounds_(group, pair) {
    if (pair != nullptr) pair_memory_.emplace(*pair);
    // Ranks meet before every launch, so that either half is free; a pair's groups may have done
    // unequal numbers of collectives.
    half_ = pair == nullptr ? group.epoch & 1 : 0;
  }

  aclError Run(HostFailure* failure) {
    aclError status = Meet(failure);
    if (status != ACL_SUCCESS) return status;
    status = RunKernel(failure);
    // Who has all rows fails with a rank that has not.
    if (status != ACL_SUCCESS || rounds_.End()) return status;
    *failure = rounds_.failure();
    Fail(failure);
    return rounds_.status();
  }

 private:
  // Publishes that this rank's part is in order, and awaits that of all others.
  aclError Meet(HostFailure* failure) {
    combine::PairCounts counts = {};
    if (!routing_.Check(failure) ||
        (pair_ != nullptr && !combine::ReadPairCounts(ep_, host_.tensors, &counts, failure))) {
      return Fail(failure);
    }
    PrepareStatus();
    if (params_.checked) {
      group_memory_.ForgetOwn();
      if (pair_ != nullptr) pair_memory_->ForgetOwn();
    }
    if (pair_ != nullptr) std::memcpy(pair_memory_->status(), &counts, sizeof(counts));
    aclError status = ACL_SUCCESS;
    if (pair_ != nullptr) {
      status = pair_->PublishAndAwaitAll(failure);
      if (status == ACL_SUCCESS) {
        combine::PairCounts theirs;
        std::memcpy(&theirs, HostCollectiveStatus(pair_->collective, 1 - ep_.tp_rank_id),
                    sizeof(theirs));
        if (!combine::CheckPeerCounts(ep_, counts, theirs, failure)) status = Fail(failure);
      }
      if (status != ACL_SUCCESS) {
        group_.Fail(failure);
        return status;
      }
    }
    status = group_.PublishAndAwaitAll(failure);
    if (status != ACL_SUCCESS && pair_ != nullptr) pair_->Fail(failure);
    return status;
  }

  aclError Fail(const HostFailure* failure) const {
    if (pair_ != nullptr) pair_->Fail(failure);
    return group_.Fail(failure);
  }

  // Whatever the status area was used for before, and however an earlier launch ended: no flag is
  // up, and every core takes the same half.
  void PrepareStatus() const {
    ClearFlags(group_memory_.status());
    if (pair_ != nullptr) ClearFlags(pair_memory_->status());
    for (uint32_t core = 0; core < params_.vector_cores; ++core) {
      std::memcpy(group_memory_.status() + combine_kernel::kStateWords +
                      core * combine_kernel::kStateWordStride,
                  &half_, sizeof(half_));
    }
  }
  void ClearFlags(uint8_t* status) const {
    uint8_t* const half = status + half_ * combine_kernel::kHalfStatus;
    const uint64_t arrivals =
        std::max<uint64_t>(uint64_t{ep_.bs} * ep_.CopiesPerToken() * combine_kernel::kFlagBytes,
                           params_.vector_cores * combine_kernel::kPairFlagStride);
    std::memset(half + combine_kernel::kArrivalFlags, 0, arrivals);
    std::memset(half + combine_kernel::kPositionFlags, 0,
                uint64_t{ep_.ep_world_size} * combine_kernel::kFlagBytes);
    std::memset(half + combine_kernel::kPartMessages, 0,
                combine_kernel::kPartRounds * combine_kernel::kPartRoundStride);
  }

  aclError RunKernel(HostFailure* failure) {
    CombineTiling tiling = {};
    const op_plan::CombineResources resources = {params_.vector_cores, op_plan::kUsableUbBytes,
                                                 group_.comm.window_bytes,
                                                 pair_ == nullptr ? 0 : pair_->comm.window_bytes};
    if (!op_plan::FillCombineTiling(plan_, params_.shapes, resources, &tiling)) {
      std::snprintf(failure->text, HostFailure::kTextBytes,
                    "the kernel needs %llu bytes of UB, a core has %llu",
                    static_cast<unsigned long long>(op_plan::CombineUbBytes(tiling)),
                    static_cast<unsigned long long>(op_plan::kUsableUbBytes));
      return Fail(failure);
    }
    const PlainTensors tensors(host_.tensors);
    host_ascendc::Launch launch;
    launch.kernel = kName;
    launch.cores = params_.vector_cores;
    launch.rank = group_.comm.rank;
    launch.device = static_cast<uint64_t>(host_.device);
    launch.checked = params_.checked;
    launch.ub_bytes = op_plan::kUsableUbBytes;
    LaunchRecord record(&launch);
    launch.regions = tensors.regions();
    group_memory_.AddRegions("group_ep", &launch.regions);
    launch.hccl_contexts[0] = group_memory_.context();
    if (pair_ != nullptr) {
      pair_memory_->AddRegions("group_tp", &launch.regions);
      launch.hccl_contexts[1] = pair_memory_->context();
    }
    // Device memory, as on the NPU.
    auto* const tiling_address = static_cast<uint8_t*>(host_.workspace);
    std::memcpy(tiling_address, &tiling, sizeof(tiling));
    host_ascendc::GmRegion region;
    region.name = "tiling";
    region.address = tiling_address;
    region.bytes = sizeof(tiling);
    launch.regions.push_back(region);
    launch.wait = [this](const host_ascendc::Waiting& waiting, std::string* why) {
      waiting_ = waiting;
      return rounds_.Next(why);
    };
    std::string error;
    host_ascendc::Report report;
    const bool ran =
        host_ascendc::Run(launch, [&] { CallKernel(tensors, tiling_address); }, &report, &error);
    if (!ran) return Explain(error, failure);
    if (!record.Write(report, group_.epoch, failure)) return Fail(failure);
    return CheckFlags(failure);
  }

  // A failure of a peer is told as that; rows that never came by which; anything else is a fault of
  // the kernel.
  aclError Explain(const std::string& error, HostFailure* failure) {
    if (rounds_.status() != ACL_SUCCESS) {
      *failure = rounds_.failure();
      Fail(failure);
      return rounds_.status();
    }
    if (!rounds_.exhausted() || !SayMissingRow(failure)) {
      std::snprintf(failure->text, HostFailure::kTextBytes, "%s", error.c_str());
    }
    return Fail(failure);
  }
  // Of the first token that a core waits for.
  bool SayMissingRow(HostFailure* failure) const {
    const uint8_t* const flags = group_memory_.status() + half_ * combine_kernel::kHalfStatus +
                                 combine_kernel::kArrivalFlags;
    const uint64_t token_bytes = uint64_t{ep_.CopiesPerToken()} * combine_kernel::kFlagBytes;
    uint64_t first = ep_.bs;
    for (const host_ascendc::WaitingCore& core : waiting_) {
      if (core.address < flags) continue;
      first = std::min(first, static_cast<uint64_t>(core.address - flags) / token_bytes);
    }
    return first < ep_.bs &&
           routing_.SayMissingRow(static_cast<uint32_t>(first), flags + first * token_bytes,
                                  combine_kernel::kFlagBytes, failure);
  }

  // In checked mode: the kernel has left its state as it found it, for the launch after the next.
  aclError CheckFlags(HostFailure* failure) const {
    if (!params_.checked) return ACL_SUCCESS;
    const uint8_t* const status = group_memory_.status();
    for (uint32_t core = 0; core < params_.vector_cores; ++core) {
      uint32_t word;
      std::memcpy(&word,
                  status + combine_kernel::kStateWords + core * combine_kernel::kStateWordStride,
                  sizeof(word));
      if (word == 1 - half_) continue;
      std::snprintf(failure->text, HostFailure::kTextBytes,
                    "core %u has left its state word at %u: the next launch must use half %u", core,
                    word, 1 - half_);
      return Fail(failure);
    }
    return ACL_SUCCESS;
  }

  const HostLaunch& host_;
  const Params& params_;
  const op_plan::CombinePlan& plan_;
  const ExpertParallel& ep_;
  const Choices choices_;
  const Routing routing_;
  const CollectiveKernel& group_;
  const CollectiveKernel* const pair_;
  GroupMemory group_memory_;
  std::optional<GroupMemory> pair_memory_;
  Rounds rounds_;
  host_ascendc::Waiting waiting_;  // at the last round
  uint32_t half_;
};

}  // namespace

uint64_t WorkspaceBytes() { return sizeof(CombineTiling); }

aclError Run(const HostLaunch* host, HostFailure* failure) {
  const auto& params = *static_cast<const Params*>(host->params);
  const op_plan::CombinePlan& plan = params.combine.plan;
  Topology topology;
  const op_plan::Verdict refusal =
      ReadTopology(host->tensors[op_plan::kElasticInfo], plan.ep, &topology);
  const CollectiveTurn group(*host, GroupRequest(params, topology), failure);
  if (group.status() != ACL_SUCCESS) return group.status();
  if (refusal) {
    std::snprintf(failure->text, HostFailure::kTextBytes, "%s", refusal->text.c_str());
    return group.kernel().Fail(failure);
  }
  if (plan.ep.tp_world_size == 1) {
    return Combine(*host, params, topology, group.kernel(), nullptr).Run(failure);
  }
  const CollectiveTurn pair(*host, PairRequest(params), failure);
  if (pair.status() != ACL_SUCCESS) {
    group.kernel().Fail(failure);
    return pair.status();
  }
  return Combine(*host, params, topology, group.kernel(), &pair.kernel()).Run(failure);
}

}  // namespace host_ascendc_kernel
