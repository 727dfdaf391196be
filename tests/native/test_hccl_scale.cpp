// SPDX-License-Identifier: Apache-2.0
// Many ranks on few cores. The bounds are generous: they are there to catch quadratic work.
#include "hccl_ranks.h"

namespace {

void FormAndMeet(uint32_t count, double bound_seconds) {
  const Stopwatch watch;
  std::atomic<uint32_t> passed{0};
  WithThreadRanks(count, SmallConfig(60), [&](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    for (int i = 0; i < 3; ++i) passed += seam.Collective() == ACL_SUCCESS;
  });
  EXPECT_EQ(passed.load(), 3 * count);
  std::printf("%u ranks as threads: %.2f s\n", count, watch.Seconds());
  EXPECT_TRUE(watch.Seconds() < bound_seconds);
}

}  // namespace

TEST(test_64_threads_form_and_meet) { FormAndMeet(64, 20); }

TEST(test_768_threads_form_and_meet) { FormAndMeet(768, 60); }

TEST(test_processes_of_several_threads_form_and_meet) {
  constexpr uint32_t kProcesses = 12;
  constexpr uint32_t kThreads = 16;
  constexpr uint32_t kRanks = kProcesses * kThreads;
  SharedPage* page = SharedPage::Make();
  const Stopwatch watch;
  RankProcesses processes(kProcesses, [&](uint32_t process) {
    const HcclRootInfo* root = page->Root(process);
    OnThreads(kThreads, [&](uint32_t thread) {
      const HcclCommConfig config = SmallConfig(60);
      HcclComm comm = nullptr;
      const uint32_t rank = thread * kProcesses + process;
      EXPECT_EQ(HcclCommInitRootInfoConfig(kRanks, root, rank, &config, &comm), HCCL_SUCCESS);
      if (comm == nullptr) return;
      {
        SeamRank seam(comm, static_cast<int32_t>(thread));
        EXPECT_EQ(seam.info.size, kRanks);
        for (int i = 0; i < 5; ++i) EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
      }
      EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
    });
  });
  processes.Join();
  std::printf("%u ranks in %u processes: %.2f s\n", kRanks, kProcesses, watch.Seconds());
  EXPECT_TRUE(watch.Seconds() < 60);
}

TEST(test_64_processes_form_and_meet) {
  constexpr uint32_t kRanks = 64;
  SharedPage* page = SharedPage::Make();
  const Stopwatch watch;
  RankProcesses processes(kRanks, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig(60);
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(kRanks, page->Root(rank), rank, &config, &comm),
              HCCL_SUCCESS);
    if (comm == nullptr) return;
    {
      SeamRank seam(comm, 0);
      for (int i = 0; i < 5; ++i) EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    }
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
  processes.Join();
  std::printf("%u processes: %.2f s\n", kRanks, watch.Seconds());
  EXPECT_TRUE(watch.Seconds() < 60);
}
