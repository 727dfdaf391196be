// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "aclnnop/aclnn_tril.h"
#include "aclnnop/aclnn_triu.h"
#include "engine/copying.h"
#include "engine/lines.h"

namespace {

using opapi::FirstPhase;
using opapi::Line;
using opapi::Phase;
using opapi::Refuse;
using opapi::Verdict;

// Row i keeps the columns up to i + diagonal (lower), or from there on.
void KeepTriangle(const HostLaunch& launch, int64_t diagonal, bool lower) {
  const HostTensorView& self = launch.tensors[0];
  const HostTensorView& out = launch.tensors[1];
  const uint32_t axis = self.dim_count - 1;
  const int64_t rows = self.dims[axis - 1];
  const int64_t columns = self.dims[axis];
  const int64_t bytes = opapi::ElementBytes(self);
  opapi::ForEachLine(opapi::Lines({&self, &out}, axis), columns, [&] {
    return [&](const Line& line) {
      const int64_t row = line.number % rows;
      // Beyond either end all columns are on one side; no sum overflows.
      const int64_t edge = diagonal >= columns ? columns
                           : diagonal <= -rows
                               ? 0
                               : std::clamp<int64_t>(row + diagonal + (lower ? 1 : 0), 0, columns);
      for (int64_t i = 0; i < columns; ++i) {
        uint8_t* const to = line.data[1] + i * line.strides[1];
        if ((i < edge) == lower) {
          std::memmove(to, line.data[0] + i * line.strides[0], static_cast<size_t>(bytes));
        } else {
          std::memset(to, 0, static_cast<size_t>(bytes));
        }
      }
    };
  });
}

aclnnStatus Triangle(const Phase& call, const char* self_name, const aclTensor* self,
                     int64_t diagonal, const char* out_name, const aclTensor* out, bool lower) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input(self_name, self));
    OP_PLAN_CHECK(phase.Output(out_name, out));
    OP_PLAN_CHECK(opapi::CheckSameDType(phase, 0, 1));
    OP_PLAN_CHECK(opapi::CheckWholeBytes(phase, 0));
    OP_PLAN_CHECK(opapi::CheckShape(phase, 1, opapi::ShapeOf(phase.tensor(0))));
    if (phase.tensor(0).dim_count < 2) {
      return Refuse(op_plan::kParamInvalid, "%s has %u dimensions: want 2 or more", self_name,
                    phase.tensor(0).dim_count);
    }
    return phase.Bind([diagonal, lower](const HostLaunch& launch, HostFailure*) {
      KeepTriangle(launch, diagonal, lower);
      return ACL_SUCCESS;
    });
  });
}

}  // namespace

aclnnStatus aclnnTrilGetWorkspaceSize(const aclTensor* self, int64_t diagonal, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Triangle({"aclnnTril", workspaceSize, executor}, "self", self, diagonal, "out", out, true);
}
ACLNN_SECOND_PHASE(aclnnTril)

aclnnStatus aclnnInplaceTrilGetWorkspaceSize(aclTensor* selfRef, int64_t diagonal,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Triangle({"aclnnInplaceTril", workspaceSize, executor}, "selfRef", selfRef, diagonal,
                  "selfRef", selfRef, true);
}
ACLNN_SECOND_PHASE(aclnnInplaceTril)

aclnnStatus aclnnTriuGetWorkspaceSize(const aclTensor* self, int64_t diagonal, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Triangle({"aclnnTriu", workspaceSize, executor}, "self", self, diagonal, "out", out,
                  false);
}
ACLNN_SECOND_PHASE(aclnnTriu)

aclnnStatus aclnnInplaceTriuGetWorkspaceSize(aclTensor* selfRef, int64_t diagonal,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Triangle({"aclnnInplaceTriu", workspaceSize, executor}, "selfRef", selfRef, diagonal,
                  "selfRef", selfRef, false);
}
ACLNN_SECOND_PHASE(aclnnInplaceTriu)
