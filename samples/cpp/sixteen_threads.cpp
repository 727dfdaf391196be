// SPDX-License-Identifier: Apache-2.0
// One process with 16 devices, a thread for each: 8 expert parallel ranks times a tensor parallel
// pair. Rank and device r is expert parallel rank r / 2 and tensor parallel rank r % 2.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "acl/acl.h"
#include "acl_call.h"
#include "hccl/hccl.h"
#include "moe_layer.h"
#include "plain_layer.h"

constexpr int32_t kEp = 8, kTp = 2, kDevices = kEp * kTp;
constexpr int kLayers = 3;  // one after the other on the same communicators
constexpr LayerSize kSize{/*bs=*/16, /*h=*/2048, /*k=*/4, /*experts=*/8, kEp, kTp};

// What the main thread makes for the thread of a device.
struct Communicators {
  HcclComm ep = nullptr, tp = nullptr;
};

void RunRank(int32_t device, Communicators comms, int64_t* wrong) {
  ACL_CALL(aclrtSetDevice(device));  // the current device is the thread's own
  aclrtStream stream = nullptr;
  ACL_CALL(aclrtCreateStream(&stream));
  char ep_group[COMM_NAME_MAX_LENGTH] = {}, tp_group[COMM_NAME_MAX_LENGTH] = {};
  ACL_CALL(HcclGetCommName(comms.ep, ep_group));
  ACL_CALL(HcclGetCommName(comms.tp, tp_group));

  const Rank rank{device / kTp, device % kTp, ep_group, tp_group};
  for (int layer = 0; layer < kLayers; ++layer) {
    const LayerInput input = MakeInput(kSize, static_cast<uint32_t>(layer * kDevices + device));
    *wrong += CountWrongValues(kSize, input, RunLayer(kSize, rank, input, stream));
  }

  ACL_CALL(HcclCommDestroy(comms.ep));
  ACL_CALL(HcclCommDestroy(comms.tp));
  ACL_CALL(aclrtDestroyStream(stream));
  ACL_CALL(aclrtResetDevice(device));
}

int main() {
  ACL_CALL(aclInit(nullptr));
  uint32_t device_count = 0;
  ACL_CALL(aclrtGetDeviceCount(&device_count));
  if (device_count < kDevices) {
    std::fprintf(stderr, "want %d devices, there are %u\n", kDevices, device_count);
    return EXIT_FAILURE;
  }
  for (int32_t device = 0; device < kDevices; ++device) ACL_CALL(aclrtSetDevice(device));

  std::vector<Communicators> comms(kDevices);
  for (int32_t tp_rank = 0; tp_rank < kTp; ++tp_rank) {  // who has the same part of the experts
    int32_t devices[kEp];
    HcclComm made[kEp] = {};
    for (int32_t ep_rank = 0; ep_rank < kEp; ++ep_rank) devices[ep_rank] = ep_rank * kTp + tp_rank;
    ACL_CALL(HcclCommInitAll(kEp, devices, made));
    for (int32_t ep_rank = 0; ep_rank < kEp; ++ep_rank) comms[devices[ep_rank]].ep = made[ep_rank];
  }
  for (int32_t ep_rank = 0; ep_rank < kEp; ++ep_rank) {  // who has the other part of an expert
    int32_t devices[kTp] = {ep_rank * kTp, ep_rank * kTp + 1};
    HcclComm made[kTp] = {};
    ACL_CALL(HcclCommInitAll(kTp, devices, made));
    for (int32_t tp_rank = 0; tp_rank < kTp; ++tp_rank) comms[devices[tp_rank]].tp = made[tp_rank];
  }

  std::vector<int64_t> wrong(kDevices);
  std::vector<std::thread> threads;
  for (int32_t device = 0; device < kDevices; ++device) {
    threads.emplace_back(RunRank, device, comms[device], &wrong[device]);
  }
  for (std::thread& thread : threads) thread.join();
  for (int32_t device = 0; device < kDevices; ++device) ACL_CALL(aclrtResetDevice(device));
  ACL_CALL(aclFinalize());

  int64_t all_wrong = 0;
  for (int32_t device = 0; device < kDevices; ++device) {
    std::printf("device %2d: %d layers, %lld wrong values\n", device, kLayers,
                static_cast<long long>(wrong[device]));
    all_wrong += wrong[device];
  }
  return all_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
