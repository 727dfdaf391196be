// SPDX-License-Identifier: Apache-2.0
// HcclSetConfig and HcclGetConfig.
#include "hccl_ranks.h"

TEST(test_what_is_set_is_what_is_got) {
  HcclConfigValue value = {7};
  EXPECT_EQ(HcclGetConfig(HCCL_DETERMINISTIC, &value), HCCL_SUCCESS);
  EXPECT_EQ(value.value, 0);
  for (const int32_t setting : {1, 2, 0}) {
    EXPECT_EQ(HcclSetConfig(HCCL_DETERMINISTIC, {setting}), HCCL_SUCCESS);
    EXPECT_EQ(HcclGetConfig(HCCL_DETERMINISTIC, &value), HCCL_SUCCESS);
    EXPECT_EQ(value.value, setting);
  }
}

TEST(test_other_settings_are_refused_by_name) {
  HcclConfigValue value = {7};
  EXPECT_EQ(HcclSetConfig(HCCL_DETERMINISTIC, {3}), HCCL_E_PARA);
  EXPECT_TEXT_HAS(RecentText(), "HCCL_DETERMINISTIC is 3: want 0 to 2");
  EXPECT_EQ(HcclSetConfig(HCCL_DETERMINISTIC, {-1}), HCCL_E_PARA);
  EXPECT_EQ(HcclSetConfig(HCCL_ACCELERATOR, {0}), HCCL_E_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "configuration 1 is not supported");
  EXPECT_EQ(HcclGetConfig(HCCL_ACCELERATOR, &value), HCCL_E_NOT_SUPPORT);
  EXPECT_EQ(value.value, 7);
  EXPECT_EQ(HcclGetConfig(HCCL_DETERMINISTIC, nullptr), HCCL_E_PTR);
  EXPECT_TEXT_HAS(RecentText(), "configValue is null");
}
