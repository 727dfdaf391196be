// SPDX-License-Identifier: Apache-2.0
// What kernel_counters.py compares the Ascend C kernel with: the steps of docs/operator.md one
// after the other, each a pass of its own over the row, one buffer for each thing, and a barrier
// over all pipes after every instruction. It computes the same bits, for plain rows with triples
// alone.
#include "kernel_operator.h"
#include "live_group.h"
#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "row_transport.h"
#include "tensors.h"
#include "window_places.h"

namespace literal_kernel {

using namespace combine_kernel;
using AscendC::LocalTensor;
using AscendC::RoundMode;

__aicore__ inline void Barrier() { AscendC::PipeBarrier<PIPE_ALL>(); }

class Combine {
 public:
  __aicore__ inline Combine(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                            AscendC::TPipe* pipe)
      : t_(tiling), in_(tensors), pipe_(pipe), h_(static_cast<int32_t>(tiling.h)) {}

  __aicore__ inline void Run() {
    places_.Init(t_, pipe_);
    group_.Init(t_, in_, pipe_);
    TakeBuffers();
    Send();
    const Share share = ShareOf(t_.bs, AscendC::GetBlockIdx(), t_.cores);
    for (uint32_t i = 0; i < share.count; ++i) Reduce(share.begin + i);
  }

 private:
  __aicore__ inline void TakeBuffers() {
    pipe_->InitBuffer(row_buffer_, t_.h * sizeof(RowType));
    pipe_->InitBuffer(sum_buffer_, t_.h * sizeof(float));
    pipe_->InitBuffer(term_buffer_, t_.h * sizeof(float));
    pipe_->InitBuffer(flags_buffer_, t_.k * kFlagBytes);
    pipe_->InitBuffer(words_buffer_, RoundUp(t_.k * sizeof(float), kBlockBytes));
    pipe_->InitBuffer(mean_buffer_, kBlockBytes);
    pipe_->InitBuffer(work_buffer_, kRepeatFloats * 4 * sizeof(float));
    row_ = row_buffer_.Get<RowType>();
    sum_ = sum_buffer_.Get<float>();
    term_ = term_buffer_.Get<float>();
    flags_ = flags_buffer_.Get<float>();
    mean_ = mean_buffer_.Get<float>();
  }

  __aicore__ inline void Send() {
    const LocalTensor<int32_t> words = words_buffer_.Get<int32_t>();
    Load(words, At<int32_t>(in_.ep_send_counts)[group_.blocks() - 1], 1);
    Barrier();
    const Share share =
        ShareOf(static_cast<uint32_t>(words.GetValue(0)), AscendC::GetBlockIdx(), t_.cores);
    for (uint32_t row = share.begin; row < share.begin + share.count; ++row) {
      Load(words, At<int32_t>(in_.expand_idx)[static_cast<uint64_t>(row) * 3], 3);
      Barrier();
      const auto rank = static_cast<uint32_t>(words.GetValue(0));
      const auto slot =
          static_cast<uint32_t>(words.GetValue(1) * static_cast<int32_t>(t_.k) + words.GetValue(2));
      Load(row_, At<RowType>(in_.expand_x)[static_cast<uint64_t>(row) * t_.h], t_.h);
      Barrier();
      AscendC::DataCopy(At<RowType>(places_.Row(rank, slot)), row_, t_.h);
      Barrier();
      AscendC::Duplicate(flags_, kAsAgreedFlag, static_cast<int32_t>(kFlagFloats));
      Barrier();
      AscendC::DataCopy(At<float>(places_.ArrivalFlag(rank, slot)), flags_, kFlagFloats);
      Barrier();
    }
  }

  __aicore__ inline void Reduce(uint32_t token) {
    Await(token);
    AscendC::Duplicate(sum_, 0.0f, h_);
    Barrier();
    for (uint32_t k = 0; k < t_.k; ++k) {
      const uint64_t choice = static_cast<uint64_t>(token) * t_.k + k;
      const LocalTensor<float> weight = words_buffer_.Get<float>();
      Load(weight, At<float>(in_.expert_scales)[choice], 1);
      Barrier();
      LoadRow(At<RowType>(places_.Row(places_.self(), token * t_.k + k)));
      AscendC::Muls(term_, term_, weight.GetValue(0), h_);
      Barrier();
      AscendC::Add(sum_, sum_, term_, h_);
      Barrier();
    }
    LoadRow(At<RowType>(in_.residual_x)[static_cast<uint64_t>(token) * t_.h]);
    AscendC::Add(sum_, sum_, term_, h_);
    Barrier();
    WriteRow(sum_, At<RowType>(in_.x)[static_cast<uint64_t>(token) * t_.h]);
    Normalise(token);
  }

  __aicore__ inline void Await(uint32_t token) {
    const auto flags = At<float>(places_.ArrivalFlag(places_.self(), token * t_.k));
    const auto count = static_cast<int32_t>(t_.k * kFlagFloats);
    float arrived = 0.0f;
    while (arrived != static_cast<float>(count)) {
      AscendC::DataCopy(flags_, flags, t_.k * kFlagFloats);
      Barrier();
      AscendC::ReduceSum(mean_, flags_, work_buffer_.Get<float>(), count);
      Barrier();
      arrived = mean_.GetValue(0);
      Barrier();
    }
    AscendC::Duplicate(flags_, 0.0f, count);
    Barrier();
    AscendC::DataCopy(flags, flags_, t_.k * kFlagFloats);
    Barrier();
  }

  __aicore__ inline void Normalise(uint32_t token) {
    AscendC::Mul(term_, sum_, sum_, h_);
    Barrier();
    AscendC::Muls(term_, term_, 1.0f / static_cast<float>(h_), h_);
    Barrier();
    AscendC::ReduceSum(mean_, term_, work_buffer_.Get<float>(), h_);
    Barrier();
    AscendC::Adds(mean_, mean_, t_.norm_eps, 1);
    Barrier();
    AscendC::Sqrt(mean_, mean_, 1);
    Barrier();
    AscendC::Duplicate(flags_, 1.0f, static_cast<int32_t>(kFlagFloats));
    Barrier();
    AscendC::Div(mean_, flags_, mean_, 1);
    Barrier();
    Store(At<float>(in_.rstd_out)[token], mean_, 1);
    Barrier();
    AscendC::Muls(sum_, sum_, mean_.GetValue(0), h_);
    Barrier();
    AscendC::Cast(row_, sum_, RoundMode::CAST_RINT, t_.h);
    Barrier();
    AscendC::Cast(sum_, row_, RoundMode::CAST_NONE, t_.h);
    Barrier();
    LoadRow(At<RowType>(in_.gamma));
    AscendC::Mul(sum_, sum_, term_, h_);
    Barrier();
    WriteRow(sum_, At<RowType>(in_.y)[static_cast<uint64_t>(token) * t_.h]);
  }

  __aicore__ inline void LoadRow(const AscendC::GlobalTensor<RowType>& from) {
    Load(row_, from, t_.h);
    Barrier();
    AscendC::Cast(term_, row_, RoundMode::CAST_NONE, t_.h);
    Barrier();
  }
  __aicore__ inline void WriteRow(const LocalTensor<float>& values,
                                  const AscendC::GlobalTensor<RowType>& to) {
    AscendC::Cast(row_, values, RoundMode::CAST_RINT, t_.h);
    Barrier();
    Store(to, row_, t_.h);
    Barrier();
  }

  const op_plan::CombineTiling& t_;
  const Tensors& in_;
  AscendC::TPipe* const pipe_;
  const int32_t h_;
  WindowPlaces places_;
  LiveGroup group_;
  AscendC::TBuf<> row_buffer_, sum_buffer_, term_buffer_, flags_buffer_;
  AscendC::TBuf<> words_buffer_, mean_buffer_, work_buffer_;
  LocalTensor<RowType> row_;
  LocalTensor<float> sum_, term_, flags_, mean_;
};

}  // namespace literal_kernel

extern "C" __global__ __aicore__ void moe_distribute_combine_add_rms_norm(
    GM_ADDR expand_x, GM_ADDR expert_ids, GM_ADDR expand_idx, GM_ADDR ep_send_counts,
    GM_ADDR expert_scales, GM_ADDR residual_x, GM_ADDR gamma, GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR,
    GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR, GM_ADDR y,
    GM_ADDR rstd_out, GM_ADDR x, GM_ADDR, GM_ADDR tiling) {
  GET_TILING_DATA_WITH_STRUCT(op_plan::CombineTiling, plan, tiling);
  combine_kernel::Tensors tensors = {};
  tensors.expand_x = expand_x;
  tensors.expert_ids = expert_ids;
  tensors.expand_idx = expand_idx;
  tensors.ep_send_counts = ep_send_counts;
  tensors.expert_scales = expert_scales;
  tensors.residual_x = residual_x;
  tensors.gamma = gamma;
  tensors.y = y;
  tensors.rstd_out = rstd_out;
  tensors.x = x;
  AscendC::TPipe pipe;
  literal_kernel::Combine(plan, tensors, &pipe).Run();
}
