// SPDX-License-Identifier: Apache-2.0
// The kernel's entry, as ascend910_93/moe_distribute_combine_add_rms_norm.cpp defines it.
#pragma once

#include <cstdint>

#include "op_kernel/host_ascendc/plain_tensors.h"

extern "C" void moe_distribute_combine_add_rms_norm(
    uint8_t* expand_x, uint8_t* expert_ids, uint8_t* expand_idx, uint8_t* ep_send_counts,
    uint8_t* expert_scales, uint8_t* residual_x, uint8_t* gamma, uint8_t* tp_send_counts,
    uint8_t* x_active_mask, uint8_t* activation_scale, uint8_t* weight_scale, uint8_t* group_list,
    uint8_t* expand_scales, uint8_t* shared_expert_x, uint8_t* elastic_info, uint8_t* ori_x,
    uint8_t* const_expert_alpha_1, uint8_t* const_expert_alpha_2, uint8_t* const_expert_v,
    uint8_t* y, uint8_t* rstd_out, uint8_t* x, uint8_t* workspace, uint8_t* tiling);

namespace host_ascendc_kernel {

// One core's call. The kernel takes no workspace.
template <typename Tensors>
void CallKernel(const Tensors& t, uint8_t* tiling) {
  using namespace op_plan;
  moe_distribute_combine_add_rms_norm(
      t.address(kExpandX), t.address(kExpertIds), t.address(kExpandIdx), t.address(kEpSendCounts),
      t.address(kExpertScales), t.address(kResidualX), t.address(kGamma), t.address(kTpSendCounts),
      t.address(kXActiveMask), t.address(kActivationScale), t.address(kWeightScale),
      t.address(kGroupList), t.address(kExpandScales), t.address(kSharedExpertX),
      t.address(kElasticInfo), t.address(kOriX), t.address(kConstExpertAlpha1),
      t.address(kConstExpertAlpha2), t.address(kConstExpertV), t.address(kY), t.address(kRstdOut),
      t.address(kX), nullptr, tiling);
}

}  // namespace host_ascendc_kernel
