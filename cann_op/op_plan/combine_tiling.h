// SPDX-License-Identifier: Apache-2.0
// What the host tells the Ascend C kernel of combine + add + RMSNorm. Included by the kernel too,
// so that nothing but fixed-width integers is needed here.
#pragma once

#include <cstdint>

namespace op_plan {

struct CombinePlan;

struct CombineTiling {
  // HCCL's own, which CANN's tiling fills and the kernel does not read: Mc2InitTiling, then an
  // Mc2CcTiling for group_ep and one for group_tp, with room for the sizes of CANN 8.1 and later.
  alignas(8) uint8_t mc2_init[64];
  uint8_t mc2_ep[512];
  uint8_t mc2_tp[512];

  uint64_t window_bytes;     // HCCL_BUFFSIZE of group_ep: half h begins at h * window_bytes / 2
  uint64_t tp_window_bytes;  // the same of group_tp
  uint64_t position_offset;  // of the table of V1's positions in a half, behind the rows

  uint32_t cores;  // vector cores that work on the launch
  uint32_t bs, k, h;
  uint32_t max_bs;
  uint32_t ep_world_size, ep_rank_id;
  uint32_t tp_world_size, tp_rank_id;  // tp_world_size is 1 without TP
  uint32_t moe_expert_num;
  uint32_t shared_expert_num, shared_expert_rank_num;
  uint32_t first_special_expert, first_const_expert;
  uint32_t zero_expert_num, copy_expert_num, const_expert_num;
  uint32_t row_stride;  // bytes from one row slot of a window to the next

  uint32_t mask;        // op_plan::MaskKind
  uint32_t positions;   // 1: expand_idx holds V1's positions, 0: triples
  uint32_t int8_rows;   // comm_quant_mode 2
  uint32_t elastic;     // elastic_info is there
  uint32_t shared_x;    // shared_expert_x is there
  uint32_t alpha_rows;  // bit 0, 1: const_expert_alpha_1, 2 has a factor per element
  uint32_t gamma_wide;  // gamma fits into UB as float32
  uint32_t send_rows;   // rows that are under way at once while sending, at most kMaxSendRows

  uint32_t row_buffers;  // rows of tokens that are in UB at once, at most kMaxRowBuffers
  uint32_t out_rows;     // outputs that are under way at once, 2 where UB allows it

  float norm_eps;
  uint32_t root_h;  // sqrt(H) in units of 2^-kRootBits
};
static_assert(sizeof(CombineTiling) == 64 + 2 * 512 + 3 * 8 + 30 * 4, "shared by host and kernel");
static_assert(alignof(CombineTiling) == 8, "shared by host and kernel");

// There is one kernel for all plans.
constexpr uint64_t kCombineTilingKey = 0;
// What the kernel wants of the workspace beyond what CANN itself takes of it.
constexpr uint64_t kCombineWorkspaceBytes = 0;

// Where the kernel keeps things; of CANN's own combine, so that it alternates with CANN's dispatch.
constexpr uint32_t kStatusBytesPerRank = 1024 * 1024;
constexpr uint32_t kRowAlignBytes = 512;
constexpr uint32_t kMaxVectorCores = 48;  // cores that have a state word in the status area
constexpr uint32_t kMaxSendRows = 4;
constexpr uint32_t kMaxRowBuffers = 4;
constexpr int32_t kRootBits = 18;
constexpr uint32_t kShortRowRepeats = 32;  // whose squares are summed at once, with more UB

// Of the 192 KiB of a core's UB, what a kernel has that CANN's build compiles as usual: 8 KiB are
// kept for instructions like Select, 256 bytes for the compiler (asc-devkit, NPU architecture
// 2201).
constexpr uint64_t kUsableUbBytes = 192 * 1024 - 8 * 1024 - 256;

// The chip and the windows below a launch.
struct CombineResources {
  uint32_t cores;
  uint64_t ub_bytes;
  uint64_t window_bytes;
  uint64_t tp_window_bytes;
};

// The tensors that decide more than their plan says.
struct CombineShapes {
  bool shared_x;
  bool alpha_1_rows, alpha_2_rows;
};

// Fills everything but HCCL's part. False: the rows do not fit into UB, which kUsableUbBytes never
// says.
bool FillCombineTiling(const CombinePlan& plan, const CombineShapes& shapes,
                       const CombineResources& resources, CombineTiling* tiling);

// What a launch needs of the window of group_tp; 0 without TP.
uint64_t PairWindowBytes(const CombinePlan& plan);

// UB that the kernel takes, in the phase that takes most.
uint64_t CombineUbBytes(const CombineTiling& tiling);

}  // namespace op_plan
