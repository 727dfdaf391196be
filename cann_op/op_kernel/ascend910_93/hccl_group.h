// SPDX-License-Identifier: Apache-2.0
// A communicator as HCCL describes it to the cores: where the windows and status areas of its ranks
// are. The part of HCCL's structure that is needed, at HCCL's offsets.
#pragma once

#include <cstddef>

#include "kernel_operator.h"

namespace combine_kernel {

struct HcclRemoteRank {
  uint32_t rank;
  uint32_t world_rank;
  uint64_t window_in;
  uint64_t window_out;
  uint64_t status;  // HCCL's "exp" window
};

struct HcclRemotePointer {
  uint64_t host;
  uint64_t device;  // a HcclRemoteRank
};

struct HcclContext {
  uint64_t workspace[2];
  uint32_t rank;
  uint32_t rank_size;
  uint64_t window_bytes;
  uint64_t window_in;  // of this rank
  uint64_t window_out;
  uint8_t name[128];
  uint64_t status_bytes;
  uint64_t status;  // of this rank
  uint8_t not_needed[3128];
  HcclRemotePointer remote[1];  // one per rank
};
static_assert(offsetof(HcclContext, rank) == 16, "HCCL's layout");
static_assert(offsetof(HcclContext, window_in) == 32, "HCCL's layout");
static_assert(offsetof(HcclContext, status) == 184, "HCCL's layout");
static_assert(offsetof(HcclContext, remote) == 3320, "HCCL's layout");
static_assert(offsetof(HcclRemoteRank, window_in) == 8, "HCCL's layout");
static_assert(offsetof(HcclRemoteRank, status) == 24, "HCCL's layout");

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
  __aicore__ inline GM_ADDR OwnStatus() const { return reinterpret_cast<GM_ADDR>(context_->status); }
  __aicore__ inline uint32_t self() const { return self_; }

 private:
  __aicore__ inline __gm__ HcclRemoteRank* Remote(uint32_t rank) const {
    return reinterpret_cast<__gm__ HcclRemoteRank*>(context_->remote[rank].device);
  }

  __gm__ HcclContext* context_;
  uint32_t self_;
};

}  // namespace combine_kernel
