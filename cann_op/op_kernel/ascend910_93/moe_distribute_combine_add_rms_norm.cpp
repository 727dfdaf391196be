// SPDX-License-Identifier: Apache-2.0
// combine + add + RMSNorm on the vector cores of an Atlas A3. Launched on all of them at once.
//
// Data flow, on every core:
//   1. With TP, the peer's rows go into its window of group_tp, and one flag per core says so
//      (pair_exchange.h).
//   2. With dispatch V1's expand_idx, owners of tokens write into a table on the experts' ranks
//      which row slot each row is for (position_exchange.h).
//   3. Rows of expand_x are spread over the cores evenly. Each row goes UB -> window of its
//      token's rank, as it is, summed with the TP peer's, or as int8 (row_transport.h); its flag
//      follows behind a barrier of MTE3 that serves send_rows rows (row_sender.h).
//   4. Active tokens are spread over the cores evenly: each has as many, and what is left over is
//      shared, a part of the columns for each core (token_share.h). A token's flags are awaited in
//      one copy, and its rows come in several ahead, with the first of the next token's while this
//      one is normalised (row_feed.h); they are added up one after the other, then residual and x
//      (token_reducer.h). rstd is made of exact sums (row_squares.h, rstd.h), which cores that
//      share a token exchange (part_exchange.h); then y.
//
// Flags, in the status area, in the half of the launch (status_places.h); 0 between launches.
//   arrival   one per copy of a token, written by the row's sender: 1.0f the row is in its slot,
//             as bf16, or as int8 where asked for; 2.0f it is there as bf16 although int8 is asked
//             for, because it holds NaN or an infinity. Cleared by the core that reduces the token.
//   position  one per source rank, written by it: all its entries of the table are there. Cleared
//             by the core that has awaited it; SyncAll tells the others.
//   part      two per core that shares a token and core that it shares it with, each a message that
//             is its own flag: the largest number of that part, then its sums of squares.
//             Cleared by the core that has awaited it. Whoever has all of the first knows that the
//             token's arrivals are needed no more.
//   pair      one per core, in group_tp's status area, written by the same core of the peer: the
//             rows that this core sums are in the window. Cleared by that core.
//   state     one word per core, never cleared: the half that the core's next launch takes. So
//             every launch must run on all cores.
// A half is free again for the launch after the next: a rank gets there through a dispatch, which
// waits for every rank.
//
// UB by buffer, in KiB at H 8192, K 16, of the 183.75 that CANN's build leaves (op_plan has it
// exactly: CombineUbBytes):
//   send    rows 4 x 16; triples 3, counts 1, flags; elastic_info up to 6
//     TP    own 2 x 16, peer 2 x 16, sum 2 x 16, float32 2 x 32
//     int8  in 2 x 16, out 2 x 16, float32 2 x 32, scales 4
//   reduce  rows 3 x 16 (4 where H is less), outputs 2 x 16, sum 32, term 32, gamma 32, choices of
//           16 tokens 2 to 4.5, flags 1.3, messages and constants 1; elastic_info up to 6, with
//           which rows are 2 x 16
//     int8 and const experts: scratch 32 more, rows 2 x 16, gamma as bf16 16, outputs 1 x 16, int8
//           scales 4
//
// Order on the vector pipe: K products and sums as the specification has them. The first product is
// added to +0 by Adds, instead of to a row of zeros that has to be written first; the others
// multiply and add in one instruction, where that rounds as two do, which each core tries first
// (token_reducer.h). gamma is widened once per core.
#include "kernel_operator.h"
#include "live_group.h"
#include "op_plan/combine_tiling.h"
#include "pair_exchange.h"
#include "position_exchange.h"
#include "row_sender.h"
#include "tensors.h"
#include "token_reducer.h"
#include "window_places.h"

namespace combine_kernel {

class Combine {
 public:
  __aicore__ inline Combine(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                            AscendC::TPipe* pipe)
      : tiling_(tiling), tensors_(tensors), pipe_(pipe) {}

  __aicore__ inline void Run() {
    places_.Init(tiling_, pipe_);
    group_.Init(tiling_, tensors_, pipe_);
    if (tiling_.tp_world_size > 1) {
      SendRows<PairRows>();
    } else if (tiling_.int8_rows != 0) {
      SendRows<Int8Rows>();
    } else {
      SendRows<PlainRows>();
    }
    NextPhase();
    TokenReducer reducer;
    reducer.Init(tiling_, tensors_, places_, group_.experts(), pipe_);
    reducer.Run();
  }

 private:
  template <typename Transport>
  __aicore__ inline void SendRows() {
    const uint32_t rows = CountRows();
    if (tiling_.tp_world_size > 1) {
      PairExchange pair;
      pair.Run(tiling_, tensors_, places_, rows, pipe_);
      NextPhase();
    }
    if (tiling_.positions != 0) {
      PositionExchange positions;
      positions.Run(tiling_, tensors_, places_, group_, pipe_);
      NextPhase();
    }
    RowSender<Transport> sender;
    sender.Init(tiling_, tensors_, places_, group_, rows, pipe_);
    sender.Run();
  }

  // ep_send_counts are running totals: the last is all rows of this rank.
  __aicore__ inline uint32_t CountRows() {
    AscendC::TBuf<> buffer;
    pipe_->InitBuffer(buffer, kBlockBytes);
    const AscendC::LocalTensor<int32_t> count = buffer.Get<int32_t>();
    Load(count, At<int32_t>(tensors_.ep_send_counts)[group_.blocks() - 1], 1);
    Order<AscendC::HardEvent::MTE2_S>();
    return static_cast<uint32_t>(count.GetValue(0));
  }

  // Gives all of UB to the next phase, once nothing is under way.
  __aicore__ inline void NextPhase() {
    AscendC::PipeBarrier<PIPE_ALL>();
    pipe_->Reset();
    group_.Reload(tensors_, pipe_);
  }

  const op_plan::CombineTiling& tiling_;
  const Tensors& tensors_;
  AscendC::TPipe* const pipe_;
  WindowPlaces places_;
  LiveGroup group_;
};

}  // namespace combine_kernel

extern "C" __global__ __aicore__ void moe_distribute_combine_add_rms_norm(
    GM_ADDR expand_x, GM_ADDR expert_ids, GM_ADDR expand_idx, GM_ADDR ep_send_counts,
    GM_ADDR expert_scales, GM_ADDR residual_x, GM_ADDR gamma, GM_ADDR tp_send_counts,
    GM_ADDR x_active_mask, GM_ADDR activation_scale, GM_ADDR weight_scale, GM_ADDR group_list,
    GM_ADDR expand_scales, GM_ADDR shared_expert_x, GM_ADDR elastic_info, GM_ADDR ori_x,
    GM_ADDR const_expert_alpha_1, GM_ADDR const_expert_alpha_2, GM_ADDR const_expert_v, GM_ADDR y,
    GM_ADDR rstd_out, GM_ADDR x, GM_ADDR workspace, GM_ADDR tiling) {
  REGISTER_TILING_DEFAULT(op_plan::CombineTiling);
  // Vector cores alone, with the hardware's barrier over all of them.
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIV_1_0);
  GET_TILING_DATA_WITH_STRUCT(op_plan::CombineTiling, plan, tiling);
  const combine_kernel::Tensors tensors = {expand_x,
                                           expert_ids,
                                           expand_idx,
                                           ep_send_counts,
                                           expert_scales,
                                           residual_x,
                                           gamma,
                                           tp_send_counts,
                                           x_active_mask,
                                           shared_expert_x,
                                           elastic_info,
                                           ori_x,
                                           const_expert_alpha_1,
                                           const_expert_alpha_2,
                                           const_expert_v,
                                           y,
                                           rstd_out,
                                           x};
  // Reserved, or of no use on this chip.
  static_cast<void>(activation_scale);
  static_cast<void>(weight_scale);
  static_cast<void>(group_list);
  static_cast<void>(expand_scales);
  static_cast<void>(workspace);
  AscendC::TPipe pipe;
  combine_kernel::Combine(plan, tensors, &pipe).Run();
}
