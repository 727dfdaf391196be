// SPDX-License-Identifier: Apache-2.0
// What can be set about a communicator, and what is refused.
#include "hccl_ranks.h"

TEST(test_config_sets_name_and_buffer) {
  HcclCommConfig config = SmallConfig(20, "experts");
  config.hcclBufferSize = 3;
  WithThreadRanks(2, config, [&](uint32_t rank, HcclComm comm) {
    char name[COMM_NAME_MAX_LENGTH] = "";
    EXPECT_EQ(HcclGetCommName(comm, name), HCCL_SUCCESS);
    EXPECT_EQ(std::string(name), "experts");
    const SeamRank seam(comm, static_cast<int32_t>(rank));
    EXPECT_EQ(seam.info.window_bytes, 3u << 20);
    HostComm* none = nullptr;
    EXPECT_EQ(HostCommAcquire("expert", static_cast<int32_t>(rank), &none), HCCL_E_NOT_FOUND);
    EXPECT_TEXT_HAS(RecentText(), "'experts'");
    EXPECT_TRUE(none == nullptr);
  });
  HostComm* none = nullptr;
  EXPECT_EQ(HostCommAcquire("experts", 0, &none), HCCL_E_NOT_FOUND);
  EXPECT_TEXT_HAS(RecentText(), "none");
}

TEST(test_config_of_an_older_version_is_read_as_far_as_it_goes) {
  // Version 5 ends after hcclRdmaServiceLevel; what lies behind must not be read.
  HcclCommConfig config = SmallConfig(20, "older");
  const uint64_t size = 300;
  const uint32_t version = 5;
  std::memcpy(config.reserved, &size, sizeof(size));
  std::memcpy(config.reserved + 12, &version, sizeof(version));
  config.hcclExecTimeOut = -7;
  config.hcclAlgo[0] = 'x';
  WithThreadRanks(1, config, [&](uint32_t, HcclComm comm) {
    char name[COMM_NAME_MAX_LENGTH] = "";
    EXPECT_EQ(HcclGetCommName(comm, name), HCCL_SUCCESS);
    EXPECT_EQ(std::string(name), "older");
  });
}

TEST(test_bad_config_is_refused_with_the_value) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  HcclComm comm = nullptr;
  const auto refused = [&](const std::function<void(HcclCommConfig*)>& spoil, HcclResult code,
                           const char* text) {
    HcclCommConfig config = SmallConfig();
    spoil(&config);
    EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &config, &comm), code);
    EXPECT_TEXT_HAS(RecentText(), text);
  };
  refused([](HcclCommConfig* c) { std::memset(c, 0, sizeof(*c)); }, HCCL_E_PARA,
          "HcclCommConfigInit");
  refused([](HcclCommConfig* c) { c->hcclBufferSize = 0; }, HCCL_E_PARA, "hcclBufferSize is 0");
  refused([](HcclCommConfig* c) { c->hcclDeterministic = 3; }, HCCL_E_PARA,
          "hcclDeterministic is 3");
  refused([](HcclCommConfig* c) { c->hcclExecTimeOut = -2; }, HCCL_E_PARA, "hcclExecTimeOut is -2");
  refused([](HcclCommConfig* c) { std::memset(c->hcclCommName, 'n', COMM_NAME_MAX_LENGTH); },
          HCCL_E_PARA, "hcclCommName");
  refused([](HcclCommConfig* c) { c->hcclAlgo[0] = 'a'; }, HCCL_E_NOT_SUPPORT, "hcclAlgo");
  refused([](HcclCommConfig* c) { c->hcclRetryEnable[0] = 'a'; }, HCCL_E_NOT_SUPPORT,
          "hcclRetryEnable");
  refused([](HcclCommConfig* c) { c->hcclBufferName[0] = 'a'; }, HCCL_E_NOT_SUPPORT,
          "hcclBufferName");
  EXPECT_EQ(HcclGetCommConfigCapability(), static_cast<uint32_t>(HCCL_COMM_CONFIG_ALGO));
  // None of these took the slot.
  const HcclCommConfig good = SmallConfig();
  EXPECT_EQ(HcclCommInitRootInfoConfig(1, &root, 0, &good, &comm), HCCL_SUCCESS);
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
}

TEST(test_environment_sets_the_buffer_and_is_checked) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  HcclComm comm = nullptr;
  for (const char* bad : {"0", "-5", "many", "12MB", "99999999999999999999"}) {
    setenv("HCCL_BUFFSIZE", bad, 1);
    EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_E_PARA);
    {
      const std::string text = RecentText();
      EXPECT_TEXT_HAS(text, "HCCL_BUFFSIZE");
      EXPECT_TEXT_HAS(text, bad);
    }
  }
  setenv("HCCL_BUFFSIZE", "5", 1);
  setenv("HCCL_EXEC_TIMEOUT", "soon", 1);
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "HCCL_EXEC_TIMEOUT");
  setenv("HCCL_EXEC_TIMEOUT", "7", 1);
  setenv("HCCL_CONNECT_TIMEOUT", "0", 1);
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "HCCL_CONNECT_TIMEOUT");
  setenv("HCCL_CONNECT_TIMEOUT", "7", 1);
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_SUCCESS);
  {
    const SeamRank seam(comm, 0);
    EXPECT_EQ(seam.info.window_bytes, 5u << 20);
  }
  EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
}
