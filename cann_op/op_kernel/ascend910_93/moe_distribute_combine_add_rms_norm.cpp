// SPDX-License-Identifier: Apache-2.0
// placeholder header
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
  const combine_kernel::Tensors tensors = {
      expand_x,     expert_ids,    expand_idx,      ep_send_counts,       expert_scales,
      residual_x,   gamma,         tp_send_counts,  x_active_mask,        shared_expert_x,
      elastic_info, ori_x,         const_expert_alpha_1, const_expert_alpha_2, const_expert_v,
      y,            rstd_out,      x};
  // Reserved, or of no use on this chip.
  static_cast<void>(activation_scale);
  static_cast<void>(weight_scale);
  static_cast<void>(group_list);
  static_cast<void>(expand_scales);
  static_cast<void>(workspace);
  AscendC::TPipe pipe;
  combine_kernel::Combine(plan, tensors, &pipe).Run();
}
