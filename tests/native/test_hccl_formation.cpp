// SPDX-License-Identifier: Apache-2.0
// How ranks find one another, and why they may not.
#include "../../host_device/hccl/hash.h"
#include "../../host_device/hccl/root_info.h"
#include "hccl_ranks.h"

TEST(test_different_sizes_are_refused_with_both_values) {
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  std::atomic<bool> first_came{false};
  std::atomic<bool> refused{false};
  OnThreads(2, [&](uint32_t rank) {
    HcclCommConfig config = SmallConfig();
    HcclComm comm = nullptr;
    if (rank == 0) {
      first_came = true;
      EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, 0, &config, &comm), HCCL_SUCCESS);
      EXPECT_TRUE(refused.load());
    } else {
      while (!first_came) SleepMs(1);
      SleepMs(100);
      EXPECT_EQ(HcclCommInitRootInfoConfig(3, &root, 1, &config, &comm), HCCL_E_PARA);
      {
        const std::string text = RecentText();
        EXPECT_TEXT_HAS(text, "nRanks is 3 here");
        EXPECT_TEXT_HAS(text, "and 2 on");
      }
      config.hcclBufferSize = 2;
      EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, 1, &config, &comm), HCCL_E_PARA);
      {
        const std::string text = RecentText();
        EXPECT_TEXT_HAS(text, "2 MB here");
        EXPECT_TEXT_HAS(text, "1 MB on");
      }
      EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, 2, &config, &comm), HCCL_E_PARA);
      EXPECT_TEXT_HAS(RecentText(), "rank is 2: want less than nRanks, which is 2");
      config.hcclBufferSize = 1;
      EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, 0, &config, &comm), HCCL_E_PARA);
      EXPECT_TEXT_HAS(RecentText(), "rank 0 is taken already, by process");
      refused = true;
      EXPECT_EQ(HcclCommInitRootInfoConfig(2, &root, 1, &config, &comm), HCCL_SUCCESS);
    }
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
}

TEST(test_different_names_are_refused_on_every_rank) {
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  OnThreads(3, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig(20, rank == 2 ? "blue" : "red");
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(3, &root, rank, &config, &comm), HCCL_E_PARA);
    EXPECT_TEXT_HAS(RecentText(), "'red' on rank 0 and 'blue' on rank 2");
  });
}

TEST(test_missing_ranks_are_named_after_the_timeout) {
  setenv("HCCL_CONNECT_TIMEOUT", "1", 1);
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  const Stopwatch watch;
  OnThreads(2, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig();
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(8, &root, rank * 3, &config, &comm), HCCL_E_TIMEOUT);
    EXPECT_TEXT_HAS(RecentText(), "1, 2, 4-7");
    EXPECT_TRUE(comm == nullptr);
  });
  EXPECT_TRUE(watch.Seconds() > 0.9 && watch.Seconds() < 5);
  // Who comes later hears that it was given up.
  EXPECT_EQ(aclrtSetDevice(2), ACL_SUCCESS);
  HcclComm comm = nullptr;
  const HcclCommConfig config = SmallConfig();
  EXPECT_EQ(HcclCommInitRootInfoConfig(8, &root, 1, &config, &comm), HCCL_E_UNAVAIL);
  EXPECT_TEXT_HAS(RecentText(), "given up");
}

TEST(test_root_info_that_is_none_is_refused) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  std::memset(&root, 7, sizeof(root));
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "unchanged");
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  root.internal[20] ^= 1;
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "unchanged");
}

TEST(test_root_info_of_another_machine_or_container_is_refused_as_such) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo bytes;
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclGetRootInfo(&bytes), HCCL_SUCCESS);
  host_hccl::RootInfo root;
  const auto join_altered = [&](const std::function<void(host_hccl::RootInfo*)>& alter) {
    HcclRootInfo altered = bytes;
    std::memcpy(&root, bytes.internal, sizeof(root));
    alter(&root);
    root.checksum = host_hccl::Hash(&root, offsetof(host_hccl::RootInfo, checksum));
    std::memcpy(altered.internal, &root, sizeof(root));
    return HcclCommInitRootInfo(1, &altered, 0, &comm);
  };
  EXPECT_EQ(join_altered([](host_hccl::RootInfo* info) { info->boot_hash ^= 1; }), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "another machine");
  EXPECT_EQ(join_altered([](host_hccl::RootInfo* info) { info->pid_namespace ^= 1; }), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "PID namespace");
  // A descriptor that is something else, of a process that lives.
  EXPECT_EQ(join_altered([](host_hccl::RootInfo* info) {
              info->pid = getppid();
              info->nonce.words[0] ^= 1;
            }),
            HCCL_E_UNAVAIL);
  EXPECT_TEXT_HAS(RecentText(), "process " + std::to_string(getppid()) + " no longer holds");
}

TEST(test_ranks_of_another_user_are_refused_as_such) {
  if (geteuid() != 0) {
    std::printf("skipped: only root can become another user\n");
    return;
  }
  HcclRootInfo bytes;
  EXPECT_EQ(HcclGetRootInfo(&bytes), HCCL_SUCCESS);
  RankProcesses nobody(1, [&](uint32_t) {
    EXPECT_EQ(setuid(65534), 0);
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfo(2, &bytes, 1, &comm), HCCL_E_UNAVAIL);
    EXPECT_TEXT_HAS(RecentText(), "same user");
  });
  nobody.Join();
}

TEST(test_root_info_of_a_process_that_is_gone_names_it) {
  SharedPage* page = SharedPage::Make();
  RankProcesses root(1, [&](uint32_t) { page->Root(0); });
  const pid_t pid = root.pid(0);
  root.Join();
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitRootInfo(2, &page->root, 1, &comm), HCCL_E_UNAVAIL);
  {
    const std::string text = RecentText();
    EXPECT_TEXT_HAS(text, "process " + std::to_string(pid));
    EXPECT_TEXT_HAS(text, "gone");
  }
}

TEST(test_root_info_serves_one_communicator) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  const HcclCommConfig config = SmallConfig();
  HcclComm comm = nullptr;
  HcclComm again = nullptr;
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &config, &comm), HCCL_SUCCESS);
  EXPECT_EQ(aclrtSetDevice(1), ACL_SUCCESS);
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &config, &again), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "rank 0 is taken already");
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &config, &again), HCCL_E_UNAVAIL);
  EXPECT_TEXT_HAS(RecentText(), "new HcclGetRootInfo");
}
