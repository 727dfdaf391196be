// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "aclnnop/aclnn_logsoftmax.h"
#include "aclnnop/aclnn_softmax.h"
#include "engine/elementwise.h"
#include "engine/lines.h"

namespace {

using opapi::FirstPhase;
using opapi::Line;
using opapi::Numbers;
using opapi::Phase;
using opapi::Verdict;

template <typename T>
T LargestOf(const std::vector<T>& values) {
  T largest = -std::numeric_limits<T>::infinity();
  for (const T value : values) largest = value > largest ? value : largest;
  return largest;
}

// NaN spreads over the whole line by itself: the sum has it.
template <typename T>
void Normalise(bool log, std::vector<T>* values) {
  const T largest = LargestOf(*values);
  double sum = 0;
  if (log) {
    for (const T value : *values) sum += std::exp(value - largest);
    const auto rest = static_cast<T>(std::log(sum));
    for (T& value : *values) value = value - largest - rest;
    return;
  }
  for (T& value : *values) {
    value = std::exp(value - largest);
    sum += value;
  }
  const auto factor = static_cast<T>(1 / sum);
  for (T& value : *values) value *= factor;
}

template <typename T>
void NormaliseLines(const HostLaunch& launch, uint32_t axis, bool log) {
  const HostTensorView& self = launch.tensors[0];
  const HostTensorView& out = launch.tensors[1];
  const int64_t length = opapi::LengthOf(self, axis);
  opapi::ForEachLine(opapi::Lines({&self, &out}, axis), length * 4, [&] {
    return [&, values = std::vector<T>(static_cast<size_t>(length))](const Line& line) mutable {
      opapi::Load(line.data[0], self.dtype, line.strides[0], length, values.data());
      Normalise(log, &values);
      opapi::Store(values.data(), length, out.dtype, line.strides[1], line.data[1]);
    };
  });
}

aclnnStatus Softmax(const Phase& call, const aclTensor* self, int64_t dim, bool log,
                    aclTensor* out) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, 0, Numbers::kReal));
    OP_PLAN_CHECK(opapi::CheckFloating(phase, 1));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
    uint32_t axis = 0;
    OP_PLAN_CHECK(opapi::ReadAxis("dim", dim, phase.tensor(0).dim_count, &axis));
    return phase.Bind([axis, log](const HostLaunch& launch, HostFailure*) {
      const aclDataType dtypes[] = {launch.tensors[0].dtype, launch.tensors[1].dtype};
      if (opapi::ComputeOf(dtypes, 2, Numbers::kFloating) == opapi::Compute::kDouble) {
        NormaliseLines<double>(launch, axis, log);
      } else {
        NormaliseLines<float>(launch, axis, log);
      }
      return ACL_SUCCESS;
    });
  });
}

}  // namespace

aclnnStatus aclnnSoftmaxGetWorkspaceSize(const aclTensor* self, int64_t dim, aclTensor* out,
                                         uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Softmax({"aclnnSoftmax", workspaceSize, executor}, self, dim, false, out);
}
ACLNN_SECOND_PHASE(aclnnSoftmax)

aclnnStatus aclnnLogSoftmaxGetWorkspaceSize(const aclTensor* self, int64_t dim, aclTensor* out,
                                            uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Softmax({"aclnnLogSoftmax", workspaceSize, executor}, self, dim, true, out);
}
ACLNN_SECOND_PHASE(aclnnLogSoftmax)
