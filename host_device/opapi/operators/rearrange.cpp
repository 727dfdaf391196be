// SPDX-License-Identifier: Apache-2.0
// Elements moved to other places of a tensor: backwards, around, apart, onto a diagonal.
#include <algorithm>
#include <cstdlib>

#include "aclnnop/aclnn_constant_pad_nd.h"
#include "aclnnop/aclnn_diag.h"
#include "aclnnop/aclnn_flip.h"
#include "aclnnop/aclnn_roll.h"
#include "engine/copying.h"

namespace {

using opapi::Axes;
using opapi::FirstPhase;
using opapi::Refuse;
using opapi::Shape;
using opapi::Verdict;

constexpr uint32_t kMaxDims = HostTensorView::kMaxDims;

Verdict ReadInOut(FirstPhase& phase, const char* name, const aclTensor* self, aclTensor* out) {
  OP_PLAN_CHECK(phase.Input(name, self));
  OP_PLAN_CHECK(phase.Output("out", out));
  OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
  return opapi::CheckWholeBytes(phase, 0);
}

// Moves along `axis` and all after it, one part before the seam and one after it each.
void RollFrom(uint32_t axis, const int64_t* shifts, const HostTensorView& from,
              const HostTensorView& to) {
  while (axis < from.dim_count && shifts[axis] == 0) ++axis;
  if (axis == from.dim_count) return opapi::CopyElements(from, to);
  const int64_t size = from.dims[axis];
  const int64_t shift = shifts[axis];
  RollFrom(axis + 1, shifts, opapi::Narrow(from, axis, 0, size - shift),
           opapi::Narrow(to, axis, shift, size - shift));
  RollFrom(axis + 1, shifts, opapi::Narrow(from, axis, size - shift, shift),
           opapi::Narrow(to, axis, 0, shift));
}

struct Shifts {
  int64_t of[kMaxDims];
};

// 0 to size - 1.
int64_t Wrapped(int64_t shift, int64_t size) {
  if (size == 0) return 0;
  const int64_t rest = shift % size;
  return rest < 0 ? rest + size : rest;
}

Verdict ReadShifts(const FirstPhase& phase, const aclIntArray* shifts, const aclIntArray* dims,
                   Shifts* result, bool* flat) {
  std::vector<int64_t> by;
  std::vector<int64_t> along;
  OP_PLAN_CHECK(opapi::ReadIntArray("shifts", shifts, &by));
  OP_PLAN_CHECK(opapi::ReadIntArray("dims", dims, &along));
  const HostTensorView& x = phase.tensor(0);
  *result = {};
  *flat = along.empty();
  if (by.size() != (along.empty() ? 1 : along.size())) {
    return Refuse(op_plan::kParamInvalid, "shifts has %zu elements, dims %zu: want one each",
                  by.size(), along.size());
  }
  if (along.empty()) {
    result->of[0] = Wrapped(by[0], opapi::ShapeOf(x).size());
    return {};
  }
  for (size_t i = 0; i < along.size(); ++i) {
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("dims", along[i], x.dim_count, &axis));
    if (x.dim_count == 0) continue;
    result->of[axis] = Wrapped(result->of[axis] + Wrapped(by[i], x.dims[axis]), x.dims[axis]);
  }
  return {};
}

}  // namespace

aclnnStatus aclnnFlipGetWorkspaceSize(const aclTensor* self, const aclIntArray* dims,
                                      aclTensor* out, uint64_t* workspaceSize,
                                      aclOpExecutor** executor) {
  FirstPhase first("aclnnFlip", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(ReadInOut(phase, "self", self, out));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
    std::vector<int64_t> values;
    OP_PLAN_CHECK(opapi::ReadIntArray("dims", dims, &values));
    Axes axes = 0;
    if (!values.empty()) {
      OP_PLAN_CHECK(opapi::ReadAxes("dims", dims, phase.tensor(0).dim_count, &axes));
    }
    return phase.Bind([axes](const HostLaunch& launch, HostFailure*) {
      HostTensorView from = launch.tensors[0];
      if (opapi::ShapeOf(from).size() == 0) return ACL_SUCCESS;
      for (uint32_t d = 0; d < from.dim_count; ++d) {
        if ((axes >> d & 1) == 0) continue;
        from.offset += (from.dims[d] - 1) * from.strides[d];
        from.strides[d] = -from.strides[d];
      }
      opapi::CopyElements(from, launch.tensors[1]);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnFlip)

aclnnStatus aclnnRollGetWorkspaceSize(const aclTensor* x, const aclIntArray* shifts,
                                      const aclIntArray* dims, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnRoll", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(ReadInOut(phase, "x", x, out));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
    Shifts by;
    bool flat = false;
    OP_PLAN_CHECK(ReadShifts(phase, shifts, dims, &by, &flat));
    if (flat) {
      // Room for x and for out, where they are not contiguous.
      phase.SetWorkspace(2 * static_cast<uint64_t>(opapi::ShapeOf(phase.tensor(0)).size() *
                                                   opapi::ElementBytes(phase.tensor(0))));
    }
    return phase.Bind([by, flat](const HostLaunch& launch, HostFailure*) {
      const HostTensorView& from = launch.tensors[0];
      const HostTensorView& to = launch.tensors[1];
      const Shape shape = opapi::ShapeOf(from);
      if (shape.size() == 0) return ACL_SUCCESS;
      if (!flat) {
        RollFrom(0, by.of, from, to);
        return ACL_SUCCESS;
      }
      const HostTensorView line = opapi::Flattened(from, launch.workspace);
      uint8_t* const room = static_cast<uint8_t*>(launch.workspace) + launch.workspace_size / 2;
      RollFrom(0, by.of, line, opapi::ContiguousView(room, from.dtype, opapi::ShapeOf(line)));
      opapi::CopyElements(opapi::ContiguousView(room, from.dtype, shape), to);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnRoll)

aclnnStatus aclnnConstantPadNdGetWorkspaceSize(const aclTensor* self, const aclIntArray* pad,
                                               const aclScalar* value, aclTensor* out,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  struct Pads {
    int64_t before[kMaxDims];
    int64_t after[kMaxDims];
  };
  FirstPhase first("aclnnConstantPadNd", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(ReadInOut(phase, "self", self, out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, opapi::Numbers::kReal));
    std::vector<int64_t> sizes;
    OP_PLAN_CHECK(opapi::ReadIntArray("pad", pad, &sizes));
    HostScalarView fill;
    OP_PLAN_CHECK(opapi::ReadScalar("value", value, &fill));
    const uint32_t dims = phase.tensor(0).dim_count;
    if (sizes.size() % 2 != 0 || sizes.size() / 2 > dims) {
      return Refuse(op_plan::kParamInvalid,
                    "pad has %zu elements: want two for each of at most %u "
                    "dimensions",
                    sizes.size(), dims);
    }
    Pads pads{};
    Shape wanted = opapi::ShapeOf(phase.tensor(0));
    for (size_t i = 0; i < sizes.size() / 2; ++i) {
      const uint32_t d = dims - 1 - static_cast<uint32_t>(i);
      pads.before[d] = sizes[2 * i];
      pads.after[d] = sizes[2 * i + 1];
      if (__builtin_add_overflow(wanted.dims[d], pads.before[d], &wanted.dims[d]) ||
          __builtin_add_overflow(wanted.dims[d], pads.after[d], &wanted.dims[d]) ||
          wanted.dims[d] < 0 || pads.before[d] < -phase.tensor(0).dims[d] ||
          pads.after[d] < -phase.tensor(0).dims[d]) {
        return Refuse(op_plan::kParamInvalid,
                      "pad cuts more than the %lld elements of dimension %u of self",
                      static_cast<long long>(phase.tensor(0).dims[d]), d);
      }
    }
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, wanted));
    return phase.Bind([pads, fill](const HostLaunch& launch, HostFailure*) {
      HostTensorView from = launch.tensors[0];
      HostTensorView to = launch.tensors[1];
      if (opapi::ShapeOf(to).size() == 0) return ACL_SUCCESS;
      // Every dimension fills what lies before and after, and leaves the middle to the next.
      for (uint32_t d = 0; d < to.dim_count; ++d) {
        const int64_t cut_before = std::max<int64_t>(0, -pads.before[d]);
        const int64_t cut_after = std::max<int64_t>(0, -pads.after[d]);
        const int64_t before = std::min(std::max<int64_t>(0, pads.before[d]), to.dims[d]);
        const int64_t after = std::min(std::max<int64_t>(0, pads.after[d]), to.dims[d] - before);
        opapi::FillElements(fill, opapi::Narrow(to, d, 0, before));
        opapi::FillElements(fill, opapi::Narrow(to, d, to.dims[d] - after, after));
        to = opapi::Narrow(to, d, before, to.dims[d] - before - after);
        from = opapi::Narrow(from, d, cut_before,
                             std::max<int64_t>(0, from.dims[d] - cut_before - cut_after));
      }
      if (opapi::ShapeOf(to).size() > 0) opapi::CopyElements(from, to);
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnConstantPadNd)

namespace {

// The elements of a matrix on `diagonal`; none where it lies outside.
HostTensorView Diagonal(const HostTensorView& matrix, int64_t diagonal) {
  HostTensorView line = matrix;
  const int64_t row = std::max<int64_t>(0, -diagonal);
  const int64_t column = std::max<int64_t>(0, diagonal);
  line.dim_count = 1;
  line.dims[0] = std::max<int64_t>(0, std::min(matrix.dims[0] - row, matrix.dims[1] - column));
  if (line.dims[0] > 0) line.offset += row * matrix.strides[0] + column * matrix.strides[1];
  line.strides[0] = matrix.strides[0] + matrix.strides[1];
  return line;
}

}  // namespace

aclnnStatus aclnnDiagGetWorkspaceSize(const aclTensor* self, int64_t diagonal, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnDiag", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(ReadInOut(phase, "self", self, out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, opapi::Numbers::kReal));
    const HostTensorView& from = phase.tensor(0);
    constexpr int64_t kFar = int64_t{1} << 40;
    if (from.dim_count < 1 || from.dim_count > 2 || diagonal > kFar || diagonal < -kFar) {
      return Refuse(op_plan::kParamInvalid,
                    "self has %u dimensions, diagonal is %lld: want a vector or a matrix, and a "
                    "diagonal of it",
                    from.dim_count, static_cast<long long>(diagonal));
    }
    Shape wanted;
    if (from.dim_count == 2) {
      wanted = opapi::ShapeOf(Diagonal(from, diagonal));
    } else {
      wanted.dim_count = 2;
      wanted.dims[0] = wanted.dims[1] = from.dims[0] + std::abs(diagonal);
    }
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, wanted));
    return phase.Bind([diagonal](const HostLaunch& launch, HostFailure*) {
      const HostTensorView& from = launch.tensors[0];
      const HostTensorView& to = launch.tensors[1];
      if (from.dim_count == 2) {
        opapi::CopyElements(Diagonal(from, diagonal), to);
      } else {
        opapi::FillElements(HostScalarView{ACL_INT64, 0, 0, true}, to);
        opapi::CopyElements(from, Diagonal(to, diagonal));
      }
      return ACL_SUCCESS;
    });
  });
}
ACLNN_SECOND_PHASE(aclnnDiag)
