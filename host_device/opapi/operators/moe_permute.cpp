// SPDX-License-Identifier: Apache-2.0
// Tokens permuted by expert, rows of ranks put together by expert, and where each expert's tokens
// end.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "aclnnop/aclnn_moe_compute_expert_tokens.h"
#include "aclnnop/aclnn_moe_re_routing.h"
#include "aclnnop/aclnn_moe_token_permute.h"
#include "engine/row_copy.h"
#include "engine/shape_check.h"
#include "engine/token_order.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Indices;
using opapi::Inverse;
using opapi::Ordered;
using opapi::Refuse;
using opapi::ShapeFrom;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::StoreAll;
using opapi::Verdict;

// tokens, tokens per rank and expert, scales; permuted tokens, permuted scales, index, tokens per
// expert.
aclError ReRoute(const HostLaunch& launch, bool sums, HostFailure* failure) {
  const HostTensorView* const t = launch.tensors;
  const Indices counts = opapi::ElementsOf<int64_t>(t[1]);
  const auto ranks = static_cast<size_t>(t[1].dims[0]);
  const auto experts = static_cast<size_t>(t[1].dims[1]);
  Indices begins(counts.size());
  int64_t rows = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0 || counts[i] > t[0].dims[0] - rows) {
      std::snprintf(failure->text, sizeof(failure->text),
                    "expertTokenNumPerRank holds %lld after %lld rows: want no more than %lld in "
                    "all",
                    static_cast<long long>(counts[i]), static_cast<long long>(rows),
                    static_cast<long long>(t[0].dims[0]));
      return ACL_ERROR_INVALID_PARAM;
    }
    begins[i] = rows;
    rows += counts[i];
  }
  Indices sources;
  Indices totals(experts, 0);
  for (size_t expert = 0; expert < experts; ++expert) {
    if (sums && expert > 0) totals[expert] = totals[expert - 1];
    for (size_t rank = 0; rank < ranks; ++rank) {
      const size_t at = rank * experts + expert;
      totals[expert] += counts[at];
      for (int64_t i = 0; i < counts[at]; ++i) sources.push_back(begins[at] + i);
    }
  }
  opapi::CopyRows(t[0], sources, t[3]);
  if (t[2].present) opapi::CopyRows(t[2], sources, t[4]);
  sources.resize(static_cast<size_t>(ShapeOf(t[5]).size()), 0);
  StoreAll(sources, t[5]);
  StoreAll(totals, t[6]);
  return ACL_SUCCESS;
}

}  // namespace

aclnnStatus aclnnMoeComputeExpertTokensGetWorkspaceSize(const aclTensor* sortedExperts,
                                                        int64_t numExperts, const aclTensor* out,
                                                        uint64_t* workspaceSize,
                                                        aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeComputeExpertTokens", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("sortedExperts", sortedExperts));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 0));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    OP_PLAN_CHECK(opapi::CheckDims(phase, 0, 1));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, ShapeFrom({numExperts})));
    return phase.Bind([](const HostLaunch& launch, HostFailure*) -> aclError {
      const Indices experts = opapi::ElementsOf<int64_t>(launch.tensors[0]);
      Indices ends(static_cast<size_t>(launch.tensors[1].dims[0]));
      for (size_t i = 0; i < ends.size(); ++i) {
        ends[i] = std::upper_bound(experts.begin(), experts.end(), static_cast<int64_t>(i)) -
                  experts.begin();
      }
      StoreAll(ends, launch.tensors[1]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeComputeExpertTokens)

aclnnStatus aclnnMoeTokenPermuteGetWorkspaceSize(const aclTensor* tokens, const aclTensor* indices,
                                                 int64_t numOutTokens, bool paddedMode,
                                                 const aclTensor* permuteTokensOut,
                                                 const aclTensor* sortedIndicesOut,
                                                 uint64_t* workspaceSize,
                                                 aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeTokenPermute", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    if (paddedMode) {
      return Refuse(op_plan::kParamInvalid, "paddedMode is true: the host device does false alone");
    }
    OP_PLAN_CHECK(phase.Input("tokens", tokens));
    OP_PLAN_CHECK(phase.Input("indices", indices));
    OP_PLAN_CHECK(phase.Output("permuteTokensOut", permuteTokensOut));
    OP_PLAN_CHECK(phase.Output("sortedIndicesOut", sortedIndicesOut));
    OP_PLAN_CHECK(opapi::CheckDims(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 3));
    const HostTensorView& rows = phase.tensor(0);
    const HostTensorView& choices = phase.tensor(1);
    if ((choices.dim_count != 1 && choices.dim_count != 2) || choices.dims[0] != rows.dims[0]) {
      return Refuse(op_plan::kParamInvalid, "indices has shape %s: want (%lld,) or (%lld, topK)",
                    ShapeText(ShapeOf(choices)).c_str(), static_cast<long long>(rows.dims[0]),
                    static_cast<long long>(rows.dims[0]));
    }
    const int64_t count = ShapeOf(choices).size();
    OP_PLAN_CHECK(opapi::CheckSize(phase, 3, count));
    const int64_t kept = numOutTokens > 0 ? std::min(numOutTokens, count)
                                          : std::max<int64_t>(0, count + numOutTokens);
    OP_PLAN_CHECK(opapi::CheckDType(phase, 2, rows.dtype));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, ShapeFrom({kept, rows.dims[1]})));
    return phase.Bind([kept](const HostLaunch& launch, HostFailure*) -> aclError {
      const HostTensorView& choices = launch.tensors[1];
      const int64_t top_k = choices.dim_count == 2 ? choices.dims[1] : 1;
      const Indices order = Ordered(opapi::ElementsOf<int64_t>(choices));
      StoreAll(Inverse(order, order.size()), launch.tensors[3]);
      Indices sources(order.begin(), order.begin() + kept);
      for (int64_t& source : sources) source /= top_k;
      opapi::CopyRows(launch.tensors[0], sources, launch.tensors[2]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeTokenPermute)

aclnnStatus aclnnMoeReRoutingGetWorkspaceSize(
    const aclTensor* tokens, const aclTensor* expertTokenNumPerRank,
    const aclTensor* perTokenScalesOptional, int64_t expertTokenNumType, int64_t idxType,
    const aclTensor* permuteTokensOut, const aclTensor* permutePerTokenScalesOut,
    const aclTensor* permuteTokenIdxOut, const aclTensor* expertTokenNumOut,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeReRouting", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckRange("expertTokenNumType", expertTokenNumType, 0, 1));
    OP_PLAN_CHECK(opapi::CheckRange("idxType", idxType, 0, 0));
    OP_PLAN_CHECK(phase.Input("tokens", tokens));
    OP_PLAN_CHECK(phase.Input("expertTokenNumPerRank", expertTokenNumPerRank));
    OP_PLAN_CHECK(phase.OptionalInput("perTokenScales", perTokenScalesOptional));
    OP_PLAN_CHECK(phase.Output("permuteTokensOut", permuteTokensOut));
    OP_PLAN_CHECK(phase.OptionalOutput("permutePerTokenScalesOut", permutePerTokenScalesOut));
    OP_PLAN_CHECK(phase.Output("permuteTokenIdxOut", permuteTokenIdxOut));
    OP_PLAN_CHECK(phase.Output("expertTokenNumOut", expertTokenNumOut));
    OP_PLAN_CHECK(opapi::CheckDims(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckDims(phase, 1, 2));
    for (const size_t i : {1, 5, 6}) OP_PLAN_CHECK(opapi::CheckIndexDType(phase, i));
    const HostTensorView& rows = phase.tensor(0);
    OP_PLAN_CHECK(opapi::CheckDType(phase, 3, rows.dtype));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 3, ShapeOf(rows)));
    OP_PLAN_CHECK(opapi::CheckSize(phase, 5, rows.dims[0]));
    OP_PLAN_CHECK(opapi::CheckSize(phase, 6, phase.tensor(1).dims[1]));
    const HostTensorView& scales = phase.tensor(2);
    if (scales.present) {
      if (scales.dim_count == 0 || scales.dims[0] != rows.dims[0] || !phase.tensor(4).present) {
        return Refuse(op_plan::kParamInvalid,
                      "perTokenScales has shape %s: want %lld rows, and permutePerTokenScalesOut",
                      ShapeText(ShapeOf(scales)).c_str(), static_cast<long long>(rows.dims[0]));
      }
      OP_PLAN_CHECK(opapi::CheckDType(phase, 4, scales.dtype));
      OP_PLAN_CHECK(opapi::CheckShape(phase, 4, ShapeOf(scales)));
    }
    const bool sums = expertTokenNumType == 0;
    return phase.Bind([sums](const HostLaunch& launch, HostFailure* failure) {
      return ReRoute(launch, sums, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnMoeReRouting)
