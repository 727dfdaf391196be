// SPDX-License-Identifier: Apache-2.0
// The seam that kernels use: epochs, publishing, awaiting, and what happens when a rank does not
// come.
#include <random>

#include "../../host_device/hccl/epoch.h"
#include "hccl_ranks.h"

namespace {

// The first four bytes of a rank's half of its window.
uint32_t* HalfOf(const HostCollective* collective, uint32_t rank, uint64_t window_bytes) {
  uint8_t* window = HostCollectiveWindow(collective, rank);
  return reinterpret_cast<uint32_t*>(window +
                                     (HostCollectiveEpoch(collective) & 1) * window_bytes / 2);
}

// Random waits in thousands of collectives, each checking everybody's data in the half: a rank that
// came round too early would overwrite what another still reads.
void Stress(uint32_t rank, HcclComm comm, int32_t device, uint32_t rounds) {
  SeamRank seam(comm, device);
  std::mt19937 random(rank + 1);
  constexpr uint32_t kWords = 64;
  const auto maybe_pause = [&] {
    const uint32_t dice = random() % 64;
    if (dice == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    if (dice < 8) std::this_thread::yield();
  };
  uint32_t wrong = 0;
  for (uint32_t round = 1; round <= rounds; ++round) {
    HostCollective* collective = nullptr;
    if (seam.Begin("Stress", 1, &collective) != ACL_SUCCESS) {
      check::Report(__FILE__, __LINE__, seam.failure.text);
      return;
    }
    if (HostCollectiveEpoch(collective) != round) ++wrong;
    // Written by its neighbour, as dispatch does.
    const uint32_t next = (rank + 1) % seam.info.size;
    uint32_t* target = HalfOf(collective, next, seam.info.window_bytes);
    for (uint32_t i = 0; i < kWords; ++i) target[i] = round * 1000 + next;
    maybe_pause();
    HostCollectivePublish(collective);
    maybe_pause();
    for (uint32_t peer = 0; peer < seam.info.size; ++peer) {
      if (HostCollectiveAwait(collective, peer, &seam.failure) != ACL_SUCCESS) {
        check::Report(__FILE__, __LINE__, seam.failure.text);
        HostCollectiveEnd(collective);
        return;
      }
    }
    for (uint32_t peer = 0; peer < seam.info.size; ++peer) {
      maybe_pause();
      const uint32_t* data = HalfOf(collective, peer, seam.info.window_bytes);
      for (uint32_t i = 0; i < kWords; ++i) wrong += data[i] != round * 1000 + peer;
    }
    HostCollectiveEnd(collective);
  }
  EXPECT_EQ(wrong, 0u);
}

}  // namespace

TEST(test_epochs_never_are_zero_and_keep_taking_turns) {
  using host_hccl::EpochReached;
  using host_hccl::NextEpoch;
  uint32_t epoch = UINT32_MAX - 5;
  for (int i = 0; i < 12; ++i) {
    const uint32_t next = NextEpoch(epoch);
    EXPECT_NE(next, 0u);
    EXPECT_NE(next & 1, epoch & 1);
    EXPECT_TRUE(EpochReached(next, epoch));
    EXPECT_FALSE(EpochReached(epoch, next));
    EXPECT_TRUE(EpochReached(host_hccl::StepWord(next, 0), host_hccl::StepWord(epoch, 9)));
    EXPECT_FALSE(EpochReached(host_hccl::StepWord(epoch, 9), host_hccl::StepWord(next, 1)));
    epoch = next;
  }
  EXPECT_EQ(NextEpoch(0), 1u);
  EXPECT_EQ(NextEpoch(UINT32_MAX), 2u);
}

TEST(test_what_is_written_before_publish_is_read_after_await) {
  WithThreadRanks(3, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    for (uint32_t round = 1; round <= 3; ++round) {
      HostCollective* collective = nullptr;
      EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
      EXPECT_EQ(HostCollectiveEpoch(collective), round);
      *HalfOf(collective, rank, seam.info.window_bytes) = 100 * round + rank;
      if (round == 1) {
        uint32_t sum = 0;
        for (uint32_t i = 0; i < seam.info.status_bytes; i += 4096) {
          sum += HostCollectiveStatus(collective, rank)[i];
        }
        EXPECT_EQ(sum, 0u);
      }
      HostCollectivePublish(collective);
      for (uint32_t peer = 0; peer < 3; ++peer) {
        EXPECT_EQ(HostCollectiveAwait(collective, peer, &seam.failure), ACL_SUCCESS);
        EXPECT_EQ(*HalfOf(collective, peer, seam.info.window_bytes), 100 * round + peer);
      }
      HostCollectiveEnd(collective);
    }
  });
}

TEST(test_awaiting_a_rank_that_is_none_is_refused) {
  WithThreadRanks(1, SmallConfig(), [](uint32_t, HcclComm comm) {
    SeamRank seam(comm, 0);
    HostCollective* collective = nullptr;
    EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
    EXPECT_EQ(HostCollectiveAwait(collective, 0, &seam.failure),
              ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
    EXPECT_TEXT_HAS(seam.failure.text, "before it has published");
    HostCollectivePublish(collective);
    EXPECT_EQ(HostCollectiveAwait(collective, 1, &seam.failure), ACL_ERROR_RT_PARAM_INVALID);
    EXPECT_TEXT_HAS(seam.failure.text, "there is no rank 1");
    HostCollectiveEnd(collective);
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  });
}

TEST(test_halves_are_not_reused_too_early_between_threads) {
  WithThreadRanks(4, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    Stress(rank, comm, static_cast<int32_t>(rank), 3000);
  });
}

TEST(test_halves_are_not_reused_too_early_between_processes) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(4, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig();
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(4, page->Root(rank), rank, &config, &comm), HCCL_SUCCESS);
    Stress(rank, comm, 0, 3000);
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
  ranks.Join();
}

TEST(test_halves_are_safe_although_collectives_fail) {
  // One rank in turn refuses every third collective; the data of the others has to be right.
  WithThreadRanks(3, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    std::mt19937 random(rank + 7);
    uint32_t wrong = 0;
    uint32_t passed = 0;
    for (uint32_t round = 1; round <= 900; ++round) {
      HostCollective* collective = nullptr;
      EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
      wrong += HostCollectiveEpoch(collective) != round;
      const bool fails = round % 3 == 0;
      if (fails && round / 3 % 3 == rank) {
        HostCollectivePublishFailure(collective, "no expert");
        HostCollectiveEnd(collective);
        continue;
      }
      *HalfOf(collective, rank, seam.info.window_bytes) = round * 10 + rank;
      HostCollectivePublish(collective);
      if (random() % 32 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
      const aclError status = seam.AwaitAll(collective);
      wrong += (status == ACL_SUCCESS) == fails;
      for (uint32_t peer = 0; status == ACL_SUCCESS && peer < 3; ++peer) {
        wrong += *HalfOf(collective, peer, seam.info.window_bytes) != round * 10 + peer;
      }
      passed += status == ACL_SUCCESS;
      HostCollectiveEnd(collective);
    }
    EXPECT_EQ(wrong, 0u);
    EXPECT_EQ(passed, 600u);
  });
}

TEST(test_failure_text_reaches_the_others_at_once) {
  WithThreadRanks(3, SmallConfig(20, "group"), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    const Stopwatch watch;
    HostCollective* collective = nullptr;
    EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
    if (rank == 1) {
      HostCollectivePublishFailure(collective, "expert id 99 of token 4 is out of range");
    } else {
      HostCollectivePublish(collective);
      EXPECT_EQ(seam.AwaitAll(collective), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
      EXPECT_TEXT_HAS(seam.failure.text, "group 'group', rank " + std::to_string(rank));
      EXPECT_TEXT_HAS(seam.failure.text, "rank 1 failed: expert id 99 of token 4");
    }
    HostCollectiveEnd(collective);
    EXPECT_TRUE(watch.Seconds() < 5);
    HcclResult async = HCCL_SUCCESS;
    EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
    EXPECT_EQ(async, HCCL_E_REMOTE);
    // It is not poisoned.
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
    EXPECT_EQ(async, HCCL_SUCCESS);
  });
}

TEST(test_a_collective_that_ends_unpublished_is_a_failure) {
  WithThreadRanks(2, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    HostCollective* collective = nullptr;
    EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
    if (rank == 0) {
      HostCollectivePublish(collective);
      EXPECT_EQ(seam.AwaitAll(collective), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
      EXPECT_TEXT_HAS(seam.failure.text, "rank 1 failed: it ended the collective without");
    }
    HostCollectiveEnd(collective);
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  });
}

TEST(test_different_arguments_fail_with_both_values_everywhere) {
  WithThreadRanks(3, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    EXPECT_EQ(seam.Collective("TestOp", rank == 2 ? 7168 : 1024),
              ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
    EXPECT_TEXT_HAS(seam.failure.text, "H=7168");
    EXPECT_TEXT_HAS(seam.failure.text, "H=1024");
    EXPECT_EQ(seam.Collective(rank == 0 ? "Dispatch" : "Combine"),
              ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
    EXPECT_TEXT_HAS(seam.failure.text, "Dispatch");
    EXPECT_TEXT_HAS(seam.failure.text, "Combine");
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  });
}

TEST(test_collectives_of_one_rank_take_turns) {
  WithThreadRanks(2, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    const auto run = [&] {
      SeamRank seam(comm, static_cast<int32_t>(rank));
      for (int i = 0; i < 300; ++i) EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    };
    std::thread other(run);
    run();
    other.join();
    SeamRank seam(comm, static_cast<int32_t>(rank));
    HostCollective* collective = nullptr;
    EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
    EXPECT_EQ(HostCollectiveEpoch(collective), 601u);
    HostCollectivePublish(collective);
    EXPECT_EQ(seam.AwaitAll(collective), ACL_SUCCESS);
    HostCollectiveEnd(collective);
  });
}

TEST(test_several_threads_may_await) {
  WithThreadRanks(4, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    for (int round = 0; round < 50; ++round) {
      HostCollective* collective = nullptr;
      EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
      HostCollectivePublish(collective);
      std::vector<std::thread> threads;
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
          HostFailure failure;
          for (uint32_t peer = 0; peer < 4; ++peer) {
            EXPECT_EQ(HostCollectiveAwait(collective, peer, &failure), ACL_SUCCESS);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      HostCollectiveEnd(collective);
    }
  });
}
