// SPDX-License-Identifier: Apache-2.0
// A communicator as HCCL describes it to the cores: the part of its structure that says where the
// windows and status areas of the ranks are, at HCCL's offsets. Plain C++, for the host device too.
#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace combine_kernel
