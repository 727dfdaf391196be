// SPDX-License-Identifier: Apache-2.0
// One MoE layer for all ranks at once, small: inputs of every rank, and what combine must give. No
// dispatch is needed, as every row is a function of where it comes from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "op_plan/combine_plan.h"
#include "op_plan/combine_tiling.h"

namespace kernel_test {

struct Scenario {
  std::string name;
  uint32_t ep = 2;  // ranks that are left
  uint32_t tp = 1;
  uint32_t bs = 5, k = 3, h = 1056, experts = 4;
  uint32_t shared_num = 0, shared_ranks = 0;
  op_plan::MaskKind mask = op_plan::MaskKind::kNone;
  bool positions = false, int8_rows = false, shared_x = false;
  bool ragged = false;          // odd ranks have a token less
  bool gone = false;            // the communicator has one rank more, number 1, which is gone
  bool odd_rows = false;        // some rows hold NaN and infinities
  bool fused_products = false;  // Axpy rounds once
  bool float_norm = false;      // rstd is a sum in float32: within 1e-6, and y is as it has it
  uint32_t zero = 0, copy = 0, constant = 0, alpha_rows = 0;
  uint32_t cores = 3, launches = 3;

  uint32_t CommSize() const { return ep + (gone ? 1 : 0); }
  uint32_t Original(uint32_t rank) const { return gone && rank > 0 ? rank + 1 : rank; }
  uint32_t Bs(uint32_t rank) const { return ragged && rank % 2 == 1 ? bs - 1 : bs; }
  uint32_t Copies() const { return k + (shared_ranks > 0 ? shared_num : 0); }
};

using Bf16 = std::vector<uint16_t>;

struct RankInputs {
  Bf16 expand_x, residual_x, gamma, shared_x, ori_x, alpha_1, alpha_2, const_v;
  std::vector<int32_t> expert_ids, expand_idx, ep_send_counts, tp_send_counts, elastic_info;
  std::vector<float> expert_scales;
  std::vector<uint8_t> mask;
};

struct RankOutputs {
  Bf16 y, x;
  std::vector<float> rstd;
};

// `seed` tells the launches of a scenario apart. Ranks are numbered ep * tp + tp rank.
class Layer {
 public:
  Layer(const Scenario& scenario, uint32_t seed);

  uint32_t ranks() const { return scenario_.ep * scenario_.tp; }
  RankInputs& inputs(uint32_t rank) { return inputs_[rank]; }
  op_plan::CombinePlan Plan(uint32_t rank) const;
  // What no launch has written: outputs of inactive tokens must keep it.
  RankOutputs Untouched(uint32_t rank) const;
  // Empty when the outputs are right.
  std::string Compare(uint32_t rank, const RankOutputs& got) const;

 private:
  bool Active(uint32_t rank, uint32_t token, uint32_t k) const;
  bool TokenActive(uint32_t rank, uint32_t token) const;
  int32_t Id(uint32_t rank, uint32_t token, uint32_t k) const;
  void MakeTokens(uint32_t rank);
  void MakeRows(uint32_t rank);
  // What `computer`, a rank of the pair, makes of a copy of a token.
  Bf16 ExpertRow(uint32_t computer, uint32_t source, uint32_t token, uint32_t copy) const;
  // As it arrives: summed over the pair, or through int8.
  Bf16 ArrivedRow(uint32_t source, uint32_t token, uint32_t copy) const;

  struct Row {
    uint32_t source, token, copy;  // source: of all ranks
  };
  // Rows that `rank` of the EP group `tp` gets, in order; `counts` are running totals by block.
  std::vector<Row> RowsOf(uint32_t ep_rank, uint32_t tp_rank, std::vector<int32_t>* counts) const;

  const Scenario scenario_;
  const uint32_t seed_;
  op_plan::ExpertParallel ep_;  // as it is now
  std::vector<RankInputs> inputs_;
};

}  // namespace kernel_test
