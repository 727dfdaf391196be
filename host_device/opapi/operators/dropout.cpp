// SPDX-License-Identifier: Apache-2.0
// Dropout in two steps, a mask of bits and its use, or in one.
#include <algorithm>

#include "aclnnop/aclnn_dropout.h"
#include "aclnnop/aclnn_dropout_do_mask.h"
#include "aclnnop/aclnn_dropout_gen_mask.h"
#include "engine/philox.h"
#include "engine/rows.h"

namespace {

using opapi::FirstPhase;
using opapi::Numbers;
using opapi::Philox;
using opapi::Refuse;
using opapi::Row;
using opapi::Verdict;

constexpr int64_t kBitsPerByte = 8;
constexpr int64_t kMaskAlignmentBytes = 16;

int64_t MaskBytes(int64_t elements) {
  constexpr int64_t kBits = kMaskAlignmentBytes * kBitsPerByte;
  return (elements + kBits - 1) / kBits * kMaskAlignmentBytes;
}

Verdict CheckProbability(const char* name, double probability) {
  if (probability >= 0 && probability <= 1) return {};
  return Refuse(op_plan::kParamInvalid, "%s is %g: want 0 to 1", name, probability);
}

// Contiguous uint8 (or bits told as bool) with room for a bit for each of `elements`.
Verdict CheckMask(const FirstPhase& phase, size_t index, int64_t elements) {
  const HostTensorView& mask = phase.tensor(index);
  const opapi::Shape shape = opapi::ShapeOf(mask);
  const bool contiguous = mask.dim_count == 1 && (mask.strides[0] == 1 || mask.dims[0] < 2);
  if ((mask.dtype == ACL_UINT8 || mask.dtype == ACL_BOOL) && contiguous &&
      shape.size() >= MaskBytes(elements)) {
    return {};
  }
  return Refuse(op_plan::kParamInvalid,
                "%s is %s of shape %s: want contiguous uint8 of (%lld,) for %lld elements",
                phase.name(index), opapi::DTypeName(mask.dtype), opapi::ShapeText(shape).c_str(),
                static_cast<long long>(MaskBytes(elements)), static_cast<long long>(elements));
}

// Bits of the first `elements` elements, set where one is kept; the rest of the mask is 0.
void MakeMask(const Philox& philox, double probability, int64_t elements,
              const HostTensorView& mask) {
  uint8_t* const bytes = opapi::FirstElement(mask);
  std::fill_n(bytes, mask.dims[0], uint8_t{0});
  philox.ForEach<4>(
      0, elements,
      [](const Philox::Block& block, int lane) { return opapi::Uniform32(block[lane]); },
      [&](int64_t i, double uniform) {
        if (uniform >= probability) {
          bytes[i / kBitsPerByte] |= static_cast<uint8_t>(1 << i % kBitsPerByte);
        }
      });
}

template <typename T>
void ApplyMask(const HostTensorView& self, const HostTensorView& mask, double probability,
               const HostTensorView& out) {
  const uint8_t* const bits = opapi::FirstElement(mask);
  // With probability 1 no bit is set.
  const T scale = static_cast<T>(probability < 1 ? 1 / (1 - probability) : 0);
  const HostTensorView* const views[] = {&self, &out};
  opapi::ForEachRow(opapi::ShapeOf(out), views, [&](const Row& row) {
    T values[opapi::kRowElements];
    opapi::Load(row.data[0], self.dtype, row.strides[0], row.count, values);
    for (int64_t i = 0; i < row.count; ++i) {
      const int64_t element = row.first + i;
      const bool kept = bits[element / kBitsPerByte] >> element % kBitsPerByte & 1;
      values[i] = kept ? values[i] * scale : T{0};
    }
    opapi::Store(values, row.count, out.dtype, row.strides[1], row.data[1]);
  });
}

void ApplyMask(const HostTensorView& self, const HostTensorView& mask, double probability,
               const HostTensorView& out) {
  if (self.dtype == ACL_DOUBLE) return ApplyMask<double>(self, mask, probability, out);
  ApplyMask<float>(self, mask, probability, out);
}

// Tensors `self` and `out` of one floating dtype and one shape.
Verdict CheckDropped(const FirstPhase& phase, size_t self, size_t out) {
  const HostTensorView& from = phase.tensor(self);
  const HostTensorView& to = phase.tensor(out);
  if (opapi::IsFloating(from.dtype) && from.dtype == to.dtype &&
      opapi::ShapeOf(from) == opapi::ShapeOf(to)) {
    return {};
  }
  return Refuse(op_plan::kParamInvalid,
                "%s is %s of shape %s and %s %s of %s: want one floating dtype and one shape",
                phase.name(self), opapi::DTypeName(from.dtype),
                opapi::ShapeText(opapi::ShapeOf(from)).c_str(), phase.name(out),
                opapi::DTypeName(to.dtype), opapi::ShapeText(opapi::ShapeOf(to)).c_str());
}

aclnnStatus GenMask(const char* op_name, const aclIntArray* shape, double prob, int64_t seed,
                    int64_t offset, aclDataType dtype, const aclTensor* out,
                    uint64_t* workspace_size, aclOpExecutor** executor) {
  FirstPhase first(op_name, workspace_size, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    std::vector<int64_t> dims;
    OP_PLAN_CHECK(opapi::ReadIntArray("shape", shape, &dims));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(CheckProbability("prob", prob));
    if (!opapi::IsFloating(dtype)) {
      return Refuse(op_plan::kParamInvalid,
                    "probDataType is %d: want float16, bf16, float32 or float64",
                    static_cast<int>(dtype));
    }
    // No more elements than the mask has bits for, so that their number cannot overflow.
    const int64_t bits = opapi::ShapeOf(phase.tensor(0)).size() * kBitsPerByte;
    int64_t elements = 1;
    for (const int64_t dim : dims) {
      if (dim < 0 || (dim > 0 && elements > bits / dim)) {
        return Refuse(op_plan::kParamInvalid,
                      "shape has a negative dimension, or more elements than out has bits (%lld)",
                      static_cast<long long>(bits));
      }
      elements *= dim;
    }
    OP_PLAN_CHECK(CheckMask(phase, 0, elements));
    const Philox philox{static_cast<uint64_t>(seed), static_cast<uint64_t>(offset)};
    return phase.Bind([philox, prob, elements](const HostLaunch& launch, HostFailure*) -> aclError {
      MakeMask(philox, prob, elements, launch.tensors[0]);
      return ACL_SUCCESS;
    });
  });
}

}  // namespace

aclnnStatus aclnnDropoutGenMaskGetWorkspaceSize(const aclIntArray* shape, double prob, int64_t seed,
                                                int64_t offset, aclTensor* out,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  return GenMask("aclnnDropoutGenMask", shape, prob, seed, offset, ACL_FLOAT, out, workspaceSize,
                 executor);
}
ACLNN_SECOND_PHASE(aclnnDropoutGenMask)

aclnnStatus aclnnDropoutGenMaskV2GetWorkspaceSize(const aclIntArray* shape, double prob,
                                                  int64_t seed, int64_t offset,
                                                  aclDataType probDataType, aclTensor* out,
                                                  uint64_t* workspaceSize,
                                                  aclOpExecutor** executor) {
  return GenMask("aclnnDropoutGenMaskV2", shape, prob, seed, offset, probDataType, out,
                 workspaceSize, executor);
}
ACLNN_SECOND_PHASE(aclnnDropoutGenMaskV2)

aclnnStatus aclnnDropoutDoMaskGetWorkspaceSize(const aclTensor* self, const aclTensor* mask,
                                               double prob, aclTensor* out, uint64_t* workspaceSize,
                                               aclOpExecutor** executor) {
  FirstPhase first("aclnnDropoutDoMask", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("mask", mask));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(CheckDropped(phase, 0, 2));
    OP_PLAN_CHECK(CheckMask(phase, 1, opapi::ShapeOf(phase.tensor(0)).size()));
    OP_PLAN_CHECK(CheckProbability("prob", prob));
    return phase.Bind([prob](const HostLaunch& launch, HostFailure*) -> aclError {
      ApplyMask(launch.tensors[0], launch.tensors[1], prob, launch.tensors[2]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnDropoutDoMask)

aclnnStatus aclnnDropoutGetWorkspaceSize(const aclTensor* input, double p, bool train, int64_t seed,
                                         int64_t offset, aclTensor* out, aclTensor* maskOut,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnDropout", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("input", input));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(phase.Output("maskOut", maskOut));
    OP_PLAN_CHECK(CheckDropped(phase, 0, 1));
    OP_PLAN_CHECK(CheckMask(phase, 2, opapi::ShapeOf(phase.tensor(0)).size()));
    OP_PLAN_CHECK(CheckProbability("p", p));
    const Philox philox{static_cast<uint64_t>(seed), static_cast<uint64_t>(offset)};
    const double dropped = train ? p : 0;
    return phase.Bind([philox, dropped](const HostLaunch& launch, HostFailure*) -> aclError {
      const int64_t elements = opapi::ShapeOf(launch.tensors[0]).size();
      MakeMask(philox, dropped, elements, launch.tensors[2]);
      ApplyMask(launch.tensors[0], launch.tensors[2], dropped, launch.tensors[1]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnDropout)
