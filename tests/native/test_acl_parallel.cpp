// SPDX-License-Identifier: Apache-2.0
// Parallel loops.
#include <thread>

#include "check.h"
#include "stream_work.h"

namespace {

using Counts = std::vector<std::atomic<uint32_t>>;

void Count(void* state, uint32_t index) { ++(*static_cast<Counts*>(state))[index]; }

void ExpectEachOnce(uint32_t count, uint32_t cores) {
  Counts counts(count);
  HostParallelFor(count, cores, Count, &counts);
  for (uint32_t i = 0; i < count; ++i) EXPECT_EQ(counts[i].load(), 1u);
}

}  // namespace

TEST(loop_calls_each_index_once) {
  for (const uint32_t count : {0u, 1u, 2u, 3u, 100u, 1000u}) {
    for (const uint32_t cores : {0u, 1u, 2u, 5u, 64u}) ExpectEachOnce(count, cores);
  }
}

TEST(loop_on_one_core_stays_on_its_caller) {
  std::thread::id ran_on;
  const auto body = [](void* state, uint32_t) {
    *static_cast<std::thread::id*>(state) = std::this_thread::get_id();
  };
  HostParallelFor(3, 1, body, &ran_on);
  EXPECT_TRUE(ran_on == std::this_thread::get_id());
  ran_on = {};
  HostParallelFor(1, 8, body, &ran_on);
  EXPECT_TRUE(ran_on == std::this_thread::get_id());
}

TEST(loop_results_are_visible_to_its_caller) {
  struct Sums {
    uint64_t of[64];
  } sums{};
  for (uint64_t round = 1; round <= 200; ++round) {
    HostParallelFor(
        64, 8, [](void* state, uint32_t i) { static_cast<Sums*>(state)->of[i] += i; }, &sums);
    EXPECT_EQ(sums.of[63], 63 * round);
  }
}

TEST(loops_within_loops_are_complete) {
  struct Outer {
    Counts counts = Counts(8 * 16);
  } outer;
  HostParallelFor(
      8, 4,
      [](void* state, uint32_t i) {
        struct Inner {
          Outer* outer;
          uint32_t i;
        } inner{static_cast<Outer*>(state), i};
        HostParallelFor(
            16, 4,
            [](void* state, uint32_t j) {
              auto* const inner = static_cast<Inner*>(state);
              ++inner->outer->counts[inner->i * 16 + j];
            },
            &inner);
      },
      &outer);
  for (const auto& count : outer.counts) EXPECT_EQ(count.load(), 1u);
}

TEST(loops_of_many_threads_are_complete) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([] {
      for (int round = 0; round < 50; ++round) ExpectEachOnce(33, 4);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(loop_uses_several_threads_where_there_are_cores) {
  if (HostCoreCount() < 2) return;
  struct Meeting {
    std::atomic<uint32_t> present{0};
    std::atomic<bool> met{false};
  } meeting;
  HostParallelFor(
      2, 2,
      [](void* state, uint32_t) {
        auto* const meeting = static_cast<Meeting*>(state);
        ++meeting->present;
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (meeting->present < 2 && std::chrono::steady_clock::now() < end) {
          std::this_thread::yield();
        }
        if (meeting->present == 2) meeting->met = true;
      },
      &meeting);
  EXPECT_TRUE(meeting.met.load());
}

TEST(core_count_can_be_set) {
  setenv("ACLNN_MOE_HOST_CORES", "7", 1);
  EXPECT_EQ(HostCoreCount(), 7u);
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
}

TEST(core_count_of_zero_is_an_error) {
  setenv("ACLNN_MOE_HOST_CORES", "0", 1);
  EXPECT_EQ(aclrtSetDevice(0), ACL_ERROR_RT_NO_DEVICE);
  EXPECT_TEXT_HAS(RecentText(), "ACLNN_MOE_HOST_CORES is '0', want a number from 1 to 1024");
}

TEST(core_count_is_at_least_one) { EXPECT_TRUE(HostCoreCount() >= 1); }
