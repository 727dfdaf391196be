// SPDX-License-Identifier: Apache-2.0
// One MoE layer of one rank: dispatch, the experts, combine + add + RMSNorm.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "acl/acl.h"
#include "acl_call.h"
#include "aclnnop/aclnn_moe_distribute_combine_add_rms_norm.h"
#include "aclnnop/aclnn_moe_distribute_dispatch_v2.h"
#include "bfloat16.h"
#include "device_tensor.h"
#include "second_phase.h"

// The same on every rank.
struct LayerSize {
  int64_t bs, h, k;  // tokens of a rank, elements of a token, experts of a token
  int64_t experts;
  int64_t ep_size;
  int64_t tp_size;  // 1, or 2: a pair of ranks that hold a part each of the same experts

  int64_t LocalExperts() const { return experts / ep_size; }
  // A: the most rows that a rank can receive for its own experts.
  int64_t Rows() const { return ep_size * bs * std::min(LocalExperts(), k); }
};

struct Rank {
  int64_t ep_rank, tp_rank;
  const char* ep_group;  // HcclGetCommName of the communicators
  const char* tp_group;  // "" with tp_size 1
};

constexpr float kNormEps = 1e-6f;

struct LayerInput {
  std::vector<uint16_t> x, residual_x, shared_expert_x, gamma;  // bfloat16
  std::vector<int32_t> expert_ids;                              // (BS, K)
  std::vector<float> expert_scales;                             // (BS, K)
};

struct LayerOutput {
  std::vector<uint16_t> x, y;  // (BS, 1, H): the sum, and the sum normalised
  std::vector<float> rstd;     // (BS, 1, 1)
};

// The tokens of a rank, other ones for each `seed`.
inline LayerInput MakeInput(const LayerSize& size, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> number(-1, 1);
  const auto fill = [&](int64_t count) {
    std::vector<uint16_t> bits(count);
    for (uint16_t& each : bits) each = ToBfloat16(number(random));
    return bits;
  };
  LayerInput input{fill(size.bs * size.h), fill(size.bs * size.h), fill(size.bs * size.h),
                   fill(size.h), {}, {}};
  std::vector<int32_t> experts(size.experts);
  std::iota(experts.begin(), experts.end(), 0);
  for (int64_t token = 0; token < size.bs; ++token) {
    std::shuffle(experts.begin(), experts.end(), random);  // no expert twice in a token
    for (int64_t k = 0; k < size.k; ++k) {
      input.expert_ids.push_back(experts[k]);
      input.expert_scales.push_back(0.5f + 0.5f * number(random));
    }
  }
  return input;
}

// The experts of these samples scale a token; each rank of a pair computes a part of the result.
inline uint16_t Expert(int64_t expert, int64_t tp_rank, uint16_t element) {
  const float factor = tp_rank == 0 ? 0.25f * static_cast<float>(expert + 1) : -0.3f;
  return ToBfloat16(factor * FromBfloat16(element));
}

// Rows lie in order of the local experts. Here the CPU works on them; on the device it would be a
// grouped matrix multiplication on `stream`, between dispatch and combine.
inline void RunExperts(const LayerSize& size, const Rank& rank, DeviceTensor<uint16_t>* expand_x,
                       const DeviceTensor<int32_t>& ep_recv_counts,
                       const DeviceTensor<int32_t>& tp_recv_counts) {
  std::vector<uint16_t> rows = expand_x->Read();
  const std::vector<int32_t> ep_counts = ep_recv_counts.Read();
  const std::vector<int32_t> tp_counts = tp_recv_counts.Read();
  int64_t row = 0;
  for (int64_t local = 0; local < size.LocalExperts(); ++local) {
    // Running totals over local experts and source ranks. A pair has one expert, and the rows of
    // both ranks of the pair are here.
    const int64_t end = size.tp_size == 2 ? tp_counts[0] + tp_counts[1]
                                          : ep_counts[(local + 1) * size.ep_size - 1];
    const int64_t expert = rank.ep_rank * size.LocalExperts() + local;
    for (; row < end; ++row) {
      for (int64_t i = row * size.h; i < (row + 1) * size.h; ++i) {
        rows[i] = Expert(expert, rank.tp_rank, rows[i]);
      }
    }
  }
  expand_x->Write(rows);
}

// Collective: every rank of both groups calls it.
inline LayerOutput RunLayer(const LayerSize& size, const Rank& rank, const LayerInput& input,
                            aclrtStream stream) {
  const int64_t room = size.tp_size * size.Rows();
  const int64_t global_bs = size.ep_size * size.bs;
  DeviceTensor<int32_t> expert_ids(ACL_INT32, {size.bs, size.k}, input.expert_ids);
  DeviceTensor<uint16_t> expand_x(ACL_BF16, {room, size.h});
  DeviceTensor<int32_t> assist_info(ACL_INT32, {size.Rows() * 128});
  DeviceTensor<int32_t> ep_recv_counts(ACL_INT32,
                                       {size.ep_size * size.LocalExperts() * size.tp_size});
  DeviceTensor<int32_t> tp_recv_counts(ACL_INT32, {size.tp_size});
  {
    DeviceTensor<uint16_t> x(ACL_BF16, {size.bs, size.h}, input.x);
    DeviceTensor<int64_t> expert_token_nums(ACL_INT64, {size.LocalExperts()});
    DeviceTensor<float> dynamic_scales(ACL_FLOAT, {room});        // written with quantMode 2
    DeviceTensor<float> expand_scales(ACL_FLOAT, {size.Rows()});  // reserved
    Prepared dispatch;
    ACL_CALL(aclnnMoeDistributeDispatchV2GetWorkspaceSize(
        x.acl(), expert_ids.acl(), /*scales=*/nullptr, /*xActiveMask=*/nullptr,
        /*expertScales=*/nullptr, rank.ep_group, size.ep_size, rank.ep_rank, size.experts,
        rank.tp_group, size.tp_size, rank.tp_rank, /*expertShardType=*/0, /*sharedExpertNum=*/0,
        /*sharedExpertRankNum=*/0, /*quantMode=*/0, global_bs, /*expertTokenNumsType=*/1,
        /*commAlg=*/nullptr, expand_x.acl(), dynamic_scales.acl(), assist_info.acl(),
        expert_token_nums.acl(), ep_recv_counts.acl(), tp_recv_counts.acl(), expand_scales.acl(),
        &dispatch.workspace_bytes, &dispatch.executor));
    RunAndWait(aclnnMoeDistributeDispatchV2, dispatch, stream);
  }
  RunExperts(size, rank, &expand_x, ep_recv_counts, tp_recv_counts);

  DeviceTensor<float> expert_scales(ACL_FLOAT, {size.bs, size.k}, input.expert_scales);
  DeviceTensor<uint16_t> residual_x(ACL_BF16, {size.bs, 1, size.h}, input.residual_x);
  DeviceTensor<uint16_t> shared_expert_x(ACL_BF16, {size.bs, 1, size.h}, input.shared_expert_x);
  DeviceTensor<uint16_t> gamma(ACL_BF16, {size.h}, input.gamma);
  DeviceTensor<uint16_t> x_out(ACL_BF16, {size.bs, 1, size.h});
  DeviceTensor<uint16_t> y(ACL_BF16, {size.bs, 1, size.h});
  DeviceTensor<float> rstd(ACL_FLOAT, {size.bs, 1, 1});
  Prepared combine;
  ACL_CALL(aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize(
      expand_x.acl(), expert_ids.acl(), assist_info.acl(), ep_recv_counts.acl(),
      expert_scales.acl(), residual_x.acl(), gamma.acl(), tp_recv_counts.acl(),
      /*xActiveMask=*/nullptr, /*activationScale=*/nullptr, /*weightScale=*/nullptr,
      /*groupList=*/nullptr, /*expandScales=*/nullptr, shared_expert_x.acl(), rank.ep_group,
      size.ep_size, rank.ep_rank, size.experts, rank.tp_group, size.tp_size, rank.tp_rank,
      /*expertShardType=*/0, /*sharedExpertNum=*/0, /*sharedExpertRankNum=*/0, global_bs,
      /*outDtype=*/0, /*commQuantMode=*/0, /*groupListType=*/0, /*commAlg=*/nullptr, kNormEps,
      y.acl(), rstd.acl(), x_out.acl(), &combine.workspace_bytes, &combine.executor));
  RunAndWait(aclnnMoeDistributeCombineAddRmsNorm, combine, stream);
  return {x_out.Read(), y.Read(), rstd.Read()};
}
