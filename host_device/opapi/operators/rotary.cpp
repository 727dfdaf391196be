// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: y = x * cos + rotated(x) * sin over the last dimension.
#include <algorithm>
#include <cstring>

#include "aclnnop/aclnn_apply_rotary_pos_emb.h"
#include "aclnnop/aclnn_apply_rotary_pos_emb_v2.h"
#include "aclnnop/aclnn_rotary_position_embedding.h"
#include "engine/vectors.h"

namespace {

using opapi::FirstPhase;
using opapi::Refuse;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Vectors;
using opapi::Verdict;

// Numbers of aclnnRotaryPositionEmbedding.
enum Mode : int64_t { kHalf = 0, kInterleave = 1, kQuarter = 2, kInterleaveHalf = 3 };

// rotated(x), and where the mode moves x itself, x as it is multiplied with cos.
template <typename T>
void Rotate(Mode mode, int64_t n, T* x, T* rotated) {
  const auto swap_halves = [&](int64_t begin, int64_t half) {
    for (int64_t i = begin; i < begin + half; ++i) {
      rotated[i] = -x[i + half];
      rotated[i + half] = x[i];
    }
  };
  switch (mode) {
    case kHalf:
      return swap_halves(0, n / 2);
    case kQuarter:
      swap_halves(0, n / 4);
      return swap_halves(n / 2, n / 4);
    case kInterleave:
      for (int64_t i = 0; i < n; i += 2) {
        rotated[i] = -x[i + 1];
        rotated[i + 1] = x[i];
      }
      return;
    case kInterleaveHalf:
      for (int64_t i = 0; i < n / 2; ++i) {
        rotated[i] = -x[2 * i + 1];
        rotated[n / 2 + i] = x[2 * i];
      }
      for (int64_t i = 0; i < n / 2; ++i) {
        x[i] = rotated[n / 2 + i];
        x[n / 2 + i] = -rotated[i];
      }
      return;
  }
}

// `view` with the dimensions of `x`, broadcast where it has 1.
HostTensorView BroadcastTo(const HostTensorView& x, HostTensorView view) {
  HostTensorView wide = view;
  wide.dim_count = x.dim_count;
  const uint32_t missing = x.dim_count - view.dim_count;
  for (uint32_t dim = 0; dim < x.dim_count; ++dim) {
    const bool same = dim >= missing && view.dims[dim - missing] == x.dims[dim];
    wide.dims[dim] = x.dims[dim];
    wide.strides[dim] = same ? view.strides[dim - missing] : 0;
  }
  return wide;
}

template <typename T>
aclError Embed(const HostTensorView& x, const HostTensorView& cos, const HostTensorView& sin,
               const HostTensorView& out, Mode mode, HostFailure* failure) {
  const uint32_t last = x.dim_count - 1;
  const Vectors in(x, last);
  const Vectors cosines(BroadcastTo(x, cos), last);
  const Vectors sines(BroadcastTo(x, sin), last);
  const Vectors embedded(out, last);
  const int64_t n = in.length();
  return opapi::ForEachVector<T>(in.count(), n, 3 * n, failure, [&](int64_t index, T* values) {
    T* const rotated = values + n;
    T* const angle = rotated + n;
    in.Load(index, values);
    Rotate(mode, n, values, rotated);
    cosines.Load(index, angle);
    for (int64_t i = 0; i < n; ++i) values[i] *= angle[i];
    sines.Load(index, angle);
    for (int64_t i = 0; i < n; ++i) values[i] += rotated[i] * angle[i];
    embedded.Store(values, index);
  });
}

aclError EmbedAny(const HostTensorView& x, const HostTensorView& cos, const HostTensorView& sin,
                  const HostTensorView& out, Mode mode, HostFailure* failure) {
  return x.dtype == ACL_DOUBLE ? Embed<double>(x, cos, sin, out, mode, failure)
                               : Embed<float>(x, cos, sin, out, mode, failure);
}

// The last dimension of x is one that `mode` can rotate.
Verdict CheckRotated(const FirstPhase& phase, size_t x, Mode mode) {
  const HostTensorView& view = phase.tensor(x);
  const int64_t parts = mode == kQuarter ? 4 : 2;
  if (view.dim_count > 0 && view.dims[view.dim_count - 1] % parts == 0) return {};
  return Refuse(op_plan::kParamInvalid,
                "%s has shape %s: want a last dimension that is a multiple of %lld", phase.name(x),
                ShapeText(ShapeOf(view)).c_str(), static_cast<long long>(parts));
}

Verdict CheckAngles(const FirstPhase& phase, size_t angles, size_t x) {
  opapi::Shape shape = ShapeOf(phase.tensor(angles));
  const HostTensorView& view = phase.tensor(angles);
  const bool fits = opapi::Broadcast(ShapeOf(phase.tensor(x)), &shape) &&
                    shape == ShapeOf(phase.tensor(x)) && view.dim_count > 0 &&
                    view.dims[view.dim_count - 1] == shape.dims[shape.dim_count - 1];
  if (fits) return {};
  return Refuse(op_plan::kParamInvalid,
                "%s has shape %s: want one with the last dimension of %s that broadcasts to %s",
                phase.name(angles), ShapeText(ShapeOf(view)).c_str(), phase.name(x),
                ShapeText(ShapeOf(phase.tensor(x))).c_str());
}

struct Pair {
  aclTensor* query;
  aclTensor* key;
  const aclTensor* cos;
  const aclTensor* sin;
};

// Where the heads and their elements lie does not matter: cos and sin have a 1 in its place.
constexpr int64_t kFirstLayout = 1;
constexpr int64_t kLastLayout = 4;

aclnnStatus EmbedBoth(FirstPhase first, const Pair& pair, int64_t layout, const char* rotary_mode) {
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("queryRef", pair.query));
    OP_PLAN_CHECK(phase.Input("keyRef", pair.key));
    OP_PLAN_CHECK(phase.Input("cos", pair.cos));
    OP_PLAN_CHECK(phase.Input("sin", pair.sin));
    OP_PLAN_CHECK(phase.Output("queryRef", pair.query));
    OP_PLAN_CHECK(phase.Output("keyRef", pair.key));
    OP_PLAN_CHECK(opapi::CheckFloating(phase));
    if (layout < kFirstLayout || layout > kLastLayout) {
      return Refuse(op_plan::kParamInvalid,
                    "layout is %lld: want 1 (BSND), 2 (SBND), 3 (BNSD) or 4 (TND)",
                    static_cast<long long>(layout));
    }
    if (rotary_mode == nullptr) return Refuse(op_plan::kParamNullptr, "rotaryMode is null");
    Mode mode = kHalf;
    if (std::strcmp(rotary_mode, "quarter") == 0) {
      mode = kQuarter;
    } else if (std::strcmp(rotary_mode, "interleave") == 0) {
      mode = kInterleave;
    } else if (std::strcmp(rotary_mode, "half") != 0) {
      return Refuse(op_plan::kParamInvalid,
                    "rotaryMode is \"%.32s\": want half, quarter or interleave", rotary_mode);
    }
    for (size_t x = 0; x < 2; ++x) {
      OP_PLAN_CHECK(CheckRotated(phase, x, mode));
      OP_PLAN_CHECK(CheckAngles(phase, 2, x));
      OP_PLAN_CHECK(CheckAngles(phase, 3, x));
    }
    return phase.Bind([mode](const HostLaunch& launch, HostFailure* failure) -> aclError {
      const HostTensorView* const t = launch.tensors;
      const aclError status = EmbedAny(t[0], t[2], t[3], t[4], mode, failure);
      return status != ACL_SUCCESS ? status : EmbedAny(t[1], t[2], t[3], t[5], mode, failure);
    });
  });
}

}  // namespace

aclnnStatus aclnnRotaryPositionEmbeddingGetWorkspaceSize(const aclTensor* x, const aclTensor* cos,
                                                         const aclTensor* sin, int64_t mode,
                                                         aclTensor* out, uint64_t* workspaceSize,
                                                         aclOpExecutor** executor) {
  FirstPhase first("aclnnRotaryPositionEmbedding", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("x", x));
    OP_PLAN_CHECK(phase.Input("cos", cos));
    OP_PLAN_CHECK(phase.Input("sin", sin));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckFloating(phase));
    if (mode < kHalf || mode > kInterleaveHalf) {
      return Refuse(op_plan::kParamInvalid,
                    "mode is %lld: want 0 (half), 1 (interleave), 2 (quarter) or 3 "
                    "(interleave-half)",
                    static_cast<long long>(mode));
    }
    OP_PLAN_CHECK(CheckRotated(phase, 0, static_cast<Mode>(mode)));
    OP_PLAN_CHECK(CheckAngles(phase, 1, 0));
    OP_PLAN_CHECK(CheckAngles(phase, 2, 0));
    if (!(ShapeOf(phase.tensor(3)) == ShapeOf(phase.tensor(0)))) {
      return Refuse(op_plan::kParamInvalid, "out has shape %s: want %s",
                    ShapeText(ShapeOf(phase.tensor(3))).c_str(),
                    ShapeText(ShapeOf(phase.tensor(0))).c_str());
    }
    return phase.Bind([mode](const HostLaunch& launch, HostFailure* failure) {
      const HostTensorView* const t = launch.tensors;
      return EmbedAny(t[0], t[1], t[2], t[3], static_cast<Mode>(mode), failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnRotaryPositionEmbedding)

aclnnStatus aclnnApplyRotaryPosEmbGetWorkspaceSize(aclTensor* queryRef, aclTensor* keyRef,
                                                   const aclTensor* cos, const aclTensor* sin,
                                                   int64_t layout, uint64_t* workspaceSize,
                                                   aclOpExecutor** executor) {
  return EmbedBoth({"aclnnApplyRotaryPosEmb", workspaceSize, executor},
                   {queryRef, keyRef, cos, sin}, layout, "half");
}
ACLNN_SECOND_PHASE(aclnnApplyRotaryPosEmb)

aclnnStatus aclnnApplyRotaryPosEmbV2GetWorkspaceSize(aclTensor* queryRef, aclTensor* keyRef,
                                                     const aclTensor* cos, const aclTensor* sin,
                                                     int64_t layout, const char* rotaryMode,
                                                     uint64_t* workspaceSize,
                                                     aclOpExecutor** executor) {
  return EmbedBoth({"aclnnApplyRotaryPosEmbV2", workspaceSize, executor},
                   {queryRef, keyRef, cos, sin}, layout, rotaryMode);
}
ACLNN_SECOND_PHASE(aclnnApplyRotaryPosEmbV2)
