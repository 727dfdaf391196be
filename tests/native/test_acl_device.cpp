// SPDX-License-Identifier: Apache-2.0
// Devices and contexts.
#include <cstdlib>
#include <thread>

#include "check.h"
#include "stream_work.h"

TEST(sixteen_devices_without_a_setting) {
  unsetenv("ACLNN_MOE_HOST_DEVICES");
  uint32_t count = 0;
  EXPECT_EQ(aclrtGetDeviceCount(&count), ACL_SUCCESS);
  EXPECT_EQ(count, 16u);
  EXPECT_EQ(aclrtSetDevice(15), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetDevice(16), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_TEXT_HAS(RecentText(), "deviceId is 16, want 0 to 15");
  EXPECT_EQ(aclrtGetDeviceCount(nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(device_count_can_be_set_to_1024) {
  setenv("ACLNN_MOE_HOST_DEVICES", "1024", 1);
  uint32_t count = 0;
  EXPECT_EQ(aclrtGetDeviceCount(&count), ACL_SUCCESS);
  EXPECT_EQ(count, 1024u);
  EXPECT_EQ(aclrtSetDevice(1023), ACL_SUCCESS);
}

TEST(device_count_above_1024_is_an_error) {
  setenv("ACLNN_MOE_HOST_DEVICES", "1025", 1);
  uint32_t count = 7;
  EXPECT_EQ(aclInit(nullptr), ACL_ERROR_RT_NO_DEVICE);
  EXPECT_TEXT_HAS(RecentText(), "ACLNN_MOE_HOST_DEVICES is '1025', want a number from 1 to 1024");
  EXPECT_EQ(aclrtGetDeviceCount(&count), ACL_ERROR_RT_NO_DEVICE);
  EXPECT_EQ(aclrtSetDevice(0), ACL_ERROR_RT_NO_DEVICE);
}

TEST(device_count_of_zero_is_an_error) {
  setenv("ACLNN_MOE_HOST_DEVICES", "0", 1);
  EXPECT_EQ(aclInit(nullptr), ACL_ERROR_RT_NO_DEVICE);
}

TEST(device_count_that_is_no_number_is_an_error) {
  setenv("ACLNN_MOE_HOST_DEVICES", "8x", 1);
  EXPECT_EQ(aclInit(nullptr), ACL_ERROR_RT_NO_DEVICE);
  EXPECT_TEXT_HAS(RecentText(), "'8x'");
}

TEST(current_device_belongs_to_the_thread) {
  int32_t device = -1;
  EXPECT_EQ(aclrtGetDevice(&device), ACL_ERROR_RT_CONTEXT_NULL);
  EXPECT_TEXT_HAS(RecentText(), "call aclrtSetDevice");
  EXPECT_EQ(aclrtSetDevice(3), ACL_SUCCESS);
  EXPECT_EQ(aclrtGetDevice(&device), ACL_SUCCESS);
  EXPECT_EQ(device, 3);
  std::thread([] {
    int32_t other = -1;
    EXPECT_EQ(aclrtGetDevice(&other), ACL_ERROR_RT_CONTEXT_NULL);
    EXPECT_EQ(HostCurrentDevice(&other), ACL_ERROR_RT_CONTEXT_NULL);
  }).join();
  EXPECT_EQ(HostCurrentDevice(&device), ACL_SUCCESS);
  EXPECT_EQ(device, 3);
  EXPECT_EQ(aclrtGetDevice(nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(reset_needs_as_many_calls_as_set) {
  EXPECT_EQ(aclrtResetDevice(2), ACL_ERROR_RT_CONTEXT_NULL);
  aclrtSetDevice(2);
  aclrtSetDevice(2);
  int32_t active = 0;
  EXPECT_EQ(aclrtResetDevice(2), ACL_SUCCESS);
  EXPECT_EQ(aclrtGetPrimaryCtxState(2, nullptr, &active), ACL_SUCCESS);
  EXPECT_EQ(active, 1);
  EXPECT_EQ(aclrtResetDevice(2), ACL_SUCCESS);
  aclrtGetPrimaryCtxState(2, nullptr, &active);
  EXPECT_EQ(active, 0);
  int32_t device = -1;
  EXPECT_EQ(aclrtGetDevice(&device), ACL_ERROR_RT_CONTEXT_NULL);
  EXPECT_EQ(aclrtResetDevice(99), ACL_ERROR_RT_INVALID_DEVICEID);
}

TEST(reset_by_force_needs_one_call) {
  aclrtSetDevice(2);
  aclrtSetDevice(2);
  EXPECT_EQ(aclrtResetDeviceForce(2), ACL_SUCCESS);
  EXPECT_EQ(aclrtResetDeviceForce(2), ACL_ERROR_RT_CONTEXT_NULL);
}

TEST(reset_waits_for_queued_work_and_ends_the_streams) {
  aclrtSetDevice(0);
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  std::atomic<int> ran{0};
  for (int i = 0; i < 5; ++i) {
    QueueWork(i % 2 == 0 ? stream : nullptr, "Sleep", [&](HostFailure*) {
      usleep(5'000);
      ++ran;
      return ACL_SUCCESS;
    });
  }
  EXPECT_EQ(aclrtResetDevice(0), ACL_SUCCESS);
  EXPECT_EQ(ran.load(), 5);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_TEXT_HAS(RecentText(), "is not a live stream");
}

TEST(reset_frees_what_was_left) {
  aclrtSetDevice(0);
  void* memory = nullptr;
  aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST);
  EXPECT_TRUE(HostIsDeviceMemory(memory, 64));
  aclrtResetDevice(0);
  EXPECT_FALSE(HostIsDeviceMemory(memory, 64));
  EXPECT_EQ(aclrtFree(memory), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(reset_leaves_the_memory_of_another_context_of_the_device) {
  aclrtSetDevice(0);
  aclrtContext context = nullptr;
  aclrtCreateContext(&context, 0);
  void* memory = nullptr;
  aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST);
  EXPECT_EQ(aclrtResetDevice(0), ACL_SUCCESS);
  EXPECT_TRUE(HostIsDeviceMemory(memory, 64));
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

TEST(reset_by_another_thread_leaves_a_stale_context_that_is_told) {
  aclrtSetDevice(0);
  std::thread([] { EXPECT_EQ(aclrtResetDevice(0), ACL_SUCCESS); }).join();
  aclrtStream stream = nullptr;
  EXPECT_EQ(aclrtCreateStream(&stream), ACL_ERROR_RT_CONTEXT_NULL);
  EXPECT_TEXT_HAS(RecentText(), "has been destroyed");
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
}

TEST(a_created_context_becomes_current_and_can_be_left) {
  aclrtSetDevice(0);
  aclrtContext first = nullptr;
  aclrtGetCurrentContext(&first);
  aclrtContext second = nullptr;
  EXPECT_EQ(aclrtCreateContext(&second, 5), ACL_SUCCESS);
  int32_t device = -1;
  aclrtGetDevice(&device);
  EXPECT_EQ(device, 5);
  EXPECT_EQ(aclrtSetCurrentContext(first), ACL_SUCCESS);
  aclrtGetDevice(&device);
  EXPECT_EQ(device, 0);
  EXPECT_EQ(aclrtDestroyContext(second), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyContext(second), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtSetCurrentContext(second), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtSetCurrentContext(nullptr), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtDestroyContext(first), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "aclrtResetDevice ends it");
  EXPECT_EQ(aclrtCreateContext(nullptr, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtCreateContext(&second, 16), ACL_ERROR_RT_INVALID_DEVICEID);
}

TEST(each_context_has_its_own_default_stream) {
  aclrtSetDevice(0);
  aclrtStream first = nullptr;
  aclrtStream again = nullptr;
  EXPECT_EQ(aclrtCtxGetCurrentDefaultStream(&first), ACL_SUCCESS);
  aclrtCtxGetCurrentDefaultStream(&again);
  EXPECT_EQ(first, again);
  aclrtContext context = nullptr;
  aclrtCreateContext(&context, 0);
  aclrtStream other = nullptr;
  aclrtCtxGetCurrentDefaultStream(&other);
  EXPECT_NE(first, other);
  aclrtDestroyContext(context);
  EXPECT_EQ(aclrtSynchronizeStream(other), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtSynchronizeStream(first), ACL_SUCCESS);
}

TEST(device_synchronisation_covers_all_streams_of_the_device) {
  aclrtSetDevice(0);
  std::atomic<int> ran{0};
  for (int i = 0; i < 4; ++i) {
    aclrtStream stream = nullptr;
    aclrtCreateStream(&stream);
    QueueWork(stream, "Sleep", [&](HostFailure*) {
      usleep(10'000);
      ++ran;
      return ACL_SUCCESS;
    });
  }
  EXPECT_EQ(aclrtSynchronizeDevice(), ACL_SUCCESS);
  EXPECT_EQ(ran.load(), 4);
  Gate gate;
  gate.Hold(nullptr, "Held");
  gate.AwaitEntry();
  EXPECT_EQ(aclrtSynchronizeDeviceWithTimeout(20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "'Held' has been running");
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeDeviceWithTimeout(20'000), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeDeviceWithTimeout(-2), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(device_info_knows_cores_and_memory) {
  int64_t value = 0;
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_CUBE_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 24);
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_VECTOR_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 48);
  EXPECT_EQ(aclGetDeviceCapability(0, ACL_DEVICE_INFO_VECTOR_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 48);
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE, &value), ACL_SUCCESS);
  EXPECT_TRUE(value > 0);
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_WARP_SIZE, &value),
            ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtGetDeviceInfo(16, ACL_DEV_ATTR_CUBE_CORE_NUM, &value),
            ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_CUBE_CORE_NUM, nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(peer_access_is_kept_by_direction) {
  aclrtSetDevice(0);
  int32_t can = -1;
  EXPECT_EQ(aclrtDeviceCanAccessPeer(&can, 0, 1), ACL_SUCCESS);
  EXPECT_EQ(can, 1);
  EXPECT_EQ(aclrtDeviceCanAccessPeer(&can, 1, 1), ACL_SUCCESS);
  EXPECT_EQ(can, 0);
  EXPECT_EQ(aclrtDeviceEnablePeerAccess(1, 0), ACL_SUCCESS);
  int32_t status = -1;
  aclrtDevicePeerAccessStatus(0, 1, &status);
  EXPECT_EQ(status, 1);
  aclrtDevicePeerAccessStatus(1, 0, &status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(aclrtDeviceDisablePeerAccess(1), ACL_SUCCESS);
  EXPECT_EQ(aclrtDeviceDisablePeerAccess(1), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtDeviceEnablePeerAccess(0, 0), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtDeviceEnablePeerAccess(1, 1), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtDeviceEnablePeerAccess(77, 0), ACL_ERROR_RT_INVALID_DEVICEID);
}

TEST(many_threads_use_devices_at_once) {
  std::vector<std::thread> threads;
  for (int32_t device = 0; device < 16; ++device) {
    threads.emplace_back([device] {
      for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(aclrtSetDevice(device), ACL_SUCCESS);
        aclrtStream stream = nullptr;
        EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
        int sum = 0;
        for (int i = 1; i <= 20; ++i) {
          QueueWork(stream, "Add", [&sum, i](HostFailure*) {
            sum += i;
            return ACL_SUCCESS;
          });
        }
        EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
        EXPECT_EQ(sum, 210);
        EXPECT_EQ(aclrtResetDevice(device), ACL_SUCCESS);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}
