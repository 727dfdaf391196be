// SPDX-License-Identifier: Apache-2.0
// Two ranks send their tokens to the experts of both, and get them back combined and normalised.
// Each rank is a thread with a device of its own.
#include <cstdint>
#include <cstdio>
#include <thread>

#include "acl/acl.h"
#include "acl_call.h"
#include "aclnnop/aclnn_moe_distribute_combine_add_rms_norm.h"
#include "aclnnop/aclnn_moe_distribute_dispatch_v2.h"
#include "device_tensor.h"
#include "hccl/hccl.h"
#include "second_phase.h"

constexpr int64_t kRanks = 2, kBs = 4, kH = 1024, kK = 2, kExperts = 4;
constexpr int64_t kLocalExperts = kExperts / kRanks;
constexpr int64_t kRows = kRanks * kBs * kK;      // as many as a rank can receive
constexpr uint16_t kOne = 0x3f80, kTwo = 0x4000;  // the bits of 1 and 2 in bfloat16

void Layer(int32_t rank, const char* group, aclrtStream stream) {
  const uint16_t token = rank == 0 ? kOne : kTwo;
  DeviceTensor<uint16_t> x(ACL_BF16, {kBs, kH}, token);
  DeviceTensor<int32_t> expert_ids(ACL_INT32, {kBs, kK}, {0, 1, 1, 2, 2, 3, 3, 0});

  DeviceTensor<uint16_t> rows(ACL_BF16, {kRows, kH});
  DeviceTensor<float> dynamic_scales(ACL_FLOAT, {kRows}), expand_scales(ACL_FLOAT, {kRows});
  DeviceTensor<int32_t> assist_info(ACL_INT32, {kRows * 128});
  DeviceTensor<int64_t> expert_token_nums(ACL_INT64, {kLocalExperts});
  DeviceTensor<int32_t> ep_counts(ACL_INT32, {kRanks * kLocalExperts}), tp_counts(ACL_INT32, {1});
  Prepared dispatch;
  ACL_CALL(aclnnMoeDistributeDispatchV2GetWorkspaceSize(
      x.acl(), expert_ids.acl(), nullptr, nullptr, nullptr, group, kRanks, rank, kExperts,
      /*groupTp=*/"", /*tpWorldSize=*/0, 0, 0, 0, 0, /*quantMode=*/0, /*globalBs=*/kRanks * kBs, 1,
      nullptr, rows.acl(), dynamic_scales.acl(), assist_info.acl(), expert_token_nums.acl(),
      ep_counts.acl(), tp_counts.acl(), expand_scales.acl(), &dispatch.workspace_bytes,
      &dispatch.executor));
  RunAndWait(aclnnMoeDistributeDispatchV2, dispatch, stream);

  // Here experts work on `rows`, in place; these leave them as they are.

  DeviceTensor<float> expert_scales(ACL_FLOAT, {kBs, kK}, 0.5f), rstd(ACL_FLOAT, {kBs, 1, 1});
  DeviceTensor<uint16_t> residual_x(ACL_BF16, {kBs, 1, kH}), gamma(ACL_BF16, {kH}, kOne);
  DeviceTensor<uint16_t> sum(ACL_BF16, {kBs, 1, kH}), y(ACL_BF16, {kBs, 1, kH});
  Prepared combine;
  ACL_CALL(aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize(
      rows.acl(), expert_ids.acl(), assist_info.acl(), ep_counts.acl(), expert_scales.acl(),
      residual_x.acl(), gamma.acl(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
      group, kRanks, rank, kExperts, /*groupTp=*/"", /*tpWorldSize=*/0, 0, 0, 0, 0,
      /*globalBs=*/kRanks * kBs, 0, /*commQuantMode=*/0, 0, nullptr, /*normEps=*/1e-6f, y.acl(),
      rstd.acl(), sum.acl(), &combine.workspace_bytes, &combine.executor));
  RunAndWait(aclnnMoeDistributeCombineAddRmsNorm, combine, stream);

  // 0.5 * token + 0.5 * token is the token; divided by its size it is 1.
  const bool right = sum.Read() == std::vector<uint16_t>(kBs * kH, token) &&
                     y.Read() == std::vector<uint16_t>(kBs * kH, kOne);
  std::printf("rank %d: rstd %.4f, values are %s\n", rank, rstd.Read()[0], right ? "right" : "WRONG");
  if (!right) std::_Exit(EXIT_FAILURE);
}

void Rank(int32_t rank, HcclComm comm) {
  ACL_CALL(aclrtSetDevice(rank));
  aclrtStream stream = nullptr;
  ACL_CALL(aclrtCreateStream(&stream));
  char group[COMM_NAME_MAX_LENGTH] = {};
  ACL_CALL(HcclGetCommName(comm, group));
  Layer(rank, group, stream);
  ACL_CALL(HcclCommDestroy(comm));
  ACL_CALL(aclrtDestroyStream(stream));
  ACL_CALL(aclrtResetDevice(rank));
}

int main() {
  ACL_CALL(aclInit(nullptr));
  int32_t devices[kRanks] = {0, 1};
  for (int32_t device : devices) ACL_CALL(aclrtSetDevice(device));
  HcclComm comms[kRanks] = {};
  ACL_CALL(HcclCommInitAll(kRanks, devices, comms));
  std::thread other(Rank, 1, comms[1]);
  Rank(0, comms[0]);
  other.join();
  for (int32_t device : devices) ACL_CALL(aclrtResetDevice(device));
  ACL_CALL(aclFinalize());
}
