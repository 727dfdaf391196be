// SPDX-License-Identifier: Apache-2.0
// Reserved addresses and the physical memory behind them.
#include <sys/stat.h>

#include <cstring>
#include <vector>

#include "check.h"
#include "stream_work.h"

namespace {

constexpr size_t kPage = 2 << 20;

aclrtPhysicalMemProp OnDevice(uint32_t device) {
  aclrtPhysicalMemProp prop = {};
  prop.memAttr = ACL_HBM_MEM_HUGE;
  prop.location = {device, ACL_MEM_LOCATION_TYPE_DEVICE};
  return prop;
}

uint8_t* Reserve(size_t bytes) {
  void* address = nullptr;
  EXPECT_EQ(aclrtReserveMemAddress(&address, bytes, 0, nullptr, 1), ACL_SUCCESS);
  return static_cast<uint8_t*>(address);
}

aclrtDrvMemHandle Physical(size_t bytes, uint32_t device = 0) {
  aclrtDrvMemHandle handle = nullptr;
  const aclrtPhysicalMemProp prop = OnDevice(device);
  EXPECT_EQ(aclrtMallocPhysical(&handle, bytes, &prop, 0), ACL_SUCCESS);
  return handle;
}

aclError Map(void* address, size_t bytes, aclrtDrvMemHandle handle, size_t offset = 0) {
  return aclrtMapMem(address, bytes, offset, handle, 0);
}

int64_t HeapBlocks() {
  HostDeviceHeap heap = {};
  struct stat status = {};
  EXPECT_TRUE(HostGetDeviceHeap(&heap));
  EXPECT_EQ(fstat(heap.fd, &status), 0);
  return status.st_blocks;
}

}  // namespace

TEST(mapped_memory_is_device_memory_and_unmapped_is_not) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(3 * kPage);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(address) % kPage, 0u);
  EXPECT_FALSE(HostIsDeviceMemory(address, 1));
  aclrtDrvMemHandle handle = Physical(kPage);
  EXPECT_EQ(Map(address + kPage, kPage, handle), ACL_SUCCESS);
  EXPECT_FALSE(HostIsDeviceMemory(address, 1));
  EXPECT_TRUE(HostIsDeviceMemory(address + kPage, kPage));
  EXPECT_FALSE(HostIsDeviceMemory(address + kPage, kPage + 1));
  aclrtPtrAttributes attributes = {};
  EXPECT_EQ(aclrtPointerGetAttributes(address + kPage, &attributes), ACL_SUCCESS);
  EXPECT_EQ(attributes.location.type, ACL_MEM_LOCATION_TYPE_DEVICE);
  EXPECT_EQ(aclrtUnmapMem(address + kPage), ACL_SUCCESS);
  EXPECT_FALSE(HostIsDeviceMemory(address + kPage, 1));
  EXPECT_EQ(aclrtFreePhysical(handle), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(address), ACL_SUCCESS);
}

TEST(copies_run_across_the_seams_of_mapped_memory) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(3 * kPage);
  std::vector<aclrtDrvMemHandle> handles;
  for (size_t i : {2, 0, 1}) {
    handles.push_back(Physical(kPage));
    EXPECT_EQ(Map(address + i * kPage, kPage, handles.back()), ACL_SUCCESS);
  }
  std::vector<uint8_t> data(2 * kPage + 2);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 7 + (i >> 12));
  uint8_t* start = address + kPage / 2;
  EXPECT_TRUE(HostIsDeviceMemory(start, data.size()));
  EXPECT_EQ(aclrtMemcpy(start, data.size(), data.data(), data.size(), ACL_MEMCPY_HOST_TO_DEVICE),
            ACL_SUCCESS);
  std::vector<uint8_t> back(data.size());
  EXPECT_EQ(aclrtMemcpy(back.data(), back.size(), start, back.size(), ACL_MEMCPY_DEVICE_TO_HOST),
            ACL_SUCCESS);
  EXPECT_TRUE(back == data);
  // A hole in the middle is one.
  EXPECT_EQ(aclrtUnmapMem(address + kPage), ACL_SUCCESS);
  EXPECT_FALSE(HostIsDeviceMemory(start, data.size()));
  EXPECT_NE(aclrtMemcpy(start, data.size(), data.data(), data.size(), ACL_MEMCPY_HOST_TO_DEVICE),
            ACL_SUCCESS);
}

TEST(physical_memory_keeps_its_content_when_it_is_mapped_elsewhere) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(2 * kPage);
  aclrtDrvMemHandle handle = Physical(kPage);
  EXPECT_EQ(Map(address, kPage, handle), ACL_SUCCESS);
  std::memset(address, 42, kPage);
  EXPECT_EQ(aclrtUnmapMem(address), ACL_SUCCESS);
  EXPECT_EQ(Map(address + kPage, kPage, handle), ACL_SUCCESS);
  EXPECT_EQ(int{address[kPage]}, 42);
  EXPECT_EQ(int{address[2 * kPage - 1]}, 42);
  // Twice at once is the same memory twice.
  EXPECT_EQ(Map(address, kPage, handle), ACL_SUCCESS);
  address[5] = 43;
  EXPECT_EQ(int{address[kPage + 5]}, 43);
}

TEST(a_part_of_physical_memory_can_be_mapped) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(3 * kPage);
  aclrtDrvMemHandle handle = Physical(2 * kPage);
  EXPECT_EQ(Map(address, 2 * kPage, handle), ACL_SUCCESS);
  address[kPage] = 7;
  EXPECT_EQ(Map(address + 2 * kPage, kPage, handle, kPage), ACL_SUCCESS);
  EXPECT_EQ(int{address[2 * kPage]}, 7);
}

TEST(freed_physical_memory_goes_back_to_the_system) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(kPage);
  aclrtDrvMemHandle handle = Physical(kPage);
  const int64_t before = HeapBlocks();
  EXPECT_EQ(Map(address, kPage, handle), ACL_SUCCESS);
  std::memset(address, 1, kPage);
  EXPECT_TRUE(HeapBlocks() > before);
  EXPECT_EQ(aclrtUnmapMem(address), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(handle), ACL_SUCCESS);
  EXPECT_EQ(HeapBlocks(), before);
}

TEST(a_reservation_may_be_larger_than_the_machine) {
  void* address = nullptr;
#ifndef __SANITIZE_THREAD__  // which keeps nearly all addresses for itself
  EXPECT_EQ(aclrtReserveMemAddress(&address, size_t{1} << 40, 0, nullptr, 0), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(address), ACL_SUCCESS);
#endif
  for (const size_t bytes : {size_t{1} << 60, SIZE_MAX}) {
    EXPECT_EQ(aclrtReserveMemAddress(&address, bytes, 0, nullptr, 0),
              ACL_ERROR_RT_MEMORY_ALLOCATION);
    EXPECT_TEXT_HAS(RecentText(), "addresses left");
  }
}

TEST(physical_memory_beyond_the_machine_fails_with_a_text) {
  aclrtDrvMemHandle handle = nullptr;
  const aclrtPhysicalMemProp prop = OnDevice(0);
  EXPECT_EQ(aclrtMallocPhysical(&handle, size_t{1} << 50, &prop, 0),
            ACL_ERROR_RT_MEMORY_ALLOCATION);
  EXPECT_TEXT_HAS(RecentText(), "this machine has");
  EXPECT_TRUE(handle == nullptr);
}

TEST(wrong_reservations_are_refused) {
  void* address = nullptr;
  int here = 0;
  EXPECT_EQ(aclrtReserveMemAddress(nullptr, kPage, 0, nullptr, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtReserveMemAddress(&address, 0, 0, nullptr, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtReserveMemAddress(&address, kPage, 512, nullptr, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtReserveMemAddress(&address, kPage, 0, &here, 0), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "want null");
  EXPECT_EQ(aclrtReserveMemAddress(&address, kPage, 0, nullptr, 2), ACL_ERROR_INVALID_PARAM);
  EXPECT_TRUE(address == nullptr);
  EXPECT_EQ(aclrtReleaseMemAddress(nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtReleaseMemAddress(&here), ACL_ERROR_RT_PARAM_INVALID);
  address = Reserve(kPage);
  EXPECT_EQ(aclrtReleaseMemAddress(address), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(address), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "is released already");
}

TEST(wrong_physical_memory_is_refused) {
  aclrtDrvMemHandle handle = nullptr;
  aclrtPhysicalMemProp prop = OnDevice(0);
  EXPECT_EQ(aclrtMallocPhysical(nullptr, kPage, &prop, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMallocPhysical(&handle, kPage, nullptr, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMallocPhysical(&handle, kPage, &prop, 1), ACL_ERROR_INVALID_PARAM);
  for (const size_t bytes : {size_t{0}, size_t{512}, kPage + 1}) {
    EXPECT_EQ(aclrtMallocPhysical(&handle, bytes, &prop, 0), ACL_ERROR_INVALID_PARAM);
    EXPECT_TEXT_HAS(RecentText(), "want a multiple of 2097152");
  }
  prop.location.id = 16;
  EXPECT_EQ(aclrtMallocPhysical(&handle, kPage, &prop, 0), ACL_ERROR_RT_INVALID_DEVICEID);
  prop = OnDevice(0);
  prop.location.type = ACL_MEM_LOCATION_TYPE_HOST;
  EXPECT_EQ(aclrtMallocPhysical(&handle, kPage, &prop, 0), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  prop = OnDevice(0);
  prop.handleType = ACL_MEM_HANDLE_TYPE_POSIX;
  EXPECT_EQ(aclrtMallocPhysical(&handle, kPage, &prop, 0), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  prop = OnDevice(0);
  prop.memAttr = static_cast<aclrtMemAttr>(99);
  EXPECT_EQ(aclrtMallocPhysical(&handle, kPage, &prop, 0), ACL_ERROR_INVALID_PARAM);
  EXPECT_TRUE(handle == nullptr);
  EXPECT_EQ(aclrtFreePhysical(nullptr), ACL_ERROR_RT_PARAM_INVALID);
  handle = Physical(kPage);
  EXPECT_EQ(aclrtFreePhysical(handle), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "is not live physical memory");
}

TEST(wrong_mappings_are_refused) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(2 * kPage);
  aclrtDrvMemHandle handle = Physical(kPage);
  void* plain = nullptr;
  EXPECT_EQ(aclrtMalloc(&plain, 4 * kPage, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  auto* aligned =
      reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(plain) + kPage) / kPage * kPage);
  EXPECT_EQ(Map(nullptr, kPage, handle), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(Map(aligned, kPage, handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "lies in no range that aclrtReserveMemAddress gave");
  EXPECT_EQ(Map(address + 512, kPage, handle), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(Map(address, 512, handle), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(Map(address, 0, handle), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(Map(address, 2 * kPage, handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "goes beyond the 2097152 bytes");
  EXPECT_EQ(Map(address, kPage, handle, kPage), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtMapMem(address, kPage, 0, handle, 1), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(Map(address + 2 * kPage, kPage, handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(Map(address, kPage, nullptr), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(Map(address, kPage, handle), ACL_SUCCESS);
  EXPECT_EQ(Map(address, kPage, handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "is mapped in part already");
  EXPECT_EQ(aclrtUnmapMem(address + kPage), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtUnmapMem(nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(what_is_mapped_is_neither_freed_nor_released) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* address = Reserve(kPage);
  aclrtDrvMemHandle handle = Physical(kPage);
  EXPECT_EQ(Map(address, kPage, handle), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "aclrtUnmapMem it first");
  EXPECT_EQ(aclrtReleaseMemAddress(address), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "aclrtUnmapMem that first");
  EXPECT_EQ(aclrtFree(address), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "mapped device memory");
  address[0] = 1;
  EXPECT_EQ(aclrtUnmapMem(address), ACL_SUCCESS);
}

TEST(a_reset_of_the_device_ends_its_physical_memory) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetDevice(1), ACL_SUCCESS);
  uint8_t* address = Reserve(2 * kPage);
  aclrtDrvMemHandle first = Physical(kPage, 0);
  aclrtDrvMemHandle second = Physical(kPage, 1);
  EXPECT_EQ(Map(address, kPage, first), ACL_SUCCESS);
  EXPECT_EQ(Map(address + kPage, kPage, second), ACL_SUCCESS);
  // A tensor lies on one device.
  EXPECT_FALSE(HostIsDeviceMemory(address, 2 * kPage));
  EXPECT_EQ(aclrtResetDeviceForce(1), ACL_SUCCESS);
  EXPECT_TRUE(HostIsDeviceMemory(address, kPage));
  EXPECT_FALSE(HostIsDeviceMemory(address + kPage, 1));
  EXPECT_EQ(aclrtFreePhysical(second), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtUnmapMem(address), ACL_SUCCESS);
  EXPECT_EQ(aclrtFreePhysical(first), ACL_SUCCESS);
  EXPECT_EQ(aclrtReleaseMemAddress(address), ACL_SUCCESS);
}

TEST(physical_memory_comes_in_huge_pages) {
  aclrtPhysicalMemProp prop = OnDevice(0);
  size_t bytes = 0;
  EXPECT_EQ(aclrtMemGetAllocationGranularity(&prop, ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM, &bytes),
            ACL_SUCCESS);
  EXPECT_EQ(bytes, kPage);
  EXPECT_EQ(aclrtMemGetAllocationGranularity(&prop, ACL_RT_MEM_ALLOC_GRANULARITY_UNDEF, &bytes),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemGetAllocationGranularity(nullptr, ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM, &bytes),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMemGetAllocationGranularity(&prop, ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM, nullptr),
            ACL_ERROR_INVALID_PARAM);
}
