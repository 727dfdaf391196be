// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "op_kernel/host_cpu/combine_add_rms_norm.h"
#include "op_kernel/host_cpu/row_math.h"
#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/limits.h"

namespace combine {
namespace {

using op_plan::ExpertParallel;

// Shared-expert ranks, shared_expert_x and residual_x come on top of the K choices.
constexpr uint32_t kMaxTerms = op_plan::kMaxK + op_plan::kMaxSharedExpertNum + 2;

// What one core works in.
struct Scratch {
  float* acc;
  uint16_t* gamma;
  uint16_t* residual;
  uint16_t* shared;

  Scratch(uint8_t* bytes, uint32_t h)
      : acc(reinterpret_cast<float*>(bytes)),
        gamma(reinterpret_cast<uint16_t*>(acc + h)),
        residual(gamma + h),
        shared(residual + h) {}
  static uint64_t Bytes(uint32_t h) { return h * (sizeof(float) + 3 * sizeof(uint16_t)); }
};

class Reducer {
 public:
  explicit Reducer(const Launch& launch)
      : launch_(launch),
        ep_(launch.plan.ep),
        math_(row_math::BestRowMath()),
        expert_scales_(launch.tensors[op_plan::kExpertScales]),
        residual_(launch.tensors[op_plan::kResidualX]),
        shared_x_(launch.tensors[op_plan::kSharedExpertX]),
        gamma_(launch.tensors[op_plan::kGamma]),
        y_(launch.tensors[op_plan::kY]),
        rstd_(launch.tensors[op_plan::kRstdOut]),
        x_(launch.tensors[op_plan::kX]) {}

  void Run() {
    const uint32_t chunks = launch_.cores < ep_.bs ? launch_.cores : ep_.bs;
    chunks_ = chunks;
    HostParallelFor(
        chunks, chunks,
        [](void* reducer, uint32_t chunk) { static_cast<Reducer*>(reducer)->ReduceChunk(chunk); },
        this);
  }

 private:
  void ReduceChunk(uint32_t chunk) {
    const Scratch scratch(launch_.scratch + chunk * Scratch::Bytes(ep_.h), ep_.h);
    const uint16_t* gamma = gamma_.Row(0, ep_.h, scratch.gamma);
    for (uint32_t token = chunk; token < ep_.bs; token += chunks_) {
      Reduce(token, gamma, scratch);
    }
  }

  void Reduce(uint32_t token, const uint16_t* gamma, const Scratch& scratch) {
    row_math::Term terms[kMaxTerms];
    uint32_t count = 0;
    for (uint32_t copy = 0; copy < ep_.CopiesPerToken(); ++copy) {
      const uint32_t slot = token * ep_.CopiesPerToken() + copy;
      const float weight = copy < ep_.k ? expert_scales_(token, copy) : 1.0f;
      terms[count++] = {launch_.rows[slot], weight};
    }
    if (launch_.tensors[op_plan::kSharedExpertX].present) {
      terms[count++] = {shared_x_.Row(token, ep_.h, scratch.shared), 1.0f};
    }
    terms[count++] = {residual_.Row(token, ep_.h, scratch.residual), 1.0f};

    math_.accumulate(terms, count, scratch.acc, ep_.h);
    const double squares = math_.round_and_square(scratch.acc, x_.Row(token), ep_.h);
    const double mean = squares / ep_.h;
    const float rstd = static_cast<float>(1.0 / std::sqrt(mean + double{launch_.plan.norm_eps}));
    *rstd_.Row(token) = rstd;
    math_.normalise(scratch.acc, rstd, gamma, y_.Row(token), ep_.h);
  }

  const Launch& launch_;
  const ExpertParallel& ep_;
  const row_math::RowMath& math_;
  const StridedView<const float> expert_scales_;
  const StridedView<const uint16_t> residual_;
  const StridedView<const uint16_t> shared_x_;
  const StridedView<const uint16_t> gamma_;
  const StridedView<uint16_t> y_;
  const StridedView<float> rstd_;
  const StridedView<uint16_t> x_;
  uint32_t chunks_ = 0;
};

}  // namespace

uint64_t ReducerScratchBytes(uint32_t h) { return Scratch::Bytes(h); }

void ReduceTokens(const Launch& launch) { Reducer(launch).Run(); }

}  // namespace combine
