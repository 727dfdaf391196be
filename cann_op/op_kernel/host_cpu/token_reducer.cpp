// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_kernel/host_cpu/row_math.h"
#include "op_kernel/host_cpu/strided_view.h"
#include "op_kernel/host_cpu/token_sum.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;

// What one core works in: float32 rows, then bf16 rows for what is strided, zero, or came as int8.
class Scratch {
 public:
  enum Bf16Row : uint32_t {
    kGamma,
    kResidual,
    kShared,
    kOriX,
    kConstV,
    kAlpha1,
    kAlpha2,
    kZero,
    kArrived
  };
  static constexpr uint32_t kWideRows = 2;
  static constexpr uint32_t kBf16Rows = kArrived + row_math::kMaxGroup;

  Scratch(uint8_t* bytes, uint32_t h) : wide_(reinterpret_cast<float*>(bytes)), h_(h) {}
  static uint64_t Bytes(uint32_t h) {
    return h * (kWideRows * sizeof(float) + kBf16Rows * sizeof(uint16_t));
  }

  float* sum() const { return wide_; }
  float* const_row() const { return wide_ + h_; }
  uint16_t* row(uint32_t which) const {
    return reinterpret_cast<uint16_t*>(wide_ + kWideRows * h_) + which * h_;
  }

 private:
  float* const wide_;
  const uint32_t h_;
};

class Reducer {
 public:
  explicit Reducer(const Launch& launch)
      : launch_(launch),
        ep_(launch.ep),
        math_(row_math::BestRowMath()),
        expert_scales_(launch.tensors[op_plan::kExpertScales]),
        residual_(launch.tensors[op_plan::kResidualX]),
        shared_x_(launch.tensors[op_plan::kSharedExpertX]),
        ori_x_(launch.tensors[op_plan::kOriX]),
        const_v_(launch.tensors[op_plan::kConstExpertV]),
        gamma_(launch.tensors[op_plan::kGamma]),
        y_(launch.tensors[op_plan::kY]),
        rstd_(launch.tensors[op_plan::kRstdOut]),
        x_(launch.tensors[op_plan::kX]),
        chunks_(launch.cores < ep_.bs ? launch.cores : ep_.bs) {}

  void Run() {
    HostParallelFor(
        chunks_, chunks_,
        [](void* reducer, uint32_t chunk) { static_cast<Reducer*>(reducer)->ReduceChunk(chunk); },
        this);
  }

 private:
  void ReduceChunk(uint32_t chunk) {
    const Scratch scratch(launch_.scratch + chunk * Scratch::Bytes(ep_.h), ep_.h);
    const uint16_t* gamma = gamma_.Row(0, ep_.h, scratch.row(Scratch::kGamma));
    for (uint32_t j = 0; j < ep_.h && ep_.zero_expert_num > 0; ++j) {
      scratch.row(Scratch::kZero)[j] = 0;
    }
    for (uint32_t token = chunk; token < ep_.bs; token += chunks_) {
      if (launch_.choices.TokenActive(token)) Reduce(token, gamma, scratch);
    }
  }

  void Reduce(uint32_t token, const uint16_t* gamma, const Scratch& scratch) {
    TokenSum sum(math_, scratch.sum(), ep_.h);
    for (uint32_t k = 0; k < ep_.k; ++k) {
      if (!launch_.choices.Active(token, k)) continue;
      const uint32_t expert = launch_.choices.Expert(token, k);
      const float weight = expert_scales_(token, k);
      if (ep_.IsRouted(expert)) {
        AddArrived(token, k, weight, scratch, &sum);
      } else {
        AddSpecial(token, expert, weight, scratch, &sum);
      }
    }
    for (uint32_t copy = ep_.k; copy < ep_.CopiesPerToken(); ++copy) {
      AddArrived(token, copy, 1.0f, scratch, &sum);
    }
    if (launch_.tensors[op_plan::kSharedExpertX].present) {
      sum.Add(shared_x_.Row(token, ep_.h, scratch.row(Scratch::kShared)), 1.0f);
    }
    sum.Add(residual_.Row(token, ep_.h, scratch.row(Scratch::kResidual)), 1.0f);
    sum.Flush();

    const double squares = math_.round_and_square(scratch.sum(), x_.Row(token), ep_.h);
    const double mean = squares / ep_.h;
    const float rstd = static_cast<float>(1.0 / std::sqrt(mean + double{launch_.plan.norm_eps}));
    *rstd_.Row(token) = rstd;
    math_.normalise(scratch.sum(), rstd, gamma, y_.Row(token), ep_.h);
  }

  void AddArrived(uint32_t token, uint32_t copy, float weight, const Scratch& scratch,
                  TokenSum* sum) {
    const uint8_t* arrived = launch_.rows[token * ep_.CopiesPerToken() + copy];
    if (!launch_.plan.int8_rows)
      return sum->Add(reinterpret_cast<const uint16_t*>(arrived), weight);
    uint16_t* row = scratch.row(Scratch::kArrived + sum->pending());
    math_.dequantise_blocks(arrived, row, ep_.h);
    sum->Add(row, weight);
  }

  void AddSpecial(uint32_t token, uint32_t expert, float weight, const Scratch& scratch,
                  TokenSum* sum) {
    if (expert < ep_.FirstCopyExpert()) return sum->Add(scratch.row(Scratch::kZero), weight);
    const uint16_t* ori_x = ori_x_.Row(token, ep_.h, scratch.row(Scratch::kOriX));
    if (expert < ep_.FirstConstExpert()) {
      // Its scratch row may be needed again before the pass over the waiting rows.
      sum->Add(ori_x, weight);
      return ori_x_.RowsAreContiguous() ? void() : sum->Flush();
    }
    const int64_t index = expert - ep_.FirstConstExpert();
    const row_math::Alpha alpha1 =
        AlphaOf(op_plan::kConstExpertAlpha1, index, scratch.row(Scratch::kAlpha1));
    const row_math::Alpha alpha2 =
        AlphaOf(op_plan::kConstExpertAlpha2, index, scratch.row(Scratch::kAlpha2));
    const uint16_t* v = const_v_.Row(index, ep_.h, scratch.row(Scratch::kConstV));
    math_.const_expert(alpha1, ori_x, alpha2, v, scratch.const_row(), ep_.h);
    sum->AddWide(scratch.const_row(), weight);
  }

  // One factor per expert, or one per element.
  row_math::Alpha AlphaOf(uint32_t tensor, int64_t expert, uint16_t* scratch) const {
    const HostTensorView& view = launch_.tensors[tensor];
    const StridedView<const uint16_t> alpha(view);
    if (view.dim_count == 1) return {&alpha(expert), 0};
    return {alpha.Row(expert, ep_.h, scratch), 1};
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  const row_math::RowMath& math_;
  const StridedView<const float> expert_scales_;
  const StridedView<const uint16_t> residual_;
  const StridedView<const uint16_t> shared_x_;
  const StridedView<const uint16_t> ori_x_;
  const StridedView<const uint16_t> const_v_;
  const StridedView<const uint16_t> gamma_;
  const StridedView<uint16_t> y_;
  const StridedView<float> rstd_;
  const StridedView<uint16_t> x_;
  const uint32_t chunks_;
};

}  // namespace

uint64_t ReducerScratchBytes(uint32_t h) { return Scratch::Bytes(h); }

void ReduceTokens(const Launch& launch) { Reducer(launch).Run(); }

}  // namespace combine
