// SPDX-License-Identifier: Apache-2.0
#include "offer.h"

#include <algorithm>
#include <cstring>

#include "dispatch.h"
#include "op_kernel/host_cpu/row_math.h"
#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/limits.h"

namespace dispatch {
namespace {

using op_plan::ExpertParallel;

// Counting sort of the choices by expert; stable, so that positions ascend within an expert.
// `positions`, if wanted, gets how many earlier choices went to the same expert.
void SortChoices(const Launch& launch, const Offer& offer, const StridedView<int32_t>* positions) {
  const ExpertParallel& ep = launch.ep;
  const Choices& choices = launch.choices;
  uint32_t* const next = launch.workspace;
  std::fill_n(next, ep.moe_expert_num + 1, 0u);
  for (uint32_t t = 0; t < ep.bs; ++t) {
    for (uint32_t k = 0; k < ep.k; ++k) {
      if (choices.Routed(t, k)) ++next[choices.Expert(t, k) + 1];
    }
  }
  for (uint32_t e = 0; e < ep.moe_expert_num; ++e) next[e + 1] += next[e];
  std::copy_n(next, ep.moe_expert_num + 1, offer.first);
  offer.header->token_count = 0;
  for (uint32_t t = 0; t < ep.bs; ++t) {
    if (choices.TokenActive(t)) offer.tokens[offer.header->token_count++] = t;
    for (uint32_t k = 0; k < ep.k; ++k) {
      const uint32_t position = t * ep.k + k;
      if (choices.Routed(t, k)) {
        const uint32_t expert = choices.Expert(t, k);
        if (positions) (*positions)(position) = next[expert] - offer.first[expert];
        offer.choices[next[expert]++] = position;
      } else if (positions) {
        (*positions)(position) = 0;
      }
    }
  }
}

class Writer {
 public:
  explicit Writer(const Launch& launch)
      : launch_(launch),
        ep_(launch.ep),
        math_(row_math::BestRowMath()),
        half_(launch.kernel.Window(ep_.ep_rank_id)),
        offer_(half_, ep_),
        x_(launch.tensors[op_plan::kDispatchX]),
        smooth_(launch.tensors[op_plan::kDispatchScales]) {}

  void Run() {
    offer_.header->row_per_copy = launch_.plan.smooth ? 1 : 0;
    const StridedView<int32_t> positions(launch_.tensors[op_plan::kDispatchExpandIdx]);
    const bool wanted = launch_.plan.row_origin == op_plan::RowOrigin::kPositions;
    SortChoices(launch_, offer_, wanted ? &positions : nullptr);
    HostParallelFor(
        ep_.bs, launch_.cores,
        [](void* writer, uint32_t token) { static_cast<Writer*>(writer)->WriteToken(token); },
        this);
  }

 private:
  void WriteToken(uint32_t token) {
    if (!launch_.choices.TokenActive(token)) return;
    uint16_t gathered[kMaxRow];
    const uint16_t* x = x_.Row(token, ep_.h, gathered);
    if (!launch_.plan.quantise) {
      std::memcpy(half_ + launch_.layout.RowSlot(token), x, ep_.h * sizeof(uint16_t));
    } else if (!launch_.plan.smooth) {
      Quantise(x, nullptr, token);
    } else {
      float gathered_smooth[kMaxRow];
      for (uint32_t copy = 0; copy < ep_.CopiesPerToken(); ++copy) {
        if (copy < ep_.k && !launch_.choices.Routed(token, copy)) continue;
        const float* smooth = smooth_.Row(SmoothRow(token, copy), ep_.h, gathered_smooth);
        Quantise(x, smooth, Offer::RowOf(token, copy, true, ep_));
      }
    }
  }

  void Quantise(const uint16_t* x, const float* smooth, uint32_t row) {
    auto* q = reinterpret_cast<int8_t*>(half_ + launch_.layout.RowSlot(row));
    offer_.scales[row] = math_.quantise(x, launch_.plan.half, smooth, q, ep_.h);
  }

  // scales has the shared experts' rows first.
  uint32_t SmoothRow(uint32_t token, uint32_t copy) const {
    if (copy >= ep_.k) return copy - ep_.k;
    return ep_.shared_expert_num + launch_.choices.Expert(token, copy);
  }

  static constexpr uint32_t kMaxRow = op_plan::kMaxH;
  const Launch& launch_;
  const ExpertParallel& ep_;
  const row_math::RowMath& math_;
  uint8_t* const half_;
  const Offer offer_;
  const StridedView<const uint16_t> x_;
  const StridedView<const float> smooth_;
};

}  // namespace

void OfferTokens(const Launch& launch) { Writer(launch).Run(); }

}  // namespace dispatch
