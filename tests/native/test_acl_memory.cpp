// SPDX-License-Identifier: Apache-2.0
// Allocation, registration, and what is known of addresses.
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

TEST(device_memory_is_aligned_to_512_bytes) {
  for (const size_t bytes : {1, 31, 512, 100'000}) {
    void* memory = Device(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 512, 0u);
    EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  }
}

TEST(allocation_of_nothing_is_refused) {
  aclrtSetDevice(0);
  void* memory = nullptr;
  EXPECT_EQ(aclrtMalloc(&memory, 0, ACL_MEM_MALLOC_HUGE_FIRST), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "aclrtMalloc: size is 0");
  EXPECT_EQ(aclrtMallocHost(&memory, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMalloc(nullptr, 8, ACL_MEM_MALLOC_HUGE_FIRST), ACL_ERROR_INVALID_PARAM);
}

TEST(allocation_beyond_the_machine_fails_with_a_text) {
  aclrtSetDevice(0);
  void* memory = nullptr;
  for (const size_t bytes : {size_t{1} << 50, SIZE_MAX / 2, SIZE_MAX}) {
    EXPECT_EQ(aclrtMalloc(&memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST),
              ACL_ERROR_RT_MEMORY_ALLOCATION);
    EXPECT_TEXT_HAS(RecentText(), "this machine has");
    EXPECT_EQ(aclrtMallocHost(&memory, bytes), ACL_ERROR_RT_MEMORY_ALLOCATION);
  }
  EXPECT_TRUE(memory == nullptr);
}

TEST(allocation_needs_a_context_and_a_known_policy) {
  void* memory = nullptr;
  EXPECT_EQ(aclrtMalloc(&memory, 8, ACL_MEM_MALLOC_HUGE_FIRST), ACL_ERROR_RT_CONTEXT_NULL);
  aclrtSetDevice(0);
  EXPECT_EQ(aclrtMalloc(&memory, 8, static_cast<aclrtMemMallocPolicy>(9)), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMallocAlign32(&memory, 8,
                               static_cast<aclrtMemMallocPolicy>(ACL_MEM_MALLOC_NORMAL_ONLY |
                                                                 ACL_MEM_TYPE_HIGH_BAND_WIDTH)),
            ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

TEST(free_refuses_what_is_not_the_start_of_device_memory) {
  char* const memory = static_cast<char*>(Device(64));
  EXPECT_EQ(aclrtFree(nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtFree(memory + 8), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "it lies in the device memory at");
  int on_stack = 0;
  EXPECT_EQ(aclrtFree(&on_stack), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "no memory that the runtime knows");
  EXPECT_EQ(aclrtFreeHost(memory), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_ERROR_RT_PARAM_INVALID);
  void* pinned = nullptr;
  EXPECT_EQ(aclrtMallocHost(&pinned, 16), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(pinned), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "pinned host memory");
  EXPECT_EQ(aclrtFreeHost(pinned), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreeHost(pinned), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(device_memory_is_known_by_its_whole_range) {
  char* const memory = static_cast<char*>(Device(100));
  EXPECT_TRUE(HostIsDeviceMemory(memory, 100));
  EXPECT_TRUE(HostIsDeviceMemory(memory + 99, 1));
  EXPECT_FALSE(HostIsDeviceMemory(memory, 101));
  EXPECT_FALSE(HostIsDeviceMemory(memory + 100, 1));
  EXPECT_FALSE(HostIsDeviceMemory(memory - 1, 2));
  EXPECT_FALSE(HostIsDeviceMemory(memory, SIZE_MAX));
  EXPECT_FALSE(HostIsDeviceMemory(nullptr, 1));
  aclrtFree(memory);
  EXPECT_FALSE(HostIsDeviceMemory(memory, 1));
}

TEST(registered_host_memory_is_device_memory_too) {
  aclrtSetDevice(0);
  std::vector<char> host(4096);
  void* mapped = nullptr;
  EXPECT_EQ(aclrtHostRegister(host.data(), host.size(), ACL_HOST_REGISTER_MAPPED, &mapped),
            ACL_SUCCESS);
  EXPECT_EQ(mapped, static_cast<void*>(host.data()));
  EXPECT_TRUE(HostIsDeviceMemory(host.data(), host.size()));
  void* again = nullptr;
  EXPECT_EQ(aclrtHostRegister(host.data() + 1, 8, ACL_HOST_REGISTER_MAPPED, &again),
            ACL_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
  void* const device = Device(8);
  EXPECT_EQ(aclrtMemcpy(device, 8, mapped, 8, ACL_MEMCPY_DEVICE_TO_DEVICE), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(device, 8, mapped, 8, kToDevice), ACL_SUCCESS);
  EXPECT_EQ(aclrtHostUnregister(host.data() + 1), ACL_ERROR_HOST_MEMORY_NOT_REGISTERED);
  EXPECT_EQ(aclrtHostUnregister(host.data()), ACL_SUCCESS);
  EXPECT_EQ(aclrtHostUnregister(host.data()), ACL_ERROR_HOST_MEMORY_NOT_REGISTERED);
  EXPECT_FALSE(HostIsDeviceMemory(host.data(), 1));
  EXPECT_EQ(aclrtHostRegister(host.data(), 8, ACL_HOST_REGISTER_IOMEMORY, &mapped),
            ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtHostRegister(nullptr, 8, ACL_HOST_REGISTER_MAPPED, &mapped),
            ACL_ERROR_INVALID_PARAM);
}

TEST(memory_around_a_registered_range_is_still_host_memory) {
  aclrtSetDevice(0);
  std::vector<char> host(4096, 7);
  void* mapped = nullptr;
  EXPECT_EQ(aclrtHostRegister(host.data() + 64, 64, ACL_HOST_REGISTER_MAPPED, &mapped),
            ACL_SUCCESS);
  char* const device = static_cast<char*>(Device(4096));
  EXPECT_EQ(aclrtMemcpy(device, 4096, host.data(), 4096, kToDevice), ACL_SUCCESS);
  EXPECT_EQ(device[4095], 7);
  EXPECT_EQ(aclrtMemcpy(host.data() + 100, 100, device, 100, kToHost), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(device, 100, host.data() + 100, 100, ACL_MEMCPY_DEVICE_TO_DEVICE),
            ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "does not lie inside the registered host memory");
  EXPECT_EQ(aclrtHostUnregister(host.data() + 64), ACL_SUCCESS);
  aclrtFree(device);
}

TEST(pinned_memory_is_host_memory) {
  void* pinned = nullptr;
  EXPECT_EQ(aclrtMallocHost(&pinned, 16), ACL_SUCCESS);
  EXPECT_FALSE(HostIsDeviceMemory(pinned, 16));
  void* const device = Device(16);
  EXPECT_EQ(aclrtMemcpy(device, 16, pinned, 16, ACL_MEMCPY_DEVICE_TO_DEVICE),
            ACL_ERROR_RT_PARAM_INVALID);
  std::memset(pinned, 1, 16);
  EXPECT_EQ(aclrtMemcpy(device, 16, pinned, 16, kToDevice), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(pinned, 32, device, 17, kToHost), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(pointers_tell_where_they_lie) {
  aclrtPtrAttributes attributes = {};
  void* const device = Device(16, 3);
  void* pinned = nullptr;
  aclrtMallocHost(&pinned, 16);
  int on_stack = 0;
  EXPECT_EQ(aclrtPointerGetAttributes(static_cast<char*>(device) + 15, &attributes), ACL_SUCCESS);
  EXPECT_EQ(attributes.location.type, ACL_MEM_LOCATION_TYPE_DEVICE);
  EXPECT_EQ(attributes.location.id, 3u);
  aclrtPointerGetAttributes(pinned, &attributes);
  EXPECT_EQ(attributes.location.type, ACL_MEM_LOCATION_TYPE_HOST);
  aclrtPointerGetAttributes(&on_stack, &attributes);
  EXPECT_EQ(attributes.location.type, ACL_MEM_LOCATION_TYPE_UNREGISTERED);
  EXPECT_EQ(aclrtPointerGetAttributes(nullptr, &attributes), ACL_ERROR_INVALID_PARAM);
}

TEST(memory_info_is_of_the_machine) {
  size_t free_bytes = 0;
  size_t total_bytes = 0;
  EXPECT_EQ(aclrtGetMemInfo(ACL_HBM_MEM, &free_bytes, &total_bytes), ACL_ERROR_RT_CONTEXT_NULL);
  aclrtSetDevice(0);
  EXPECT_EQ(aclrtGetMemInfo(ACL_HBM_MEM, &free_bytes, &total_bytes), ACL_SUCCESS);
  EXPECT_TRUE(free_bytes > 0 && free_bytes <= total_bytes);
  EXPECT_EQ(aclrtGetMemInfo(ACL_HBM_MEM, nullptr, &total_bytes), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtGetMemInfo(static_cast<aclrtMemAttr>(99), &free_bytes, &total_bytes),
            ACL_ERROR_INVALID_PARAM);
}

TEST(many_threads_allocate_and_free) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      aclrtSetDevice(t);
      for (int i = 1; i <= 100; ++i) {
        void* memory = nullptr;
        EXPECT_EQ(aclrtMalloc(&memory, i * 16, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
        EXPECT_EQ(aclrtMemset(memory, i * 16, i, i * 16), ACL_SUCCESS);
        EXPECT_TRUE(HostIsDeviceMemory(memory, i * 16));
        EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}
