// SPDX-License-Identifier: Apache-2.0
// Making, naming, using and ending communicators.
#include <dirent.h>
#include <sys/stat.h>

#include <set>

#include "hccl_ranks.h"

namespace {

// Descriptors of this process whose link begins with `prefix`, and the memory behind them.
struct Held {
  int count = 0;
  int64_t bytes = 0;
  int64_t size = 0;
  mode_t mode = 0;
};
Held HeldMemory() {
  Held held;
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    char target[256] = "";
    const std::string path = std::string("/proc/self/fd/") + entry->d_name;
    if (readlink(path.c_str(), target, sizeof(target) - 1) < 0) continue;
    if (std::string(target).rfind("/memfd:hccl", 0) != 0) continue;
    struct stat status;
    if (stat(path.c_str(), &status) != 0) continue;
    ++held.count;
    held.bytes += status.st_blocks * 512;
    held.size += status.st_size;
    held.mode = status.st_mode & 0777;
  }
  closedir(folder);
  return held;
}

std::set<std::string> SharedMemoryFiles() {
  std::set<std::string> names;
  DIR* folder = opendir("/dev/shm");
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) names.insert(entry->d_name);
  closedir(folder);
  return names;
}

// Those that were not there `before` and stay: other processes make and remove theirs meanwhile.
std::set<std::string> NewSharedMemoryFiles(const std::set<std::string>& before) {
  for (int tries = 100;; --tries) {
    std::set<std::string> names = SharedMemoryFiles();
    for (const std::string& name : before) names.erase(name);
    if (names.empty() || tries == 0) return names;
    SleepMs(100);
  }
}

}  // namespace

TEST(test_ranks_share_a_name_and_know_their_place) {
  const HcclCommConfig config = SmallConfig();
  std::vector<std::string> names(4);
  WithThreadRanks(4, config, [&](uint32_t rank, HcclComm comm) {
    char name[COMM_NAME_MAX_LENGTH] = "";
    uint32_t id = 99;
    uint32_t size = 99;
    EXPECT_EQ(HcclGetCommName(comm, name), HCCL_SUCCESS);
    EXPECT_EQ(HcclGetRankId(comm, &id), HCCL_SUCCESS);
    EXPECT_EQ(HcclGetRankSize(comm, &size), HCCL_SUCCESS);
    EXPECT_EQ(id, rank);
    EXPECT_EQ(size, 4u);
    names[rank] = name;
    const SeamRank seam(comm, static_cast<int32_t>(rank));
    EXPECT_EQ(seam.info.rank, rank);
    EXPECT_EQ(seam.info.size, 4u);
    EXPECT_EQ(seam.info.local_size, 4u);
    EXPECT_EQ(seam.info.window_bytes, 1u << 20);
    EXPECT_EQ(seam.info.status_bytes, 1u << 20);
    EXPECT_EQ(std::string(seam.info.name), names[rank]);
  });
  EXPECT_FALSE(names[0].empty());
  for (const std::string& name : names) EXPECT_EQ(name, names[0]);
}

TEST(test_null_arguments_are_refused_by_name) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclGetRootInfo(nullptr), HCCL_E_PTR);
  EXPECT_TEXT_HAS(RecentText(), "rootInfo is null");
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommInitRootInfo(1, nullptr, 0, &comm), HCCL_E_PTR);
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, nullptr), HCCL_E_PTR);
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, nullptr, &comm), HCCL_E_PTR);
  EXPECT_TEXT_HAS(RecentText(), "config is null");
  uint32_t number = 0;
  HcclResult async = HCCL_SUCCESS;
  char name[COMM_NAME_MAX_LENGTH];
  EXPECT_EQ(HcclGetRankId(nullptr, &number), HCCL_E_PTR);
  EXPECT_EQ(HcclGetRankSize(nullptr, &number), HCCL_E_PTR);
  EXPECT_EQ(HcclGetCommName(nullptr, name), HCCL_E_PTR);
  EXPECT_EQ(HcclGetCommAsyncError(nullptr, &async), HCCL_E_PTR);
  EXPECT_EQ(HcclCommDestroy(nullptr), HCCL_E_PTR);
}

TEST(test_a_destroyed_or_foreign_handle_is_refused) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  const HcclCommConfig config = SmallConfig();
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &config, &comm), HCCL_SUCCESS);
  HcclResult async = HCCL_E_INTERNAL;
  EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
  EXPECT_EQ(async, HCCL_SUCCESS);
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  uint32_t number = 0;
  int foreign = 0;
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "destroyed");
  EXPECT_EQ(HcclGetRankId(comm, &number), HCCL_E_PARA);
  EXPECT_EQ(HcclGetRankSize(&foreign, &number), HCCL_E_PARA);
  EXPECT_EQ(HcclBarrier(comm, nullptr), HCCL_E_PARA);
}

TEST(test_default_buffer_has_200_megabytes_and_is_not_touched) {
  unsetenv("HCCL_BUFFSIZE");
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  const std::set<std::string> before = SharedMemoryFiles();
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_SUCCESS);
  {
    SeamRank seam(comm, 0);
    EXPECT_EQ(seam.info.window_bytes, 200u << 20);
    EXPECT_TRUE(HeldMemory().size > int64_t{200} << 20);
    EXPECT_TRUE(HeldMemory().bytes < int64_t{64} << 10);
    EXPECT_EQ(HeldMemory().count, 1);
    EXPECT_EQ(HeldMemory().mode, 0600u);
    HostCollective* collective = nullptr;
    EXPECT_EQ(seam.Begin("TestOp", 1, &collective), ACL_SUCCESS);
    const int64_t untouched = HeldMemory().bytes;
    std::memset(HostCollectiveWindow(collective, 0) + (100 << 20), 1, 8 << 20);
    const int64_t grown = HeldMemory().bytes - untouched;
    EXPECT_TRUE(grown >= 8 << 20 && grown <= 12 << 20);
    HostCollectivePublish(collective);
    HostCollectiveEnd(collective);
  }
  EXPECT_EQ(NewSharedMemoryFiles(before).size(), size_t{0});
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  EXPECT_EQ(HeldMemory().count, 0);
}

TEST(test_one_name_once_on_a_device) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  const HcclCommConfig config = SmallConfig(20, "once");
  HcclRootInfo first;
  HcclRootInfo second;
  EXPECT_EQ(HcclGetRootInfo(&first), HCCL_SUCCESS);
  EXPECT_EQ(HcclGetRootInfo(&second), HCCL_SUCCESS);
  HcclComm one = nullptr;
  HcclComm two = nullptr;
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &first, 0, &config, &one), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &second, 0, &config, &two), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "named 'once' already");
  EXPECT_EQ(HcclCommDestroy(one), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &second, 0, &config, &two), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommDestroy(two), HCCL_SUCCESS);
}

TEST(test_init_all_makes_a_rank_for_each_device) {
  setenv("HCCL_BUFFSIZE", "1", 1);
  int32_t devices[3] = {4, 1, 2};
  HcclComm comms[3] = {};
  EXPECT_EQ(HcclCommInitAll(3, devices, comms), HCCL_SUCCESS);
  for (uint32_t rank = 0; rank < 3; ++rank) {
    uint32_t id = 9;
    EXPECT_EQ(HcclGetRankId(comms[rank], &id), HCCL_SUCCESS);
    EXPECT_EQ(id, rank);
    const SeamRank seam(comms[rank], devices[rank]);
    EXPECT_EQ(seam.info.rank, rank);
  }
  for (HcclComm comm : comms) EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommInitAll(0, devices, comms), HCCL_E_PARA);
  EXPECT_EQ(HcclCommInitAll(3, nullptr, comms), HCCL_E_PTR);
  EXPECT_EQ(HcclCommInitAll(3, devices, nullptr), HCCL_E_PTR);
  int32_t twice[2] = {3, 3};
  EXPECT_EQ(HcclCommInitAll(2, twice, comms), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "devices[1] is 3");
  int32_t beyond[2] = {0, 5000};
  EXPECT_EQ(HcclCommInitAll(2, beyond, comms), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "devices[1] is 5000");
}

TEST(test_rank_tables_are_not_supported_by_name) {
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitClusterInfo("ranks.json", 0, &comm), HCCL_E_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "HcclCommInitClusterInfo");
  EXPECT_EQ(HcclCommInitClusterInfoConfig("ranks.json", 0, nullptr, &comm), HCCL_E_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "HcclGetRootInfo");
}

TEST(test_error_strings_name_the_status) {
  EXPECT_TEXT_HAS(HcclGetErrorString(HCCL_E_PARA), "HCCL_E_PARA");
  EXPECT_TEXT_HAS(HcclGetErrorString(HCCL_SUCCESS), "HCCL_SUCCESS");
  EXPECT_TEXT_HAS(HcclGetErrorString(static_cast<HcclResult>(777)), "unknown");
}

TEST(test_destroy_frees_everything_and_another_follows) {
  for (int round = 0; round < 20; ++round) {
    WithThreadRanks(4, SmallConfig(20, "again"), [&](uint32_t rank, HcclComm comm) {
      SeamRank seam(comm, static_cast<int32_t>(rank));
      EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
    });
    EXPECT_EQ(HeldMemory().count, 0);
  }
}

TEST(test_a_forked_child_gets_a_clear_error_and_does_no_harm) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  const HcclCommConfig config = SmallConfig(20, "parent");
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &config, &comm), HCCL_SUCCESS);
  {
    SeamRank seam(comm, 0);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      uint32_t number = 0;
      EXPECT_EQ(HcclGetRankId(comm, &number), HCCL_E_PARA);
      EXPECT_TEXT_HAS(RecentText(), "fork()");
      HostComm* none = nullptr;
      EXPECT_EQ(HostCommAcquire("parent", 0, &none), HCCL_E_NOT_FOUND);
      EXPECT_TEXT_HAS(RecentText(), "fork()");
      EXPECT_NE(seam.Collective(), ACL_SUCCESS);
      EXPECT_TEXT_HAS(seam.failure.text, "fork()");
      HcclRootInfo own;
      EXPECT_EQ(HcclGetRootInfo(&own), HCCL_SUCCESS);
      std::fflush(stdout);
      _exit(check::Failures() == 0 ? 0 : 1);
    }
    int status = 1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(seam.Collective(), ACL_SUCCESS);
  }
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
}
