// SPDX-License-Identifier: Apache-2.0
// The experts' rows brought back to their tokens, weighted and added up.
#include <algorithm>
#include <cstdio>

#include "aclnnop/aclnn_moe_finalize_routing.h"
#include "aclnnop/aclnn_moe_finalize_routing_v2.h"
#include "aclnnop/aclnn_moe_token_unpermute.h"
#include "engine/shape_check.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeFrom;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Vectors;
using opapi::Verdict;

using Indices = std::vector<int64_t>;

// expanded rows, row index, x1, x2, bias, scales, expert index; out.
enum Place : size_t { kRows, kRowIdx, kX1, kX2, kBias, kScales, kExpert, kOut };

struct Return {
  int64_t choices;      // of a token
  bool token_major;     // row index: all choices of a token together, else all first ones first
  bool ignores_beyond;  // a place behind the last row is none, else it is an error
};

aclError CheckPlaces(const Indices& places, int64_t rows, bool ignores_beyond,
                     HostFailure* failure) {
  for (const int64_t place : places) {
    if (place >= -1 && (place < rows || ignores_beyond)) continue;
    std::snprintf(failure->text, sizeof(failure->text), "the row index holds %lld: want -1 to %lld",
                  static_cast<long long>(place), static_cast<long long>(rows - 1));
    return ACL_ERROR_INVALID_PARAM;
  }
  return ACL_SUCCESS;
}

aclError CheckExperts(const Indices& experts, const HostTensorView& bias, HostFailure* failure) {
  if (!bias.present) return ACL_SUCCESS;
  for (const int64_t expert : experts) {
    if (expert >= 0 && expert < bias.dims[0]) continue;
    std::snprintf(failure->text, sizeof(failure->text),
                  "the expert index holds %lld: bias has %lld rows", static_cast<long long>(expert),
                  static_cast<long long>(bias.dims[0]));
    return ACL_ERROR_INVALID_PARAM;
  }
  return ACL_SUCCESS;
}

aclError Gather(const HostLaunch& launch, const Return& back, HostFailure* failure) {
  const HostTensorView* const t = launch.tensors;
  const Vectors rows(t[kRows], t[kRows].dim_count - 1);
  const Vectors out(t[kOut], 1);
  const Vectors x1(t[t[kX1].present ? kX1 : kOut], 1);
  const Vectors x2(t[t[kX2].present ? kX2 : kOut], 1);
  const Vectors bias(t[t[kBias].present ? kBias : kOut], 1);
  const Indices places = opapi::ElementsOf<int64_t>(t[kRowIdx]);
  const Indices experts = t[kExpert].present ? opapi::ElementsOf<int64_t>(t[kExpert]) : Indices();
  const std::vector<float> scales =
      t[kScales].present ? opapi::ElementsOf<float>(t[kScales]) : std::vector<float>();
  aclError status = CheckPlaces(places, rows.count(), back.ignores_beyond, failure);
  if (status == ACL_SUCCESS) status = CheckExperts(experts, t[kBias], failure);
  if (status != ACL_SUCCESS) return status;
  const int64_t n = out.length();
  const int64_t tokens = out.count();
  const int64_t k = back.choices;
  return opapi::ForEachVector<float>(
      tokens, (k + 1) * n, 3 * n, failure, [&](int64_t token, float* sum) {
        float* const row = sum + n;
        float* const added = row + n;
        std::fill_n(sum, n, 0.0F);
        for (const HostTensorView* residual : {&t[kX1], &t[kX2]}) {
          if (!residual->present) continue;
          (residual == &t[kX1] ? x1 : x2).Load(token, row);
          for (int64_t i = 0; i < n; ++i) sum[i] += row[i];
        }
        for (int64_t j = 0; j < k; ++j) {
          const auto choice = static_cast<size_t>(token * k + j);
          const int64_t place =
              places[back.token_major ? choice : static_cast<size_t>(j * tokens + token)];
          // A choice that was dropped adds nothing.
          if (place < 0 || place >= rows.count()) continue;
          rows.Load(place, row);
          if (t[kBias].present) {
            bias.Load(experts[choice], added);
            for (int64_t i = 0; i < n; ++i) row[i] += added[i];
          }
          const float scale = scales.empty() ? 1.0F : scales[choice];
          for (int64_t i = 0; i < n; ++i) sum[i] += scale * row[i];
        }
        out.Store(sum, token);
      });
}

struct Tensors {
  const aclTensor* rows;
  const aclTensor* row_idx;
  const aclTensor* x1;
  const aclTensor* x2;
  const aclTensor* bias;
  const aclTensor* scales;
  const aclTensor* expert;
  const aclTensor* out;
};

struct Names {
  const char* rows;
  const char* row_idx;
  const char* scales;
};

Verdict Prepare(FirstPhase& phase, const Tensors& tensors, const Names& names, Return back) {
  OP_PLAN_CHECK(phase.Input(names.rows, tensors.rows));
  OP_PLAN_CHECK(phase.Input(names.row_idx, tensors.row_idx));
  OP_PLAN_CHECK(phase.OptionalInput("x1", tensors.x1));
  OP_PLAN_CHECK(phase.OptionalInput("x2", tensors.x2));
  OP_PLAN_CHECK(phase.OptionalInput("bias", tensors.bias));
  OP_PLAN_CHECK(phase.OptionalInput(names.scales, tensors.scales));
  OP_PLAN_CHECK(phase.OptionalInput("expertIdx", tensors.expert));
  OP_PLAN_CHECK(phase.Output("out", tensors.out));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kRowIdx));
  OP_PLAN_CHECK(opapi::CheckIndexDType(phase, kExpert));
  for (const size_t i : {kRows, kX1, kX2, kBias, kScales, kOut}) {
    const HostTensorView& view = phase.tensor(i);
    if (!view.present || opapi::IsFloating(view.dtype)) continue;
    return Refuse(op_plan::kParamInvalid, "%s is %s: want floating numbers", phase.name(i),
                  opapi::DTypeName(view.dtype));
  }
  const HostTensorView& rows = phase.tensor(kRows);
  const HostTensorView& out = phase.tensor(kOut);
  OP_PLAN_CHECK(opapi::CheckDims(phase, kOut, 2));
  if (rows.dim_count < 2 || rows.dims[rows.dim_count - 1] != out.dims[1]) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s: want rows of %lld", names.rows,
                  ShapeText(ShapeOf(rows)).c_str(), static_cast<long long>(out.dims[1]));
  }
  const int64_t tokens = out.dims[0];
  const int64_t places = ShapeOf(phase.tensor(kRowIdx)).size();
  if (tokens == 0 ? places != 0 : places % tokens != 0) {
    return Refuse(op_plan::kParamInvalid, "%s has %lld elements, which %lld tokens do not divide",
                  names.row_idx, static_cast<long long>(places), static_cast<long long>(tokens));
  }
  back.choices = tokens == 0 ? 0 : places / tokens;
  OP_PLAN_CHECK(opapi::CheckShape(phase, kX1, ShapeOf(out)));
  OP_PLAN_CHECK(opapi::CheckShape(phase, kX2, ShapeOf(out)));
  OP_PLAN_CHECK(opapi::CheckSize(phase, kScales, places));
  OP_PLAN_CHECK(opapi::CheckSize(phase, kExpert, places));
  if (phase.tensor(kBias).present) {
    OP_PLAN_CHECK(opapi::CheckDims(phase, kBias, 2));
    OP_PLAN_CHECK(
        opapi::CheckShape(phase, kBias, ShapeFrom({phase.tensor(kBias).dims[0], out.dims[1]})));
    if (!phase.tensor(kExpert).present) {
      return Refuse(op_plan::kParamNullptr, "expertIdx is null, which bias needs");
    }
  }
  return phase.Bind([back](const HostLaunch& launch, HostFailure* failure) {
    return Gather(launch, back, failure);
  });
}

}  // namespace

aclnnStatus aclnnMoeFinalizeRoutingGetWorkspaceSize(const aclTensor* expandedX, const aclTensor* x1,
                                                    const aclTensor* x2Optional,
                                                    const aclTensor* bias, const aclTensor* scales,
                                                    const aclTensor* expandedRowIdx,
                                                    const aclTensor* expandedExpertIdx,
                                                    const aclTensor* out, uint64_t* workspaceSize,
                                                    aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeFinalizeRouting", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    return Prepare(
        phase, {expandedX, expandedRowIdx, x1, x2Optional, bias, scales, expandedExpertIdx, out},
        {"expandedX", "expandedRowIdx", "scales"}, {0, false, false});
  });
}
ACLNN_SECOND_PHASE(aclnnMoeFinalizeRouting)

// dropPadMode 0 and 1 count all first choices first, 2 and 3 all choices of a token together.
aclnnStatus aclnnMoeFinalizeRoutingV2GetWorkspaceSize(
    const aclTensor* expandedX, const aclTensor* expandedRowIdx, const aclTensor* x1Optional,
    const aclTensor* x2Optional, const aclTensor* biasOptional, const aclTensor* scalesOptional,
    const aclTensor* expertIdxOptional, int64_t dropPadMode, const aclTensor* out,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeFinalizeRoutingV2", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckRange("dropPadMode", dropPadMode, 0, 3));
    return Prepare(phase,
                   {expandedX, expandedRowIdx, x1Optional, x2Optional, biasOptional, scalesOptional,
                    expertIdxOptional, out},
                   {"expandedX", "expandedRowIdx", "scales"}, {0, dropPadMode >= 2, false});
  });
}
ACLNN_SECOND_PHASE(aclnnMoeFinalizeRoutingV2)

aclnnStatus aclnnMoeTokenUnpermuteGetWorkspaceSize(const aclTensor* permutedTokens,
                                                   const aclTensor* sortedIndices,
                                                   const aclTensor* probsOptional, bool paddedMode,
                                                   const aclIntArray* restoreShapeOptional,
                                                   const aclTensor* out, uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  FirstPhase first("aclnnMoeTokenUnpermute", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    if (paddedMode) {
      return Refuse(op_plan::kParamInvalid, "paddedMode is true: the host device does false alone");
    }
    // The shape to restore is of padded mode.
    if (restoreShapeOptional != nullptr) {
      Indices unused;
      OP_PLAN_CHECK(opapi::ReadIntArray("restoreShape", restoreShapeOptional, &unused));
    }
    return Prepare(
        phase,
        {permutedTokens, sortedIndices, nullptr, nullptr, nullptr, probsOptional, nullptr, out},
        {"permutedTokens", "sortedIndices", "probs"}, {0, true, true});
  });
}
ACLNN_SECOND_PHASE(aclnnMoeTokenUnpermute)
