// SPDX-License-Identifier: Apache-2.0
// The kernel's parameters by name.
#pragma once

#include "kernel_operator.h"

namespace combine_kernel {

struct Tensors {
  GM_ADDR expand_x, expert_ids, expand_idx, ep_send_counts, expert_scales, residual_x, gamma;
  GM_ADDR tp_send_counts, x_active_mask, shared_expert_x, elastic_info, ori_x;
  GM_ADDR const_expert_alpha_1, const_expert_alpha_2, const_expert_v;
  GM_ADDR y, rstd_out, x;
};

template <typename T>
__aicore__ inline AscendC::GlobalTensor<T> At(GM_ADDR address) {
  AscendC::GlobalTensor<T> tensor;
  tensor.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(address));
  return tensor;
}

}  // namespace combine_kernel
