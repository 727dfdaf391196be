// SPDX-License-Identifier: Apache-2.0
// Ranks that come late, never, leave or die: the others are told whom they miss.
#include "hccl_ranks.h"

TEST(test_a_rank_that_does_not_come_is_named_after_the_timeout) {
  WithThreadRanks(2, SmallConfig(1), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    if (rank == 0) {
      const Stopwatch watch;
      EXPECT_EQ(seam.Collective(), ACL_ERROR_RT_VECTOR_CORE_TIMEOUT);
      EXPECT_TRUE(watch.Seconds() > 0.9 && watch.Seconds() < 4);
      EXPECT_TEXT_HAS(seam.failure.text, "rank 1 (pid " + std::to_string(getpid()) +
                                             ") did not arrive within 1 s; it is in collective 1, "
                                             "this rank in 2");
      HcclResult async = HCCL_SUCCESS;
      EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
      EXPECT_EQ(async, HCCL_E_TIMEOUT);
    } else {
      // Too late: it hears why the others have given up, and is in step again.
      SleepMs(1500);
      EXPECT_EQ(seam.Collective(), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
      EXPECT_TEXT_HAS(seam.failure.text, "rank 0 failed: rank 1 (pid");
    }
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  });
}

TEST(test_nobody_gets_more_than_one_collective_ahead) {
  WithThreadRanks(2, SmallConfig(1), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    if (rank == 1) SleepMs(3600);
    // Rank 0 gives up collectives 2, 3 and 4, the last one before it begins; each counts on both.
    for (int call = 2; call <= 4; ++call) {
      EXPECT_NE(seam.Collective(), ACL_SUCCESS);
      if (rank == 0 && call == 4) {
        EXPECT_TEXT_HAS(seam.failure.text, "rank 1 (pid");
        EXPECT_TEXT_HAS(seam.failure.text, "has not finished collective 2");
      }
    }
    if (rank == 0) SleepMs(1000);
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  });
}

TEST(test_a_rank_that_has_left_is_named) {
  std::atomic<bool> left{false};
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  OnThreads(2, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig();
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, rank, &config, &comm), HCCL_SUCCESS);
    if (rank == 0) {
      SeamRank seam(comm, 0);
      EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
      const Stopwatch watch;
      EXPECT_EQ(seam.Collective(), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
      EXPECT_TEXT_HAS(seam.failure.text, "rank 1 (pid");
      EXPECT_TEXT_HAS(seam.failure.text, "has left the communicator");
      EXPECT_TRUE(watch.Seconds() < 5);
    } else {
      SeamRank seam(comm, 1);
      EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
      SleepMs(50);
      EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
      EXPECT_EQ(seam.Collective(), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
      EXPECT_TEXT_HAS(seam.failure.text, "has destroyed");
      return;
    }
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
}

TEST(test_a_killed_rank_is_noticed_and_named_within_a_second) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(3, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig(60);
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(3, page->Root(rank), rank, &config, &comm), HCCL_SUCCESS);
    {
      SeamRank seam(comm, 0);
      EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
      page->notes[rank] = 1;
      if (rank == 2) {
        SleepMs(60000);
        return;
      }
      EXPECT_EQ(seam.Collective(), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
      page->notes[10 + rank] = std::chrono::steady_clock::now().time_since_epoch().count();
      EXPECT_TEXT_HAS(seam.failure.text,
                      "rank 2 (pid " + std::to_string(page->notes[20]) + ") is dead");
      HcclResult async = HCCL_SUCCESS;
      EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
      EXPECT_EQ(async, HCCL_E_REMOTE);
    }
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
  page->notes[20] = ranks.pid(2);
  EXPECT_TRUE(page->AwaitNote(2, 1));
  SleepMs(200);
  const int64_t killed = std::chrono::steady_clock::now().time_since_epoch().count();
  ranks.Kill(2);
  ranks.Join();
  for (int rank = 0; rank < 2; ++rank) {
    const double seconds = static_cast<double>(page->notes[10 + rank] - killed) / 1e9;
    EXPECT_TRUE(seconds >= 0 && seconds < 1);
  }
}

TEST(test_a_rank_killed_while_the_others_gather_is_named) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(3, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig();
    const HcclRootInfo* root = page->Root(rank);
    HcclComm comm = nullptr;
    if (rank == 2) SleepMs(60000);  // never comes
    page->notes[rank] = 1;
    const Stopwatch watch;
    EXPECT_EQ(HcclCommInitRootInfoConfig(3, root, rank, &config, &comm), HCCL_E_REMOTE);
    EXPECT_TRUE(watch.Seconds() < 10);
    EXPECT_TEXT_HAS(RecentText(),
                    "rank 1 (pid " + std::to_string(page->notes[20]) + ") died before");
  });
  page->notes[20] = ranks.pid(1);
  EXPECT_TRUE(page->AwaitNote(1, 1));
  SleepMs(300);
  ranks.Kill(1);
  SleepMs(600);
  ranks.Kill(2);
  ranks.Join();
}

TEST(test_death_of_the_root_while_the_others_gather_is_named) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(3, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig();
    const HcclRootInfo* root = page->Root(rank);
    HcclComm comm = nullptr;
    page->notes[rank] = 1;
    if (rank == 0) SleepMs(60000);
    EXPECT_EQ(HcclCommInitRootInfoConfig(4, root, rank, &config, &comm), HCCL_E_REMOTE);
    EXPECT_TEXT_HAS(RecentText(), "which made the root info, died");
  });
  EXPECT_TRUE(page->AwaitNote(1, 1));
  EXPECT_TRUE(page->AwaitNote(2, 1));
  SleepMs(300);
  ranks.Kill(0);
  ranks.Join();
}

TEST(test_who_asks_for_the_last_error_gets_its_text_on_any_thread) {
  WithThreadRanks(2, SmallConfig(1), [](uint32_t rank, HcclComm comm) {
    if (rank == 1) return SleepMs(1500);
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    const auto expect_error = [&](HcclResult wanted, const std::string& part) {
      std::thread watchdog([&] {
        HcclResult async = HCCL_E_RESERVED;
        EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
        EXPECT_EQ(async, wanted);
        EXPECT_TEXT_HAS(RecentText(), part);
      });
      watchdog.join();
    };
    expect_error(HCCL_SUCCESS, "");
    EXPECT_EQ(HcclBarrier(comm, stream), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    expect_error(HCCL_E_TIMEOUT, "HcclBarrier on group");
    expect_error(HCCL_E_TIMEOUT, "did not arrive within 1 s");
    // A message too.
    aclrtStream fresh = nullptr;
    EXPECT_EQ(aclrtCreateStream(&fresh), ACL_SUCCESS);
    int32_t* data = nullptr;
    EXPECT_EQ(aclrtMalloc(reinterpret_cast<void**>(&data), 16, ACL_MEM_MALLOC_HUGE_FIRST),
              ACL_SUCCESS);
    EXPECT_EQ(HcclRecv(data, 4, HCCL_DATA_TYPE_INT32, 1, comm, fresh), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(fresh), ACL_SUCCESS);
    expect_error(HCCL_E_REMOTE, "HcclRecv on group");
    EXPECT_EQ(aclrtFree(data), ACL_SUCCESS);
    EXPECT_EQ(aclrtDestroyStream(fresh), ACL_SUCCESS);
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  });
}

TEST(test_an_idle_rank_hears_nothing_of_one_that_has_ended) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(2, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig(60);
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(2, page->Root(rank), rank, &config, &comm), HCCL_SUCCESS);
    if (rank == 1) return;  // without destroying it
    SleepMs(500);
    HcclResult async = HCCL_E_RESERVED;
    EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
    EXPECT_EQ(async, HCCL_SUCCESS);
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
  ranks.Join();
}

TEST(test_destroying_a_communicator_ends_a_collective_that_nobody_else_joins) {
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  OnThreads(2, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig(300);
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, rank, &config, &comm), HCCL_SUCCESS);
    if (rank == 1) {
      SleepMs(6000);
      EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
      return;
    }
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    EXPECT_EQ(HcclBarrier(comm, stream), HCCL_SUCCESS);
    SleepMs(100);
    const Stopwatch watch;
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
    EXPECT_TRUE(watch.Seconds() > 4 && watch.Seconds() < 7);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "destroyed the communicator while it waited for rank 1 (pid");
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  });
}
