// SPDX-License-Identifier: Apache-2.0
#include "op_api/host_cpu/collective_kernel.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "op_plan/window_layout.h"

namespace op_api {

HostCollectiveSignature MakeSignature(const char* op, const char* names,
                                      std::initializer_list<int64_t> fields) {
  HostCollectiveSignature signature = {};
  signature.op = op;
  signature.names = names;
  signature.field_count = static_cast<uint32_t>(fields.size());
  std::copy(fields.begin(), fields.end(), signature.fields);
  return signature;
}

aclError CollectiveKernel::PublishAndAwaitAll(HostFailure* failure) const {
  HostCollectivePublish(collective);
  for (const uint32_t rank : ranks) {
    const aclError status = HostCollectiveAwait(collective, rank, failure);
    if (status != ACL_SUCCESS) return status;
  }
  return ACL_SUCCESS;
}

namespace {
constexpr uint32_t kSecondRound = 1;
}

void CollectiveKernel::PublishStep() const { HostCollectivePublishStep(collective, kSecondRound); }

aclError CollectiveKernel::AwaitStepOfAll(HostFailure* failure) const {
  aclError first = ACL_SUCCESS;
  HostFailure later;
  for (const uint32_t rank : ranks) {
    const aclError status = HostCollectiveAwaitStep(collective, rank, kSecondRound,
                                                    first == ACL_SUCCESS ? failure : &later);
    if (first == ACL_SUCCESS) first = status;
  }
  return first;
}

void CollectiveKernel::AwaitReaders(const HostFailure* failure) const {
  Fail(failure);
  HostFailure of_others;
  AwaitStepOfAll(&of_others);
}

aclError CollectiveKernel::Fail(const HostFailure* failure) const {
  HostCollectivePublishFailure(collective, failure->text);
  return ACL_ERROR_RT_VECTOR_CORE_EXCEPTION;
}

namespace {

// GetWorkspaceSize has checked this on its caller's device; the stream may be another device's.
op_plan::Verdict CheckAgain(const CollectiveRequest& request, const HostCommInfo& info) {
  OP_PLAN_CHECK(op_plan::CheckGroup(request.parameter, request.group, request.world_size,
                                    request.rank_id, info.size, info.rank));
  return op_plan::CheckWindow(request.parameter, request.needed_bytes, info.window_bytes);
}

}  // namespace

CollectiveTurn::CollectiveTurn(const HostLaunch& launch, CollectiveRequest request,
                               HostFailure* failure)
    : status_(ACL_ERROR_RT_PARAM_INVALID) {
  if (HostCommAcquire(request.group, launch.device, &comm_) != HCCL_SUCCESS) {
    comm_ = nullptr;
    std::snprintf(failure->text, HostFailure::kTextBytes,
                  "%s '%s' is no communicator of device %d any more", request.parameter,
                  request.group, launch.device);
    return;
  }
  HostCommInfo info;
  HostCommGetInfo(comm_, &info);
  if (const op_plan::Verdict refusal = CheckAgain(request, info)) {
    std::snprintf(failure->text, HostFailure::kTextBytes, "%s", refusal->text.c_str());
    return;
  }
  status_ = HostCollectiveBegin(comm_, &request.signature, &kernel_.collective, failure);
  if (status_ != ACL_SUCCESS) return;
  kernel_.comm = info;
  kernel_.ranks = std::move(request.ranks);
  kernel_.epoch = HostCollectiveEpoch(kernel_.collective);
  kernel_.half_offset = op_plan::HalfOffset(info.window_bytes, kernel_.epoch);
  kernel_.half_bytes = op_plan::HalfOffset(info.window_bytes, 1);
  kernel_.status_offset = op_plan::HalfOffset(info.status_bytes, kernel_.epoch);
}

CollectiveTurn::~CollectiveTurn() {
  if (status_ == ACL_SUCCESS) HostCollectiveEnd(kernel_.collective);
  if (comm_ != nullptr) HostCommRelease(comm_);
}

}  // namespace op_api
