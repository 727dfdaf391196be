// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "aclnnop/aclnn_gather.h"
#include "engine/copying.h"
#include "engine/places.h"

namespace {

using opapi::FirstPhase;
using opapi::Negative;
using opapi::Refuse;
using opapi::Row;
using opapi::Verdict;

// Remembers the lowest element that is out of range, so that the message does not depend on cores.
class FirstWrong {
 public:
  void Note(int64_t element) {
    int64_t before = element_.load(std::memory_order_relaxed);
    while (element < before && !element_.compare_exchange_weak(before, element)) {
    }
  }
  int64_t element() const { return element_.load(); }
  bool any() const { return element() != INT64_MAX; }

 private:
  std::atomic<int64_t> element_{INT64_MAX};
};

aclError GatherElements(const HostLaunch& launch, uint32_t axis, HostFailure* failure) {
  const HostTensorView& self = launch.tensors[0];
  const HostTensorView& index = launch.tensors[1];
  const HostTensorView& out = launch.tensors[2];
  const bool scalar = self.dim_count == 0;
  const int64_t size = scalar ? 1 : self.dims[axis];
  const int64_t bytes = opapi::ElementBytes(self);
  const int64_t step = scalar ? 0 : self.strides[axis] * bytes;
  // self as it lies under each element of index, at 0 along the axis.
  HostTensorView under = self;
  for (uint32_t d = 0; d < self.dim_count; ++d) under.dims[d] = index.dims[d];
  if (!scalar) under.strides[axis] = 0;
  const HostTensorView* const views[] = {&index, &under, &out};
  FirstWrong wrong;
  opapi::ForEachRow(opapi::ShapeOf(index), views, [&](const Row& row) {
    int64_t places[opapi::kRowElements];
    opapi::Load(row.data[0], index.dtype, row.strides[0], row.count, places);
    for (int64_t i = 0; i < row.count; ++i) {
      if (places[i] < 0 || places[i] >= size) {
        wrong.Note(row.first + i);
        return;
      }
      opapi::CopyElement(row.data[1] + i * row.strides[1] + places[i] * step, bytes,
                         row.data[2] + i * row.strides[2]);
    }
  });
  if (!wrong.any()) return ACL_SUCCESS;
  const int64_t value = opapi::IndexValues(index)[static_cast<size_t>(wrong.element())];
  const std::string what = "dimension " + std::to_string(axis);
  return opapi::IndexFails({"index", "self"}, value, wrong.element(), size, what.c_str(),
                           Negative::kRefused, failure);
}

}  // namespace

aclnnStatus aclnnGatherGetWorkspaceSize(const aclTensor* self, const int64_t dim,
                                        const aclTensor* index, aclTensor* out,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnGather", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("index", index));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 2));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, 1));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 2, opapi::ShapeOf(phase.tensor(1))));
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, &axis));
    OP_PLAN_CHECK(opapi::CheckInside(phase, 1, 0, axis));
    return phase.Bind([axis](const HostLaunch& launch, HostFailure* failure) -> aclError {
      return GatherElements(launch, axis, failure);
    });
  });
}
ACLNN_SECOND_PHASE(aclnnGather)
