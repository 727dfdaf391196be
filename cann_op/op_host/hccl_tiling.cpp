// SPDX-License-Identifier: Apache-2.0
#include "op_host/hccl_tiling.h"

#include <cstddef>

#include "tiling/tiling_api.h"

namespace op_host {
namespace {

using op_plan::CombineTiling;
using op_plan::Verdict;

// HcclCMDType and the algorithms that HCCL's documents name for Atlas A3. The kernel moves the data
// by itself; these decide which windows and links of the communicator HCCL prepares.
constexpr uint32_t kAllToAllV = 8;
constexpr uint32_t kReduceScatter = 7;
constexpr char kAllToAllAlgorithm[] = "AlltoAll=level0:fullmesh;level1:pairwise";
constexpr char kReduceScatterAlgorithm[] = "ReduceScatter=level0:doublering";

// HCCL notes how far its parts lie from the first one, so they are filled where they stay.
static_assert(offsetof(CombineTiling, mc2_init) == 0, "HCCL looks for its part at the start");
static_assert(sizeof(Mc2InitTiling) <= sizeof(CombineTiling::mc2_init),
              "no room for HCCL's tiling");
static_assert(sizeof(Mc2CcTiling) <= sizeof(CombineTiling::mc2_ep), "no room for HCCL's tiling");
static_assert(sizeof(Mc2CcTiling) <= sizeof(CombineTiling::mc2_tp), "no room for HCCL's tiling");
static_assert(alignof(Mc2CcTiling) <= alignof(CombineTiling), "HCCL's tiling is not aligned");

Verdict CheckTiling(const char* parameter, const char* name, uint32_t status) {
  OP_PLAN_REQUIRE(status == 0, "HCCL makes no tiling for %s '%s': error %u", parameter, name,
                  status);
  return {};
}

template <typename Part>
Part& PartIn(uint8_t* bytes) {
  return *reinterpret_cast<Part*>(bytes);
}

}  // namespace

Verdict FillHcclTiling(const op_plan::ExpertParallelAttributes& attributes, CombineTiling* tiling) {
  const char* const ep = attributes.group_ep;
  AscendC::Mc2CcTilingConfig config(ep, kAllToAllV, kAllToAllAlgorithm);
  OP_PLAN_CHECK(
      CheckTiling("group_ep", ep, config.GetTiling(PartIn<Mc2InitTiling>(tiling->mc2_init))));
  OP_PLAN_CHECK(CheckTiling("group_ep", ep, config.GetTiling(PartIn<Mc2CcTiling>(tiling->mc2_ep))));
  if (tiling->tp_world_size == 1) return {};
  const char* const tp = attributes.group_tp;
  config.SetGroupName(tp);
  config.SetOpType(kReduceScatter);
  config.SetAlgConfig(kReduceScatterAlgorithm);
  return CheckTiling("group_tp", tp, config.GetTiling(PartIn<Mc2CcTiling>(tiling->mc2_tp)));
}

}  // namespace op_host
