// SPDX-License-Identifier: Apache-2.0
// The windows and status areas of a communicator's ranks.
#pragma once

#include "hccl_context.h"
#include "kernel_operator.h"

namespace combine_kernel {

class HcclGroup {
 public:
  __aicore__ inline void Init(GM_ADDR context) {
    context_ = reinterpret_cast<__gm__ HcclContext*>(context);
    self_ = context_->rank;
  }
  __aicore__ inline GM_ADDR Window(uint32_t rank) const {
    return reinterpret_cast<GM_ADDR>(rank == self_ ? context_->window_in : Remote(rank)->window_in);
  }
  __aicore__ inline GM_ADDR Status(uint32_t rank) const {
    return reinterpret_cast<GM_ADDR>(rank == self_ ? context_->status : Remote(rank)->status);
  }
  __aicore__ inline GM_ADDR OwnStatus() const {
    return reinterpret_cast<GM_ADDR>(context_->status);
  }
  __aicore__ inline uint32_t self() const { return self_; }

 private:
  __aicore__ inline __gm__ HcclRemoteRank* Remote(uint32_t rank) const {
    return reinterpret_cast<__gm__ HcclRemoteRank*>(context_->remote[rank].device);
  }

  __gm__ HcclContext* context_;
  uint32_t self_;
};

}  // namespace combine_kernel
