// SPDX-License-Identifier: Apache-2.0
// One process with a device per thread, in the order in which CANN's examples make and end things.
#include <thread>
#include <vector>

#include "check.h"
#include "moe_ranks.h"

namespace {

float WantedSum(const MoeRank& r, int64_t token, int64_t j) {
  float sum = 0;
  for (int64_t k = 0; k < r.size.k; ++k) {
    sum += r.Scale(r.rank, token, k) * r.X(r.rank, token, j);
  }
  return FromBf16(ToBf16(sum + 0.5f));
}

void RunAndEnd(MoeRank r, aclrtContext context) {
  EXPECT_EQ(aclrtSetCurrentContext(context), ACL_SUCCESS);
  char name[128] = {};
  EXPECT_EQ(HcclGetCommName(r.comm, name), HCCL_SUCCESS);
  r.group = name;
  {
    const MoeTensors tensors(r);
    EXPECT_EQ(Dispatch(r, tensors), ACL_SUCCESS);
    EXPECT_EQ(Combine(r, tensors), ACL_SUCCESS);
    EXPECT_EQ(FromBf16(tensors.x_out->Read()[r.size.h + 3]), WantedSum(r, 1, 3));
  }
  EXPECT_EQ(HcclCommDestroy(r.comm), HCCL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(r.stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyContext(context), ACL_SUCCESS);
  EXPECT_EQ(aclrtResetDevice(static_cast<int32_t>(r.rank)), ACL_SUCCESS);
}

}  // namespace

TEST(ranks_work_in_contexts_that_another_thread_made_and_end_them) {
  const MoeSize size;
  EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
  std::vector<aclrtContext> contexts(size.ep);
  std::vector<MoeRank> ranks(size.ep);
  std::vector<int32_t> devices;
  for (int32_t device = 0; device < size.ep; ++device) {
    EXPECT_EQ(aclrtSetDevice(device), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateContext(&contexts[device], device), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateStream(&ranks[device].stream), ACL_SUCCESS);
    ranks[device].rank = device;
    devices.push_back(device);
  }
  std::vector<HcclComm> comms(size.ep);
  EXPECT_EQ(HcclCommInitAll(static_cast<uint32_t>(size.ep), devices.data(), comms.data()),
            HCCL_SUCCESS);
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < size.ep; ++rank) {
    ranks[rank].comm = comms[rank];
    threads.emplace_back(RunAndEnd, ranks[rank], contexts[rank]);
  }
  for (auto& thread : threads) thread.join();
  aclrtContext left = nullptr;
  EXPECT_EQ(aclrtGetCurrentContext(&left), ACL_ERROR_RT_CONTEXT_NULL);
  EXPECT_EQ(aclFinalize(), ACL_SUCCESS);
}
