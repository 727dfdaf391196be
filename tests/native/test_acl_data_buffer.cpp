// SPDX-License-Identifier: Apache-2.0
// Data buffers: an address and a size that travel together.
#include "check.h"
#include "recent_text.h"

TEST(a_data_buffer_gives_back_its_address_and_size) {
  int value = 0;
  aclDataBuffer* buffer = aclCreateDataBuffer(&value, sizeof(value));
  REQUIRE(buffer != nullptr);
  EXPECT_TRUE(aclGetDataBufferAddr(buffer) == &value);
  EXPECT_EQ(aclGetDataBufferSizeV2(buffer), sizeof(value));
  EXPECT_EQ(aclGetDataBufferSize(buffer), uint32_t{sizeof(value)});
  EXPECT_EQ(aclDestroyDataBuffer(buffer), ACL_SUCCESS);
}

TEST(a_data_buffer_of_nothing_is_one) {
  aclDataBuffer* buffer = aclCreateDataBuffer(nullptr, 0);
  REQUIRE(buffer != nullptr);
  EXPECT_TRUE(aclGetDataBufferAddr(buffer) == nullptr);
  EXPECT_EQ(aclGetDataBufferSizeV2(buffer), 0u);
  EXPECT_EQ(aclDestroyDataBuffer(buffer), ACL_SUCCESS);
}

TEST(an_updated_data_buffer_has_the_new_content) {
  int value = 0;
  aclDataBuffer* buffer = aclCreateDataBuffer(nullptr, 0);
  EXPECT_EQ(aclUpdateDataBuffer(buffer, &value, size_t{5} << 30), ACL_SUCCESS);
  EXPECT_TRUE(aclGetDataBufferAddr(buffer) == &value);
  EXPECT_EQ(aclGetDataBufferSizeV2(buffer), size_t{5} << 30);
  EXPECT_EQ(aclGetDataBufferSize(buffer), UINT32_MAX);
  EXPECT_EQ(aclDestroyDataBuffer(buffer), ACL_SUCCESS);
}

TEST(a_destroyed_or_foreign_data_buffer_is_refused) {
  aclDataBuffer* buffer = aclCreateDataBuffer(nullptr, 8);
  EXPECT_EQ(aclDestroyDataBuffer(buffer), ACL_SUCCESS);
  EXPECT_EQ(aclDestroyDataBuffer(buffer), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "is not a live data buffer");
  EXPECT_EQ(aclUpdateDataBuffer(buffer, nullptr, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclGetDataBufferSizeV2(buffer), 0u);
  EXPECT_TEXT_HAS(RecentText(), "aclGetDataBufferSizeV2: dataBuffer");
  int other = 0;
  EXPECT_TRUE(aclGetDataBufferAddr(reinterpret_cast<aclDataBuffer*>(&other)) == nullptr);
  EXPECT_EQ(aclDestroyDataBuffer(nullptr), ACL_ERROR_INVALID_PARAM);
}
