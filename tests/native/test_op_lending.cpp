// SPDX-License-Identifier: Apache-2.0
// A rank that lets others read its memory keeps it until they have, also when ranks fail meanwhile.
#include "hccl_ranks.h"
#include "op_api/host_cpu/collective_kernel.h"

namespace {

constexpr uint32_t kRanks = 3;

void SayMissing(HostFailure* failure) {
  std::snprintf(failure->text, HostFailure::kTextBytes, "a row is missing");
}

// A collective of three ranks, up to where all may read what the others have lent.
class Lending {
 public:
  // after(rank, kernel) ends with a failure; the communicator works on.
  void Run(const std::function<void(uint32_t, const op_api::CollectiveKernel&)>& after) {
    WithThreadRanks(kRanks, SmallConfig(), [&](uint32_t rank, HcclComm comm) {
      SeamRank seam(comm, static_cast<int32_t>(rank));
      op_api::CollectiveKernel kernel = {};
      kernel.ranks = {0, 1, 2};
      EXPECT_EQ(seam.Begin("TestOp", 1, &kernel.collective), ACL_SUCCESS);
      HostFailure failure = {};
      EXPECT_EQ(kernel.PublishAndAwaitAll(&failure), ACL_SUCCESS);
      ++ready_;
      while (ready_ != kRanks) SleepMs(1);
      const Stopwatch watch;
      after(rank, kernel);
      EXPECT_TRUE(watch.Seconds() < 5);
      HostCollectiveEnd(kernel.collective);
      EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    });
  }

 private:
  std::atomic<uint32_t> ready_{0};
};

}  // namespace

TEST(who_has_lent_waits_for_readers_although_a_rank_has_failed) {
  std::atomic<bool> has_read{false};
  Lending().Run([&](uint32_t rank, const op_api::CollectiveKernel& kernel) {
    HostFailure failure = {};
    if (rank == 0) {
      SayMissing(&failure);
      kernel.AwaitReaders(&failure);
    } else {
      if (rank == 2) {
        SleepMs(300);
        has_read = true;
      }
      kernel.PublishStep();
      EXPECT_TRUE(kernel.AwaitStepOfAll(&failure) != ACL_SUCCESS);
    }
    EXPECT_TEXT_HAS(failure.text, "a row is missing");
    EXPECT_TRUE(has_read);
  });
}

TEST(ranks_that_have_lent_and_fail_together_do_not_wait_for_one_another) {
  Lending().Run([](uint32_t, const op_api::CollectiveKernel& kernel) {
    HostFailure failure = {};
    SayMissing(&failure);
    kernel.AwaitReaders(&failure);
  });
}

TEST(who_has_failed_does_not_wait_for_a_rank_that_has_not_come) {
  WithThreadRanks(2, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    op_api::CollectiveKernel kernel = {};
    kernel.ranks = {0, 1};
    if (rank == 1) SleepMs(1000);
    EXPECT_EQ(seam.Begin("TestOp", 1, &kernel.collective), ACL_SUCCESS);
    HostFailure failure = {};
    if (rank == 0) {
      const Stopwatch watch;
      HostCollectivePublish(kernel.collective);
      SayMissing(&failure);
      kernel.AwaitReaders(&failure);
      EXPECT_TRUE(watch.Seconds() < 0.5);
    } else {
      EXPECT_TRUE(kernel.PublishAndAwaitAll(&failure) != ACL_SUCCESS);
      EXPECT_TEXT_HAS(failure.text, "a row is missing");
    }
    HostCollectiveEnd(kernel.collective);
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  });
}
