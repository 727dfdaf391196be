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
void SortChoices(const StridedView<const int32_t>& ids, const ExpertParallel& ep, uint32_t* next,
                 const Offer& offer) {
  std::fill_n(next, ep.moe_expert_num + 1, 0u);
  for (uint32_t t = 0; t < ep.bs; ++t) {
    for (uint32_t k = 0; k < ep.k; ++k) ++next[ids(t, k) + 1];
  }
  for (uint32_t e = 0; e < ep.moe_expert_num; ++e) next[e + 1] += next[e];
  std::copy_n(next, ep.moe_expert_num + 1, offer.first);
  for (uint32_t t = 0; t < ep.bs; ++t) {
    for (uint32_t k = 0; k < ep.k; ++k) offer.choices[next[ids(t, k)]++] = t * ep.k + k;
  }
}

class Writer {
 public:
  explicit Writer(const Launch& launch)
      : launch_(launch),
        ep_(launch.plan.ep),
        math_(row_math::BestRowMath()),
        half_(launch.HalfOf(ep_.ep_rank_id)),
        offer_(half_, ep_),
        x_(launch.tensors[op_plan::kDispatchX]),
        ids_(launch.tensors[op_plan::kDispatchExpertIds]),
        smooth_(launch.tensors[op_plan::kDispatchScales]) {}

  void Run() {
    offer_.header->bs = ep_.bs;
    offer_.header->row_per_copy = launch_.plan.smooth ? 1 : 0;
    SortChoices(ids_, ep_, launch_.workspace, offer_);
    HostParallelFor(
        ep_.bs, launch_.cores,
        [](void* writer, uint32_t token) { static_cast<Writer*>(writer)->WriteToken(token); },
        this);
  }

 private:
  void WriteToken(uint32_t token) {
    uint16_t gathered[kMaxRow];
    const uint16_t* x = x_.Row(token, ep_.h, gathered);
    if (!launch_.plan.quantise) {
      std::memcpy(half_ + launch_.layout.RowSlot(token), x, ep_.h * sizeof(uint16_t));
    } else if (!launch_.plan.smooth) {
      Quantise(x, nullptr, token);
    } else {
      float gathered_smooth[kMaxRow];
      for (uint32_t copy = 0; copy < ep_.CopiesPerToken(); ++copy) {
        const float* smooth = smooth_.Row(SmoothRow(token, copy), ep_.h, gathered_smooth);
        Quantise(x, smooth, Offer::RowOf(token, copy, true, ep_));
      }
    }
  }

  void Quantise(const uint16_t* x, const float* smooth, uint32_t row) {
    auto* q = reinterpret_cast<int8_t*>(half_ + launch_.layout.RowSlot(row));
    offer_.scales[row] = math_.quantise(x, smooth, q, ep_.h);
  }

  // scales has the shared experts' rows first.
  uint32_t SmoothRow(uint32_t token, uint32_t copy) const {
    if (copy >= ep_.k) return copy - ep_.k;
    return ep_.shared_expert_num + static_cast<uint32_t>(ids_(token, copy));
  }

  static constexpr uint32_t kMaxRow = op_plan::kMaxH;
  const Launch& launch_;
  const ExpertParallel& ep_;
  const row_math::RowMath& math_;
  uint8_t* const half_;
  const Offer offer_;
  const StridedView<const uint16_t> x_;
  const StridedView<const int32_t> ids_;
  const StridedView<const float> smooth_;
};

}  // namespace

void OfferTokens(const Launch& launch) { Writer(launch).Run(); }

}  // namespace dispatch
