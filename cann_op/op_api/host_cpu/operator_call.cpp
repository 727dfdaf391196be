// SPDX-License-Identifier: Apache-2.0
#include "op_api/host_cpu/operator_call.h"

#include <algorithm>

#include "host_communicator.h"
#include "op_api/tensor_reader.h"

namespace op_api {

using op_plan::Refuse;
using op_plan::TensorSpec;
using op_plan::Verdict;

Verdict ReadTensor(const aclTensor* tensor, const char* name, TensorSpec* spec) {
  HostTensorView view;
  if (HostTensorRead(tensor, &view) != OK) {
    return Refuse(op_plan::kParamInvalid, "%s is not a living aclTensor", name);
  }
  *spec = {};
  spec->name = name;
  spec->present = view.present;
  if (!view.present) return {};
  spec->dtype = DTypeOf(view.dtype);
  spec->plain_format = IsPlain(view.format);
  spec->dim_count = view.dim_count;
  std::copy_n(view.dims, view.dim_count, spec->dims);
  std::copy_n(view.strides, view.dim_count, spec->strides);
  return {};
}

namespace {

Verdict FindComm(const char* parameter, const char* name, HostCommInfo* info) {
  int32_t device = 0;
  if (HostCurrentDevice(&device) != ACL_SUCCESS) {
    return Refuse(op_plan::kTilingError, "no device is set: call aclrtSetDevice first");
  }
  HostComm* comm = nullptr;
  if (HostCommAcquire(name, device, &comm) != HCCL_SUCCESS) {
    const char* reason = aclGetRecentErrMsg();
    return Refuse(op_plan::kTilingError, "%s: %s", parameter,
                  reason == nullptr ? "no such communicator" : reason);
  }
  HostCommGetInfo(comm, info);
  HostCommRelease(comm);
  return {};
}

}  // namespace

Verdict FindGroupOf(const op_plan::ExpertParallelAttributes& attributes,
                    const op_plan::ExpertParallel& ep, Group* group) {
  HostCommInfo info;
  OP_PLAN_CHECK(FindComm("group_ep", attributes.group_ep, &info));
  *group = {info.local_size};
  OP_PLAN_CHECK(op_plan::CheckGroup("group_ep", attributes.group_ep, ep.ep_world_size,
                                    ep.ep_rank_id, info.size, info.rank));
  return op_plan::CheckBufferSize(ep, info.window_bytes);
}

Verdict FindPairOf(const op_plan::ExpertParallelAttributes& attributes) {
  HostCommInfo info;
  OP_PLAN_CHECK(FindComm("group_tp", attributes.group_tp, &info));
  return op_plan::CheckGroup("group_tp", attributes.group_tp, attributes.tp_world_size,
                             attributes.tp_rank_id, info.size, info.rank);
}

uint32_t CoresPerRank(uint32_t local_ranks) {
  return std::max(1u, HostCoreCount() / std::max(1u, local_ranks));
}

Verdict MakeExecutor(const char* op_name, HostKernel kernel, const aclTensor* const* tensors,
                     uint32_t inputs, uint32_t outputs, const void* params, size_t params_bytes,
                     uint64_t workspace_bytes, aclOpExecutor** executor) {
  const aclnnStatus status = HostExecutorCreate(op_name, kernel, tensors, inputs, outputs, params,
                                                params_bytes, workspace_bytes, executor);
  if (status == OK) return {};
  const char* reason = aclGetRecentErrMsg();
  return Refuse(static_cast<op_plan::Status>(status), "%s",
                reason == nullptr ? "the executor could not be made" : reason);
}

void SetErrorText(const char* op_name, const char* text) {
  HostSetErrorText("%s: %s", op_name, text);
}

}  // namespace op_api
