// SPDX-License-Identifier: Apache-2.0
// Device memory as one memory file that peers can map.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <vector>

#include "check.h"
#include "stream_work.h"

namespace {

HostDeviceHeap Heap() {
  HostDeviceHeap heap = {};
  EXPECT_TRUE(HostGetDeviceHeap(&heap));
  return heap;
}

uint8_t* Malloc(size_t bytes) {
  void* memory = nullptr;
  EXPECT_EQ(aclrtMalloc(&memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  return static_cast<uint8_t*>(memory);
}

}  // namespace

TEST(device_memory_can_be_read_through_another_mapping_of_the_heap) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* memory = Malloc(4096);
  const HostDeviceHeap heap = Heap();
  EXPECT_TRUE(memory >= heap.base && memory + 4096 <= heap.base + heap.bytes);
  std::memset(memory, 42, 4096);
  void* other = mmap(nullptr, heap.bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, heap.fd, 0);
  EXPECT_TRUE(other != MAP_FAILED);
  EXPECT_EQ(int{static_cast<uint8_t*>(other)[memory - heap.base + 4095]}, 42);
  munmap(other, heap.bytes);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

TEST(the_heap_is_private_to_the_user) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  struct stat status;
  EXPECT_EQ(fstat(Heap().fd, &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(device_memory_that_was_not_given_out_is_out_of_reach) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* memory = Malloc(1000);
  const HostDeviceHeap heap = Heap();
  // The kernel copies from where this process can read, and says so when it cannot.
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  EXPECT_EQ(write(pipe_ends[1], memory, 1000), ssize_t{1000});
  EXPECT_EQ(write(pipe_ends[1], heap.base + heap.bytes / 2, 1), ssize_t{-1});
  EXPECT_EQ(errno, EFAULT);
  uint8_t* large = Malloc(heap.bytes / 4);
  large[heap.bytes / 4 - 1] = 1;
  EXPECT_EQ(aclrtFree(large), ACL_SUCCESS);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(freed_device_memory_is_used_again) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  uint8_t* first = Malloc(1 << 20);
  EXPECT_EQ(aclrtFree(first), ACL_SUCCESS);
  EXPECT_TRUE(Malloc(1 << 20) == first);
}

TEST(large_freed_device_memory_goes_back_to_the_system) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  const auto blocks = [] {
    struct stat status;
    EXPECT_EQ(fstat(Heap().fd, &status), 0);
    return status.st_blocks;
  };
  const size_t bytes = 128 << 20;
  uint8_t* memory = Malloc(bytes);
  std::memset(memory, 1, bytes);
  EXPECT_TRUE(blocks() >= static_cast<blkcnt_t>(bytes / 512));
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  EXPECT_TRUE(blocks() < static_cast<blkcnt_t>(bytes / 512 / 2));
}

TEST(allocations_in_any_order_do_not_overlap) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  std::mt19937 random(7);
  struct Block {
    uint8_t* memory;
    size_t bytes;
    uint8_t mark;
  };
  std::vector<Block> blocks;
  for (int step = 0; step < 2000; ++step) {
    if (blocks.size() < 40 || random() % 2 == 0) {
      const size_t bytes = 1 + random() % 20000;
      const Block block = {Malloc(bytes), bytes, static_cast<uint8_t>(random())};
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block.memory) % 512, uintptr_t{0});
      std::memset(block.memory, block.mark, bytes);
      blocks.push_back(block);
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block& block = blocks.back();
      for (size_t i = 0; i < block.bytes; i += 97) {
        if (block.memory[i] != block.mark) EXPECT_EQ(int{block.memory[i]}, int{block.mark});
      }
      EXPECT_EQ(aclrtFree(block.memory), ACL_SUCCESS);
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) EXPECT_EQ(aclrtFree(block.memory), ACL_SUCCESS);
}
