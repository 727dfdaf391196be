// SPDX-License-Identifier: Apache-2.0
#include "engine/reduce.h"

#include <cstdlib>

namespace opapi {

namespace {

// Rows of one segment: enough elements that joining segments costs nothing.
constexpr int64_t kSegmentElements = 64 * kRowElements;

void Append(int64_t dim, const int64_t* strides, ReduceDims* dims) {
  if (dim == 1) return;
  if (dims->count > 0) {
    const uint32_t last = dims->count - 1;
    bool merges = true;
    for (size_t v = 0; v < ReduceDims::kViews; ++v) {
      merges = merges && dims->strides[last][v] == strides[v] * dim;
    }
    if (merges) {
      dims->dims[last] *= dim;
      std::copy_n(strides, ReduceDims::kViews, dims->strides[last]);
      return;
    }
  }
  dims->dims[dims->count] = dim;
  std::copy_n(strides, ReduceDims::kViews, dims->strides[dims->count]);
  ++dims->count;
}

}  // namespace

int64_t ReduceDims::size() const {
  int64_t elements = 1;
  for (uint32_t d = 0; d < count; ++d) elements *= dims[d];
  return elements;
}

int64_t ReduceDims::OffsetOf(int64_t index, size_t view) const {
  int64_t offset = 0;
  for (uint32_t d = count; d-- > 0;) {
    offset += index % dims[d] * strides[d][view];
    index /= dims[d];
  }
  return offset;
}

ReduceWalk MakeReduceWalk(const HostTensorView& self, const HostTensorView* const* outputs,
                          size_t output_count, Axes axes) {
  ReduceWalk walk;
  walk.data[0] = FirstElement(self);
  walk.dtypes[0] = self.dtype;
  for (size_t v = 0; v < output_count; ++v) {
    walk.data[v + 1] = FirstElement(*outputs[v]);
    walk.dtypes[v + 1] = outputs[v]->dtype;
  }
  const bool keep = output_count > 0 && outputs[0]->dim_count == self.dim_count;
  uint32_t out_dim = 0;
  for (uint32_t d = 0; d < self.dim_count; ++d) {
    const bool gone = (axes >> d & 1) != 0;
    int64_t strides[ReduceDims::kViews] = {self.strides[d] * ElementBytes(self)};
    if (!gone) {
      for (size_t v = 0; v < output_count; ++v) {
        strides[v + 1] = outputs[v]->strides[out_dim] * ElementBytes(*outputs[v]);
      }
    }
    Append(self.dims[d], strides, gone ? &walk.reduced : &walk.kept);
    if (!gone || keep) ++out_dim;
  }
  walk.outputs = walk.kept.size();
  walk.count = walk.reduced.size();
  const bool side_by_side = walk.kept.inner() > 1 && std::abs(walk.kept.inner_stride(0)) <
                                                         std::abs(walk.reduced.inner_stride(0));
  walk.across = side_by_side || (walk.count == 1 && walk.kept.inner() > 1);
  walk.block = walk.across ? std::min(kReduceBlock, walk.kept.inner()) : 1;
  walk.rows_per_line = (walk.reduced.inner() + kRowElements - 1) / kRowElements;
  walk.rows = walk.count == 0 ? 0 : walk.count / walk.reduced.inner() * walk.rows_per_line;
  // Across, a row is one element of each output.
  const int64_t rows = walk.across ? walk.count : walk.rows;
  const int64_t elements_per_row =
      walk.across ? walk.block : std::max<int64_t>(1, walk.count / std::max<int64_t>(1, rows));
  walk.segment_rows = std::max<int64_t>(1, kSegmentElements / elements_per_row);
  walk.segments = std::max<int64_t>(1, (rows + walk.segment_rows - 1) / walk.segment_rows);
  return walk;
}

Verdict CheckReduction(const FirstPhase& phase, Axes axes, bool keep) {
  OP_PLAN_CHECK(CheckNumbers(phase, 0, Numbers::kReal));
  const Shape wanted = Reduced(ShapeOf(phase.tensor(0)), axes, keep);
  for (size_t i = 1; i < phase.tensor_count(); ++i) {
    OP_PLAN_CHECK(CheckNumbers(phase, i, Numbers::kReal));
    OP_PLAN_CHECK(CheckShape(phase, i, wanted));
  }
  return {};
}

}  // namespace opapi
