// SPDX-License-Identifier: Apache-2.0
// One process per rank, each with a device of its own. Usage, with all ranks at the same time:
//   ./rank_processes RANK RANKS FILE
// FILE is where rank 0 leaves the root info for the others; it must not be there yet.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "acl/acl.h"
#include "acl_call.h"
#include "hccl/hccl.h"
#include "moe_layer.h"
#include "plain_layer.h"
#include "root_info_file.h"

constexpr int kLayers = 3;  // one after the other on the same communicator
constexpr std::chrono::seconds kWaitForRankZero{60};

int64_t RunRank(uint32_t rank, const LayerSize& size, HcclComm comm) {
  aclrtStream stream = nullptr;
  ACL_CALL(aclrtCreateStream(&stream));
  char group[COMM_NAME_MAX_LENGTH] = {};
  ACL_CALL(HcclGetCommName(comm, group));
  int64_t wrong = 0;
  for (int layer = 0; layer < kLayers; ++layer) {
    const LayerInput input = MakeInput(size, static_cast<uint32_t>(layer * size.ep_size + rank));
    wrong += CountWrongValues(size, input, RunLayer(size, {rank, 0, group, ""}, input, stream));
  }
  ACL_CALL(aclrtDestroyStream(stream));
  return wrong;
}

int main(int argc, char** argv) {
  const uint32_t rank = argc == 4 ? static_cast<uint32_t>(std::atoi(argv[1])) : 0;
  const uint32_t ranks = argc == 4 ? static_cast<uint32_t>(std::atoi(argv[2])) : 0;
  if (ranks < 2 || rank >= ranks) {
    std::fprintf(stderr, "usage: %s RANK RANKS FILE, with 0 <= RANK < RANKS\n", argv[0]);
    return 2;
  }
  ACL_CALL(aclInit(nullptr));
  ACL_CALL(aclrtSetDevice(static_cast<int32_t>(rank)));

  const RootInfoFile file(argv[3]);
  const HcclRootInfo info = rank == 0 ? file.Publish() : file.Await(kWaitForRankZero);
  HcclComm comm = nullptr;
  ACL_CALL(HcclCommInitRootInfo(ranks, &info, rank, &comm));  // returns when all ranks have come
  if (rank == 0) file.Remove();

  const LayerSize size{/*bs=*/16, /*h=*/2048, /*k=*/4, /*experts=*/2 * ranks, ranks, /*tp=*/1};
  const int64_t wrong = RunRank(rank, size, comm);

  ACL_CALL(HcclCommDestroy(comm));
  ACL_CALL(aclrtResetDevice(static_cast<int32_t>(rank)));
  ACL_CALL(aclFinalize());
  std::printf("rank %u of %u: %d layers, %lld wrong values\n", rank, ranks, kLayers,
              static_cast<long long>(wrong));
  return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
