// SPDX-License-Identifier: Apache-2.0
// Copies and fills, and what is refused of them.
#include <cstring>
#include <thread>

#include "check.h"
#include "stream_work.h"

namespace {

void* Device(size_t bytes, int32_t device = 0) {
  aclrtSetDevice(device);
  void* memory = nullptr;
  EXPECT_EQ(aclrtMalloc(&memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  return memory;
}

constexpr aclrtMemcpyKind kToDevice = ACL_MEMCPY_HOST_TO_DEVICE;
constexpr aclrtMemcpyKind kToHost = ACL_MEMCPY_DEVICE_TO_HOST;

}  // namespace

TEST(copies_go_to_the_device_and_back) {
  int there[16];
  int back[16] = {};
  for (int i = 0; i < 16; ++i) there[i] = i * 3;
  void* const a = Device(sizeof(there));
  void* const b = Device(sizeof(there), 1);
  EXPECT_EQ(aclrtMemcpy(a, sizeof(there), there, sizeof(there), kToDevice), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(b, sizeof(there), a, sizeof(there), ACL_MEMCPY_DEVICE_TO_DEVICE),
            ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(back, sizeof(back), b, sizeof(there), kToHost), ACL_SUCCESS);
  EXPECT_EQ(std::memcmp(there, back, sizeof(there)), 0);
}

TEST(copy_kind_is_held_against_the_addresses) {
  int host[4] = {};
  int other[4] = {};
  void* const device = Device(sizeof(host));
  constexpr size_t kBytes = sizeof(host);
  EXPECT_EQ(aclrtMemcpy(host, kBytes, other, kBytes, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "kind is ACL_MEMCPY_HOST_TO_DEVICE, but dst");
  EXPECT_TEXT_HAS((aclrtMemcpy(device, kBytes, device, kBytes, kToDevice), RecentText()),
                  "but src");
  EXPECT_EQ(aclrtMemcpy(device, kBytes, host, kBytes, kToHost), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy(host, kBytes, other, kBytes, kToHost), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy(host, kBytes, device, kBytes, ACL_MEMCPY_HOST_TO_HOST),
            ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy(device, kBytes, host, kBytes, ACL_MEMCPY_DEVICE_TO_DEVICE),
            ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy(host, kBytes, other, kBytes, ACL_MEMCPY_HOST_TO_HOST), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(host, kBytes, other, kBytes, static_cast<aclrtMemcpyKind>(8)),
            ACL_ERROR_INVALID_PARAM);
}

TEST(copy_between_devices_of_the_wrong_number_is_refused) {
  void* const a = Device(8, 0);
  void* const b = Device(8, 1);
  EXPECT_EQ(aclrtMemcpy(b, 8, a, 8, ACL_MEMCPY_INNER_DEVICE_TO_DEVICE), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "dst is on device 1 and src on 0");
  EXPECT_EQ(aclrtMemcpy(b, 8, a, 8, ACL_MEMCPY_INTER_DEVICE_TO_DEVICE), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(b, 8, b, 8, ACL_MEMCPY_INTER_DEVICE_TO_DEVICE), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(default_copy_finds_the_kind_itself) {
  int host[2] = {4, 5};
  int back[2] = {};
  void* const device = Device(sizeof(host));
  EXPECT_EQ(aclrtMemcpy(device, 8, host, 8, ACL_MEMCPY_DEFAULT), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(back, 8, device, 8, ACL_MEMCPY_DEFAULT), ACL_SUCCESS);
  EXPECT_EQ(back[1], 5);
}

TEST(copy_beyond_an_allocation_is_refused) {
  char host[64] = {};
  char* const device = static_cast<char*>(Device(32));
  EXPECT_EQ(aclrtMemcpy(device, 64, host, 33, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "does not lie inside the device memory at");
  EXPECT_EQ(aclrtMemcpy(device + 1, 64, host, 32, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy(device + 1, 31, host, 31, kToDevice), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(host, 64, device, 33, kToHost), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy(device, SIZE_MAX, host, SIZE_MAX, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(copy_refuses_small_destinations_null_and_nothing) {
  char host[8] = {};
  void* const device = Device(8);
  EXPECT_EQ(aclrtMemcpy(device, 7, host, 8, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "destMax is 7, want at least count, 8");
  EXPECT_EQ(aclrtMemcpy(nullptr, 8, host, 8, kToDevice), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemcpy(device, 8, nullptr, 8, kToDevice), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemcpy(device, 8, host, 0, kToDevice), ACL_ERROR_INVALID_PARAM);
  std::thread([&] {
    EXPECT_EQ(aclrtMemcpy(device, 8, host, 8, kToDevice), ACL_ERROR_RT_CONTEXT_NULL);
  }).join();
}

TEST(copy_to_freed_memory_is_refused) {
  char host[8] = {};
  void* const device = Device(8);
  aclrtFree(device);
  EXPECT_EQ(aclrtMemcpy(device, 8, host, 8, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "is not live device memory");
}

TEST(asynchronous_copies_run_in_stream_order) {
  int value = 0;
  int back = -1;
  void* const device = Device(sizeof(int));
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(aclrtMemcpyAsync(device, 4, &value, 4, kToDevice, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpyAsync(&back, 4, device, 4, kToHost, nullptr), ACL_SUCCESS);
  value = 77;
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(back, 77);
}

TEST(buffered_copy_reads_its_source_at_once) {
  int value = 5;
  int back = -1;
  void* const device = Device(sizeof(int));
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(aclrtMemcpyAsync(device, 4, &value, 4, ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE, nullptr),
            ACL_SUCCESS);
  value = 77;
  gate.Open();
  aclrtSynchronizeStream(nullptr);
  aclrtMemcpy(&back, 4, device, 4, kToHost);
  EXPECT_EQ(back, 5);
}

TEST(asynchronous_copy_fails_the_stream_when_memory_went) {
  int value = 5;
  void* const device = Device(sizeof(int));
  Gate gate;
  gate.Hold(nullptr);
  aclrtMemcpyAsync(device, 4, &value, 4, kToDevice, nullptr);
  aclrtFree(device);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_PARAM_INVALID);
  const std::string text = RecentText();
  EXPECT_TEXT_HAS(text, "aclrtMemcpyAsync: dst");
  EXPECT_TEXT_HAS(text, "was freed before the copy ran");
}

TEST(asynchronous_copy_of_registered_memory_outlives_the_registration) {
  int value = 5;
  int back = -1;
  void* mapped = nullptr;
  void* const device = Device(sizeof(int));
  aclrtHostRegister(&value, sizeof(int), ACL_HOST_REGISTER_MAPPED, &mapped);
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(aclrtMemcpyAsync(device, 4, &value, 4, kToDevice, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtHostUnregister(&value), ACL_SUCCESS);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  aclrtMemcpy(&back, 4, device, 4, kToHost);
  EXPECT_EQ(back, 5);
  aclrtFree(device);
}

TEST(synchronous_copy_does_not_wait_for_streams) {
  int value = 9;
  int back = 0;
  void* const device = Device(sizeof(int));
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(aclrtMemcpy(device, 4, &value, 4, kToDevice), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(&back, 4, device, 4, kToHost), ACL_SUCCESS);
  EXPECT_EQ(back, 9);
}

TEST(pitched_copies_leave_the_gaps_alone) {
  char host[3][8];
  char back[3][4];
  std::memset(host, 'h', sizeof(host));
  std::memset(back, 'b', sizeof(back));
  char* const device = static_cast<char*>(Device(2 * 5 + 3));
  aclrtMemset(device, 13, '.', 13);
  EXPECT_EQ(aclrtMemcpy2d(device, 5, host, 8, 3, 3, kToDevice), ACL_SUCCESS);
  EXPECT_EQ(std::string(device, 13), std::string("hhh..hhh..hhh"));
  EXPECT_EQ(aclrtMemcpy2dAsync(back, 4, device, 5, 3, 3, kToHost, nullptr), ACL_SUCCESS);
  aclrtSynchronizeStream(nullptr);
  EXPECT_EQ(std::string(back[0], 12), std::string("hhhbhhhbhhhb"));
  EXPECT_EQ(aclrtMemcpy2d(device, 6, host, 8, 3, 3, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemcpy2d(device, 2, host, 8, 3, 3, kToDevice), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "dpitch is 2, want at least width, 3");
  EXPECT_EQ(aclrtMemcpy2d(device, 5, host, 8, 3, 0, kToDevice), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemcpy2d(device, SIZE_MAX / 2, host, 8, 3, 3, kToDevice),
            ACL_ERROR_RT_PARAM_INVALID);
}

TEST(fills_write_bytes_inside_the_allocation_only) {
  unsigned char* const device = static_cast<unsigned char*>(Device(16));
  EXPECT_EQ(aclrtMemset(device, 16, 0x1ab, 16), ACL_SUCCESS);
  EXPECT_EQ(device[15], 0xab);
  EXPECT_EQ(aclrtMemset(device, 32, 0, 17), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemset(device, 4, 0, 5), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMemset(nullptr, 4, 0, 4), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemset(device, 4, 0, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemsetAsync(device, 16, 7, 8, nullptr), ACL_SUCCESS);
  aclrtSynchronizeStream(nullptr);
  EXPECT_EQ(device[7], 7);
  EXPECT_EQ(device[8], 0xab);
  EXPECT_EQ(aclrtMemsetAsync(device, 16, 7, 17, nullptr), ACL_ERROR_RT_PARAM_INVALID);
}
