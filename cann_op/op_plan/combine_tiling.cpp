// SPDX-License-Identifier: Apache-2.0
#include "op_plan/combine_tiling.h"

#include <algorithm>
#include <cmath>

#include "op_plan/combine_plan.h"
#include "op_plan/limits.h"

namespace op_plan {
namespace {

constexpr uint64_t kBlock = 32;
constexpr uint64_t kRepeat = 64;       // float32 elements
constexpr uint64_t kTokenBatch = 16;   // as the kernel's token_share.h
constexpr uint64_t kScanTokens = 128;  // as the kernel's token_share.h
constexpr uint64_t kConstants = 1024;  // and messages

constexpr uint64_t AlignUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }
constexpr uint64_t Blocks(uint64_t bytes) { return AlignUp(bytes, kBlock); }

uint64_t RowBytes(const CombineTiling& t) { return 2 * uint64_t{t.h}; }
uint64_t WideBytes(const CombineTiling& t) { return 4 * AlignUp(t.h, kRepeat); }
// As the kernel's row_squares.h: four times as long where rows are short.
uint64_t TermBytes(const CombineTiling& t) {
  const uint64_t repeats = AlignUp(t.h, kRepeat) / kRepeat;
  const uint64_t quarter = repeats <= kShortRowRepeats ? repeats : (repeats + 3) / 4;
  return 4 * quarter * kRepeat * sizeof(float);
}
uint64_t ScaleBytes(const CombineTiling& t) { return 4 * AlignUp(t.h / 8, kRepeat); }
uint64_t ElasticBytes(const CombineTiling& t) {
  return t.elastic != 0 ? Blocks(4 * (4 + 2 * uint64_t{t.ep_world_size})) : 0;
}
bool NeedsScratch(const CombineTiling& t) { return t.int8_rows != 0 || t.const_expert_num != 0; }

uint64_t ShareBytes(const CombineTiling& t) {
  const uint64_t choices = kTokenBatch * t.k;
  uint64_t bytes = 2 * Blocks(4 * choices);
  if (t.mask == static_cast<uint32_t>(MaskKind::kTokens)) bytes += Blocks(t.bs);
  if (t.mask == static_cast<uint32_t>(MaskKind::kChoices)) {
    bytes += Blocks(kScanTokens * t.k) + Blocks(4 * (t.bs / t.cores + 1));
  }
  return bytes;
}

// Phases have UB one after the other.
uint64_t SendUbBytes(const CombineTiling& t) {
  constexpr uint64_t kSmall = 6 * 1024;  // flags, a batch of triples and of counts, the state word
  uint64_t rows = t.send_rows * RowBytes(t);
  if (t.tp_world_size > 1) rows = 6 * RowBytes(t) + 2 * 4 * uint64_t{t.h};
  if (t.int8_rows != 0) rows = 4 * RowBytes(t) + 2 * WideBytes(t) + ScaleBytes(t) + kConstants;
  return rows + kSmall + ElasticBytes(t);
}

uint64_t PositionUbBytes(const CombineTiling& t) {
  if (t.positions == 0) return 0;
  const uint64_t slots = uint64_t{t.k + t.shared_expert_num} * kBlock;
  return ShareBytes(t) + Blocks(4 * uint64_t{t.k}) + slots + 2 * kBlock + ElasticBytes(t);
}

uint64_t ReduceUbBytes(const CombineTiling& t) {
  const uint64_t flags = uint64_t{t.k + t.shared_expert_num} * kBlock;
  uint64_t bytes = (t.row_buffers + t.out_rows) * RowBytes(t) + WideBytes(t) + TermBytes(t) +
                   2 * flags + kConstants + kBlock;
  bytes += t.gamma_wide != 0 ? WideBytes(t) : RowBytes(t);
  if (NeedsScratch(t)) bytes += WideBytes(t);
  if (t.int8_rows != 0) bytes += ScaleBytes(t);
  if (t.const_expert_num != 0) bytes += 2 * kBlock;
  return bytes + ShareBytes(t) + ElasticBytes(t);
}

}  // namespace

uint64_t CombineUbBytes(const CombineTiling& tiling) {
  return std::max({SendUbBytes(tiling), PositionUbBytes(tiling), ReduceUbBytes(tiling)});
}

uint64_t PairWindowBytes(const CombinePlan& plan) {
  const ExpertParallel& ep = plan.ep;
  if (ep.tp_world_size == 1) return 0;
  return 2 * ep.MaxRows(ep.ep_rank_id) * AlignUp(2 * uint64_t{ep.h}, kRowAlignBytes);
}

bool FillCombineTiling(const CombinePlan& plan, const CombineShapes& shapes,
                       const CombineResources& resources, CombineTiling* tiling) {
  const ExpertParallel& ep = plan.ep;
  CombineTiling& t = *tiling;
  t.window_bytes = resources.window_bytes;
  t.tp_window_bytes = resources.tp_window_bytes;
  t.row_stride = static_cast<uint32_t>(AlignUp(2 * uint64_t{ep.h}, kRowAlignBytes));
  t.position_offset = uint64_t{ep.max_bs} * ep.CopiesPerToken() * t.row_stride;
  t.cores = resources.cores;
  t.bs = ep.bs;
  t.k = ep.k;
  t.h = ep.h;
  t.max_bs = ep.max_bs;
  t.ep_world_size = ep.ep_world_size;
  t.ep_rank_id = ep.ep_rank_id;
  t.tp_world_size = ep.tp_world_size;
  t.tp_rank_id = ep.tp_rank_id;
  t.moe_expert_num = ep.moe_expert_num;
  t.shared_expert_num = ep.shared_expert_num;
  t.shared_expert_rank_num = ep.shared_expert_rank_num;
  t.first_special_expert = ep.first_special_expert;
  t.first_const_expert = ep.FirstConstExpert();
  t.zero_expert_num = ep.zero_expert_num;
  t.copy_expert_num = ep.copy_expert_num;
  t.const_expert_num = ep.const_expert_num;
  t.mask = static_cast<uint32_t>(plan.mask);
  t.positions = plan.row_origin == RowOrigin::kPositions ? 1 : 0;
  t.int8_rows = plan.int8_rows ? 1 : 0;
  t.elastic = plan.elastic ? 1 : 0;
  t.shared_x = shapes.shared_x ? 1 : 0;
  t.alpha_rows = (shapes.alpha_1_rows ? 1 : 0) | (shapes.alpha_2_rows ? 2 : 0);
  t.norm_eps = plan.norm_eps;
  t.root_h = static_cast<uint32_t>(std::lround(std::ldexp(std::sqrt(ep.h), kRootBits)));
  t.send_rows = kMaxSendRows;
  t.out_rows = 2;
  t.gamma_wide = 1;
  t.row_buffers = kMaxRowBuffers;
  while (ReduceUbBytes(t) > resources.ub_bytes && t.row_buffers > 2) --t.row_buffers;
  if (ReduceUbBytes(t) > resources.ub_bytes) t.gamma_wide = 0;
  if (ReduceUbBytes(t) > resources.ub_bytes) t.out_rows = 1;
  return CombineUbBytes(t) <= resources.ub_bytes;
}

}  // namespace op_plan
