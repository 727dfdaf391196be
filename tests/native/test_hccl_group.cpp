// SPDX-License-Identifier: Apache-2.0
// Communicators of some ranks of another.
#include "hccl_ranks.h"

namespace {

HcclResult MakeGroup(HcclComm parent, std::vector<uint32_t> ranks, uint64_t id, uint32_t sub_rank,
                     HcclComm* group, const char* name = "") {
  HcclCommConfig config = SmallConfig(20, name);
  return HcclCreateSubCommConfig(&parent, static_cast<uint32_t>(ranks.size()), ranks.data(), id,
                                 sub_rank, &config, group);
}

// Even and odd ranks, each a group, used and destroyed.
void UseHalves(uint32_t rank, HcclComm parent, int32_t device) {
  const uint64_t id = rank % 2;
  HcclComm group = nullptr;
  EXPECT_EQ(MakeGroup(parent, {rank % 2, rank % 2 + 2}, id, rank / 2, &group), HCCL_SUCCESS);
  if (group == nullptr) return check::Report(__FILE__, __LINE__, RecentText());
  char name[COMM_NAME_MAX_LENGTH] = "";
  char parent_name[COMM_NAME_MAX_LENGTH] = "";
  EXPECT_EQ(HcclGetCommName(group, name), HCCL_SUCCESS);
  EXPECT_EQ(HcclGetCommName(parent, parent_name), HCCL_SUCCESS);
  EXPECT_EQ(std::string(name), std::string(parent_name) + "_sub_" + std::to_string(id));
  {
    SeamRank whole(parent, device);
    SeamRank part(group, device);
    EXPECT_EQ(part.info.size, 2u);
    EXPECT_EQ(part.info.rank, rank / 2);
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(part.Collective("Part", static_cast<int64_t>(id)), ACL_SUCCESS);
      EXPECT_EQ(whole.Collective("Whole"), ACL_SUCCESS);
    }
    // A group of a group is no use of HCCL.
    HcclComm nested = nullptr;
    EXPECT_EQ(MakeGroup(group, {0, 1}, 5, rank / 2, &nested), HCCL_E_NOT_SUPPORT);
  }
  EXPECT_EQ(HcclCommDestroy(group), HCCL_SUCCESS);
}

}  // namespace

TEST(test_groups_of_threads_work_beside_the_whole) {
  WithThreadRanks(4, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    // The same groups again: a root info that is still on the board must not be taken for the new
    // one.
    for (int i = 0; i < 5; ++i) UseHalves(rank, comm, static_cast<int32_t>(rank));
  });
}

TEST(test_the_same_group_can_be_made_again_at_once) {
  WithThreadRanks(4, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    for (int i = 0; i < 300; ++i) {
      HcclComm group = nullptr;
      EXPECT_EQ(MakeGroup(comm, {0, 1, 2, 3}, 1, rank, &group), HCCL_SUCCESS);
      EXPECT_EQ(HcclCommDestroy(group), HCCL_SUCCESS);
    }
  });
}

TEST(test_groups_of_processes_work_beside_the_whole) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(4, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig();
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(4, page->Root(rank), rank, &config, &comm), HCCL_SUCCESS);
    for (int i = 0; i < 5; ++i) UseHalves(rank, comm, 0);
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
  ranks.Join();
}

TEST(test_who_is_not_in_the_group_gets_null) {
  WithThreadRanks(3, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    HcclCommConfig config = SmallConfig();
    HcclComm group = comm;
    if (rank == 1) {
      EXPECT_EQ(HcclCreateSubCommConfig(&comm, 0, nullptr, 0xffffffff, 0, &config, &group),
                HCCL_SUCCESS);
      EXPECT_TRUE(group == nullptr);
      return;
    }
    EXPECT_EQ(MakeGroup(comm, {0, 2}, 7, rank / 2, &group, "corners"), HCCL_SUCCESS);
    char name[COMM_NAME_MAX_LENGTH] = "";
    EXPECT_EQ(HcclGetCommName(group, name), HCCL_SUCCESS);
    EXPECT_EQ(std::string(name), "corners");
    EXPECT_EQ(HcclCommDestroy(group), HCCL_SUCCESS);
  });
}

TEST(test_groups_may_have_another_order) {
  WithThreadRanks(3, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    HcclComm group = nullptr;
    EXPECT_EQ(MakeGroup(comm, {2, 0, 1}, 3, (rank + 1) % 3, &group), HCCL_SUCCESS);
    uint32_t id = 9;
    EXPECT_EQ(HcclGetRankId(group, &id), HCCL_SUCCESS);
    EXPECT_EQ(id, (rank + 1) % 3);
    EXPECT_EQ(HcclCommDestroy(group), HCCL_SUCCESS);
  });
}

TEST(test_bad_members_are_refused_by_name) {
  WithThreadRanks(2, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    HcclComm group = nullptr;
    HcclCommConfig config = SmallConfig();
    uint32_t ranks[2] = {0, 1};
    const auto text_of = [&](HcclResult code, HcclResult wanted) {
      EXPECT_EQ(code, wanted);
      return RecentText();
    };
    EXPECT_TEXT_HAS(
        text_of(HcclCreateSubCommConfig(&comm, 0, ranks, 1, 0, &config, &group), HCCL_E_PARA),
        "rankNum is 0");
    EXPECT_TEXT_HAS(text_of(MakeGroup(comm, {0, 1, 0}, 1, 0, &group), HCCL_E_PARA), "rankNum is 3");
    EXPECT_TEXT_HAS(text_of(MakeGroup(comm, {0, 2}, 1, 0, &group), HCCL_E_PARA), "rankIds[1] is 2");
    EXPECT_TEXT_HAS(text_of(MakeGroup(comm, {0, 0}, 1, 0, &group), HCCL_E_PARA),
                    "rankIds[1] is 0, which is in the list before");
    EXPECT_TEXT_HAS(text_of(MakeGroup(comm, {0, 1}, 1, 2, &group), HCCL_E_PARA),
                    "subCommRankId is 2");
    EXPECT_TEXT_HAS(text_of(MakeGroup(comm, {0, 1}, 1, 1 - rank, &group), HCCL_E_PARA),
                    "want its own");
    EXPECT_TEXT_HAS(
        text_of(HcclCreateSubCommConfig(&comm, 2, nullptr, 1, 0, &config, &group), HCCL_E_PARA),
        "rankIds is null");
    EXPECT_TEXT_HAS(
        text_of(HcclCreateSubCommConfig(&comm, 2, ranks, 0xffffffff, 0, &config, &group),
                HCCL_E_PARA),
        "rankIds is given");
    EXPECT_EQ(HcclCreateSubCommConfig(nullptr, 2, ranks, 1, 0, &config, &group), HCCL_E_PTR);
    EXPECT_EQ(HcclCreateSubCommConfig(&comm, 2, ranks, 1, 0, nullptr, &group), HCCL_E_PTR);
    EXPECT_EQ(HcclCreateSubCommConfig(&comm, 2, ranks, 1, 0, &config, nullptr), HCCL_E_PTR);
    EXPECT_TRUE(group == nullptr);
  });
}

TEST(test_a_member_that_does_not_come_is_named) {
  setenv("HCCL_CONNECT_TIMEOUT", "1", 1);
  WithThreadRanks(2, SmallConfig(), [](uint32_t rank, HcclComm comm) {
    HcclComm group = nullptr;
    SeamRank seam(comm, static_cast<int32_t>(rank));
    if (rank == 1) {
      EXPECT_EQ(MakeGroup(comm, {0, 1}, 1, 1, &group), HCCL_E_TIMEOUT);
      EXPECT_TEXT_HAS(RecentText(), "rank 0 of");
    }
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    if (rank == 0) {
      EXPECT_EQ(MakeGroup(comm, {0, 1}, 2, 0, &group), HCCL_E_TIMEOUT);
      EXPECT_TEXT_HAS(RecentText(), "1 of 2 ranks did not come within 1 s: 1 ");
    }
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    // The same group works when both make it.
    EXPECT_EQ(MakeGroup(comm, {0, 1}, 2, rank, &group), HCCL_SUCCESS);
    EXPECT_EQ(HcclCommDestroy(group), HCCL_SUCCESS);
  });
}
