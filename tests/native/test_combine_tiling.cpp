// SPDX-License-Identifier: Apache-2.0
// What the Ascend C kernel is told: that it always fits into a core, and where things lie.
#include "check.h"
#include "combine_example.h"
#include "op_plan/combine_tiling.h"
#include "op_plan/window_layout.h"

namespace {

using op_plan::CombinePlan;
using op_plan::CombineResources;
using op_plan::CombineTiling;
using op_plan::MaskKind;
using op_plan::RowOrigin;

constexpr CombineResources kChip = {48, op_plan::kUsableUbBytes, 1 << 30, 1 << 29};

CombinePlan LargePlan(uint32_t h, uint32_t k) {
  CombinePlan plan = {};
  plan.ep.bs = plan.ep.max_bs = 512;
  plan.ep.k = k;
  plan.ep.h = h;
  plan.ep.ep_world_size = 768;
  plan.ep.tp_world_size = 1;
  plan.ep.shared_expert_num = 4;
  plan.ep.shared_expert_rank_num = 8;
  plan.ep.moe_expert_num = 760;
  plan.mask = MaskKind::kChoices;
  return plan;
}

CombineTiling Fill(const CombinePlan& plan, const CombineResources& resources = kChip) {
  CombineTiling tiling = {};
  EXPECT_TRUE(op_plan::FillCombineTiling(plan, {}, resources, &tiling));
  EXPECT_TRUE(op_plan::CombineUbBytes(tiling) <= resources.ub_bytes);
  return tiling;
}

}  // namespace

TEST(every_plan_fits_into_the_ub_of_a_core) {
  for (uint32_t h = 1024; h <= 8192; h += 32) {
    for (const uint32_t k : {1u, 8u, 16u}) {
      CombinePlan plan = LargePlan(h, k);
      for (const uint32_t cores : {1u, 48u}) {
        CombineResources chip = kChip;
        chip.cores = cores;
        plan.int8_rows = plan.elastic = false;
        plan.ep.const_expert_num = 0;
        plan.row_origin = RowOrigin::kTriples;
        plan.ep.tp_world_size = 2;
        Fill(plan, chip);
        plan.row_origin = RowOrigin::kPositions;
        Fill(plan, chip);
        plan.ep.tp_world_size = 1;
        plan.int8_rows = plan.elastic = true;
        plan.ep.const_expert_num = 3;
        Fill(plan, chip);
      }
    }
  }
}

TEST(as_many_rows_come_ahead_as_ub_allows) {
  CombinePlan plan = LargePlan(7168, 8);
  EXPECT_EQ(Fill(plan).row_buffers, 4u);
  plan.ep.h = 8192;
  EXPECT_EQ(Fill(plan).row_buffers, 3u);
  plan.int8_rows = true;
  EXPECT_EQ(Fill(plan).row_buffers, 2u);
}

TEST(gamma_stays_float32_where_ub_allows_it) {
  CombinePlan plan = LargePlan(7168, 8);
  EXPECT_EQ(Fill(plan).gamma_wide, 1u);
  EXPECT_EQ(Fill(plan).out_rows, 2u);
  plan.ep.h = 8192;
  EXPECT_EQ(Fill(plan).gamma_wide, 1u);
  plan.int8_rows = true;
  EXPECT_EQ(Fill(plan).gamma_wide, 0u);
  EXPECT_EQ(Fill(plan).out_rows, 1u);
}

TEST(a_core_with_too_little_ub_is_refused) {
  CombineTiling tiling = {};
  CombineResources small = kChip;
  small.ub_bytes = 64 * 1024;
  EXPECT_TRUE(!op_plan::FillCombineTiling(LargePlan(7168, 8), {}, small, &tiling));
}

TEST(rows_and_positions_stay_within_a_half_of_the_window) {
  const CombinePlan plan = LargePlan(7168, 8);
  const CombineTiling tiling = Fill(plan);
  EXPECT_EQ(tiling.row_stride, 14336u);
  EXPECT_EQ(tiling.position_offset, uint64_t{512} * 12 * 14336);
  const uint64_t positions = uint64_t{4} * plan.ep.ExpertsPerMoeRank() * 768 * 512;
  EXPECT_TRUE(tiling.position_offset + positions <=
              op_plan::MakeWindowLayout(plan.ep).NeededHalfBytes());
}

TEST(the_tiling_tells_what_the_shapes_tell) {
  CombinePlan plan = LargePlan(1024, 4);
  plan.norm_eps = 0.25f;
  plan.row_origin = RowOrigin::kPositions;
  CombineTiling tiling = {};
  EXPECT_TRUE(op_plan::FillCombineTiling(plan, {true, false, true}, kChip, &tiling));
  EXPECT_EQ(tiling.shared_x, 1u);
  EXPECT_EQ(tiling.alpha_rows, 2u);
  EXPECT_EQ(tiling.positions, 1u);
  EXPECT_EQ(tiling.mask, 2u);
  EXPECT_EQ(tiling.cores, 48u);
  EXPECT_EQ(tiling.window_bytes, uint64_t{1} << 30);
  EXPECT_EQ(tiling.tp_window_bytes, uint64_t{1} << 29);
  EXPECT_EQ(tiling.norm_eps, 0.25f);
  EXPECT_EQ(tiling.root_h, uint32_t{32} << 18);
}

TEST(a_pair_needs_a_window_for_the_rows_of_both_halves) {
  CombinePlan plan = LargePlan(7168, 8);
  EXPECT_EQ(op_plan::PairWindowBytes(plan), 0u);
  plan.ep.tp_world_size = 2;
  plan.ep.ep_rank_id = 100;
  EXPECT_EQ(op_plan::PairWindowBytes(plan), uint64_t{2} * 512 * 768 * 14336);
}
