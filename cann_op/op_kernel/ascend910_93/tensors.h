// SPDX-License-Identifier: Apache-2.0
// The kernel's parameters by name.
#pragma once

#include "kernel_operator.h"

namespace combine_kernel {

using GmAddress = __gm__ uint8_t*;  // GM_ADDR is a macro that const does not bind to

struct Tensors {
  GmAddress expand_x;
  GmAddress expert_ids;
  GmAddress expand_idx;
  GmAddress ep_send_counts;
  GmAddress expert_scales;
  GmAddress residual_x;
  GmAddress gamma;
  GmAddress tp_send_counts;
  GmAddress x_active_mask;
  GmAddress shared_expert_x;
  GmAddress elastic_info;
  GmAddress ori_x;
  GmAddress const_expert_alpha_1;
  GmAddress const_expert_alpha_2;
  GmAddress const_expert_v;
  GmAddress y;
  GmAddress rstd_out;
  GmAddress x;
};

template <typename T>
__aicore__ inline AscendC::GlobalTensor<T> At(GmAddress address) {
  AscendC::GlobalTensor<T> tensor;
  tensor.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(address));
  return tensor;
}

}  // namespace combine_kernel
