// SPDX-License-Identifier: Apache-2.0
// Cores of a rank and ranks of a process in Ascend C on the CPU: meeting, status words, the data
// cache.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"

using namespace AscendC;
using host_ascendc::Kind;

namespace {

std::string At(int line) { return "test_ascendc_cores.cpp:" + std::to_string(line); }

// A word of a status area: 32 bytes.
constexpr uint32_t kFlag = 8;

// Two ranks with a window and status words each; a rank is a thread.
class TwoRanks {
 public:
  TwoRanks() {
    for (int rank = 0; rank < 2; ++rank) {
      window_[rank].assign(64, 0.0f);
      status_[rank].assign(64, 0);
    }
  }
  ~TwoRanks() {
    for (const host_ascendc::GmRegion& region : tests_[0].launch.regions) ForgetMemory(region);
  }

  // body(rank, UB of 2048 bytes), once per rank and core.
  std::vector<KernelRun> Run(const std::function<void(int, LocalTensor<float>)>& body,
                             uint32_t cores = 1) {
    std::vector<KernelRun> runs(2);
    std::vector<std::thread> threads;
    std::atomic<bool> failed{false};
    for (int rank = 0; rank < 2; ++rank) {
      threads.emplace_back([&, rank] {
        KernelTest& test = tests_[rank];
        test.launch.rank = static_cast<uint32_t>(rank);
        test.launch.device = 70 + static_cast<uint64_t>(rank);
        test.launch.cores = cores;
        test.launch.regions.clear();
        for (int of = 0; of < 2; ++of) {
          test.launch.regions.push_back({"window of rank " + std::to_string(of),
                                         reinterpret_cast<uint8_t*>(window_[of].data()), 256, true,
                                         Kind::kWindow, static_cast<uint32_t>(of), 0});
          test.launch.regions.push_back({"status of rank " + std::to_string(of),
                                         reinterpret_cast<uint8_t*>(status_[of].data()), 256, true,
                                         Kind::kStatus, static_cast<uint32_t>(of), 0});
        }
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        test.launch.wait = [&failed, deadline](const host_ascendc::Waiting&, std::string* why) {
          *why = "the other rank does not come";
          std::this_thread::sleep_for(std::chrono::microseconds(200));
          return !failed && std::chrono::steady_clock::now() < deadline;
        };
        runs[static_cast<size_t>(rank)] = test.Run([&] {
          TPipe pipe;
          TBuf<> buffer;
          pipe.InitBuffer(buffer, 2048);
          body(rank, buffer.Get<float>());
        });
        if (!runs[static_cast<size_t>(rank)].passed) failed = true;
      });
    }
    for (std::thread& thread : threads) thread.join();
    return runs;
  }

  GlobalTensor<float> Window(int rank, uint64_t offset = 0) {
    return Global(window_[rank], offset);
  }
  GlobalTensor<int32_t> Status(int rank, uint64_t flag = 0) {
    return Global(status_[rank], flag * kFlag);
  }

 private:
  std::vector<float> window_[2];
  std::vector<int32_t> status_[2];
  KernelTest tests_[2];
};

// For the other rank's thread, which may have failed.
void WaitFor(const std::atomic<bool>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!done && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
}

// Raises a flag of one in the status words of a rank. UB from `at` on is free for it.
void Raise(const GlobalTensor<int32_t>& flag, const LocalTensor<float>& at) {
  LocalTensor<int32_t> one = at.ReinterpretCast<int32_t>();
  Duplicate(one, int32_t{1}, kFlag);
  Order<HardEvent::V_MTE3>();
  DataCopy(flag, one, kFlag);
}

// Polls until the flag is one.
void Await(const GlobalTensor<int32_t>& flag, const LocalTensor<float>& at,
           host_ascendc::Place place = host_ascendc::Place()) {
  LocalTensor<int32_t> seen = at.ReinterpretCast<int32_t>();
  while (true) {
    DataCopy(seen, flag, kFlag, place);
    Order<HardEvent::MTE2_S>();
    const bool raised = seen.GetValue(0) == 1;
    Order<HardEvent::S_MTE2>();
    if (raised) return;
  }
}

}  // namespace

TEST(ascendc_sync_all_orders_the_cores_of_a_rank) {
  for (const bool right : {true, false}) {
    int line = 0;
    KernelTest test;
    test.launch.cores = 4;
    std::vector<int32_t> shared(4 * 8), sums(4 * 8);
    test.Tensor("shared", &shared, true);
    test.Tensor("sums", &sums, true);
    const KernelRun run = test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 256);
      LocalTensor<int32_t> local = buffer.Get<int32_t>();
      const auto core = static_cast<int32_t>(GetBlockIdx());
      Duplicate(local, core + 1, 8);
      Order<HardEvent::V_MTE3>();
      DataCopy(Global(shared, static_cast<uint64_t>(core) * 8), local, 8);
      if (right) SyncAll();
      Order<HardEvent::MTE3_MTE2>();
      line = __LINE__ + 1;
      DataCopy(local, Global(shared, static_cast<uint64_t>((core + 3) % 4) * 8), 8);
      Order<HardEvent::MTE2_MTE3>();
      DataCopy(Global(sums, static_cast<uint64_t>(core) * 8), local, 8);
    });
    if (right) {
      EXPECT_PASSES(run);
      EXPECT_EQ(sums[0], 4);
      EXPECT_EQ(sums[8], 1);
    } else {
      EXPECT_FAILS_AT(run, line, "by core 0, and nothing orders the two: it needs SyncAll");
    }
  }
}

TEST(ascendc_sync_all_that_a_core_does_not_reach_is_refused) {
  int line = 0;
  KernelTest test;
  test.launch.cores = 3;
  const KernelRun run = test.Run([&] {
    if (GetBlockIdx() == 1) return;
    line = __LINE__ + 1;
    SyncAll();
  });
  EXPECT_FAILS_AT(run, line, "core 0 of rank 0 waits in SyncAll, with 2 of 3 cores waiting");
}

TEST(ascendc_rows_and_flags_between_ranks) {
  TwoRanks ranks;
  for (int launch = 0; launch < 3; ++launch) {
    const std::vector<KernelRun> runs = ranks.Run([&](int rank, LocalTensor<float> local) {
      const int peer = 1 - rank;
      Duplicate(local, static_cast<float>(rank + 10 * launch), 16);
      Order<HardEvent::V_MTE3>();
      DataCopy(ranks.Window(peer, static_cast<uint64_t>(launch) * 16), local, 16);
      PipeBarrier<PIPE_MTE3>();
      Raise(ranks.Status(peer, static_cast<uint64_t>(launch)), local[64]);
      Await(ranks.Status(rank, static_cast<uint64_t>(launch)), local[128]);
      DataCopy(local[192], ranks.Window(rank, static_cast<uint64_t>(launch) * 16), 16);
      Order<HardEvent::MTE2_S>();
      EXPECT_EQ(local[192].GetValue(15), static_cast<float>(peer + 10 * launch));
    });
    EXPECT_PASSES(runs[0]);
    EXPECT_PASSES(runs[1]);
  }
}

TEST(ascendc_flag_that_may_overtake_its_row_is_refused) {
  int line = 0, earlier = 0;
  TwoRanks ranks;
  const std::vector<KernelRun> runs = ranks.Run([&](int rank, LocalTensor<float> local) {
    if (rank == 0) {
      Duplicate(local, 1.0f, 16);
      Order<HardEvent::V_MTE3>();
      earlier = __LINE__ + 1;
      DataCopy(ranks.Window(1), local, 16);
      Raise(ranks.Status(1), local[64]);
      return;
    }
    Await(ranks.Status(1), local[128]);
    line = __LINE__ + 1;
    DataCopy(local[192], ranks.Window(1), 16);
  });
  EXPECT_PASSES(runs[0]);
  EXPECT_FAILS_AT(runs[1], line, "reads window of rank 1 at byte 0");
  EXPECT_TEXT_HAS(runs[1].error, At(earlier) + " by core 0 of rank 0");
  EXPECT_TEXT_HAS(runs[1].error, "a status word that the other rank writes after its PipeBarrier");
}

TEST(ascendc_row_read_without_its_flag_is_refused) {
  int line = 0;
  TwoRanks ranks;
  const std::vector<KernelRun> runs = ranks.Run([&](int rank, LocalTensor<float> local) {
    if (rank == 0) {
      Duplicate(local, 1.0f, 16);
      Order<HardEvent::V_MTE3>();
      DataCopy(ranks.Window(1), local, 16);
      PipeBarrier<PIPE_MTE3>();
      Raise(ranks.Status(1, 1), local[64]);
      Raise(ranks.Status(0, 1), local[64 + 8]);
      return;
    }
    Await(ranks.Status(1, 1), local[128]);
    // Its own flag, but the row of someone who has only begun.
    DataCopy(local[192], ranks.Window(1), 16);
  });
  EXPECT_PASSES(runs[0]);
  EXPECT_PASSES(runs[1]);
  TwoRanks others;
  std::atomic<bool> written{false};
  const std::vector<KernelRun> wrong = others.Run([&](int rank, LocalTensor<float> local) {
    if (rank == 0) {
      Duplicate(local, 1.0f, 16);
      Order<HardEvent::V_MTE3>();
      DataCopy(others.Window(1), local, 16);
      written = true;
      return;
    }
    WaitFor(written);
    line = __LINE__ + 1;
    DataCopy(local[192], others.Window(1), 16);
  });
  EXPECT_FAILS_AT(wrong[1], line, "nothing orders the two");
}

TEST(ascendc_row_read_before_its_flag_was_looked_at_is_refused) {
  // The copy of the row starts behind that of the flag, and may be the first to arrive.
  int line = 0;
  TwoRanks ranks;
  std::atomic<bool> written{false};
  const std::vector<KernelRun> runs = ranks.Run([&](int rank, LocalTensor<float> local) {
    if (rank == 0) {
      Duplicate(local, 1.0f, 16);
      Order<HardEvent::V_MTE3>();
      DataCopy(ranks.Window(1), local, 16);
      PipeBarrier<PIPE_MTE3>();
      Raise(ranks.Status(1), local[64]);
      written = true;
      return;
    }
    WaitFor(written);
    DataCopy(local[128].ReinterpretCast<int32_t>(), ranks.Status(1), kFlag);
    line = __LINE__ + 1;
    DataCopy(local[192], ranks.Window(1), 16);
  });
  EXPECT_FAILS_AT(runs[1], line, "reads window of rank 1 at byte 0");
}

TEST(ascendc_window_used_again_too_early_is_refused) {
  // Rank 0 writes the row a second time without hearing that rank 1 has read the first.
  int line = 0;
  TwoRanks ranks;
  std::atomic<bool> read{false};
  const std::vector<KernelRun> runs = ranks.Run([&](int rank, LocalTensor<float> local) {
    if (rank == 0) {
      Duplicate(local, 1.0f, 16);
      Order<HardEvent::V_MTE3>();
      DataCopy(ranks.Window(1), local, 16);
      PipeBarrier<PIPE_MTE3>();
      Raise(ranks.Status(1), local[64]);
      WaitFor(read);
      line = __LINE__ + 1;
      DataCopy(ranks.Window(1), local, 16);
      return;
    }
    Await(ranks.Status(1), local[128]);
    DataCopy(local[192], ranks.Window(1), 16);
    read = true;
  });
  EXPECT_FAILS_AT(runs[0], line,
                  "writes window of rank 1 at byte 0, which DataCopy on pipe MTE2 reads");
  EXPECT_TEXT_HAS(runs[0].error, "by core 0 of rank 1");
}

TEST(ascendc_wait_for_a_flag_that_nobody_raises_ends) {
  int line = 0;
  KernelTest test;
  test.launch.cores = 2;
  std::vector<int32_t> status(16);
  test.Tensor("status", &status, true, Kind::kStatus);
  KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 256);
    if (GetBlockIdx() == 0) return;
    line = __LINE__ + 1;
    Await(Global(status, 8), buffer.Get<float>());
  });
  EXPECT_FAILS_AT(run, line,
                  "core 1 of rank 0 waits for a change of status at byte 32, with 1 of 2 cores "
                  "waiting: no other core or rank can write it");
  test.launch.wait = [](const host_ascendc::Waiting& waiting, std::string* why) {
    *why = "rank 3 is gone";
    return waiting.size() != 1 || waiting[0].core != 1 || waiting[0].offset != 32;
  };
  run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 256);
    if (GetBlockIdx() == 0) return;
    line = __LINE__ + 1;
    Await(Global(status, 8), buffer.Get<float>());
  });
  EXPECT_FAILS_AT(run, line, "rank 3 is gone");
}

TEST(ascendc_wait_for_what_is_no_status_word_ends) {
  for (const bool in_ub : {true, false}) {
    int line = 0;
    KernelTest test;
    test.launch.checked = false;
    test.launch.patience_seconds = 0.05;
    std::vector<int32_t> window(8);
    test.Tensor("window", &window, true, Kind::kWindow);
    const KernelRun run = test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 32);
      LocalTensor<int32_t> seen = buffer.Get<int32_t>();
      Duplicate(seen, int32_t{0}, 8);
      if (in_ub) {
        line = __LINE__ + 1;
        while (seen.GetValue(0) == 0) continue;
      }
      line = __LINE__ + 1;
      while (true) DataCopy(seen, Global(window), 8);
    });
    EXPECT_FAILS_AT(run, line,
                    "without giving way: a loop without end, or a wait for something that is no "
                    "status word");
  }
}

TEST(ascendc_word_looked_at_twice_is_not_a_wait) {
  KernelTest test;
  std::vector<int32_t> status(16);
  test.Tensor("status", &status, true, Kind::kStatus);
  EXPECT_PASSES(test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 256);
    LocalTensor<int32_t> seen = buffer.Get<int32_t>();
    for (int i = 0; i < 3; ++i) {
      DataCopy(seen, Global(status), 8);
      Order<HardEvent::MTE2_S>();
      seen.GetValue(0);
      Order<HardEvent::S_MTE2>();
    }
  }));
}

TEST(ascendc_core_waits_for_another_core_through_a_status_word) {
  for (const bool checked : {true, false}) {
    KernelTest test;
    test.launch.cores = 3;
    test.launch.checked = checked;
    std::vector<int32_t> status(16);
    std::vector<float> data(8);
    test.Tensor("status", &status, true, Kind::kStatus);
    test.Tensor("data", &data, true);
    EXPECT_PASSES(test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 1024);
      LocalTensor<float> local = buffer.Get<float>();
      if (GetBlockIdx() == 2) {
        Duplicate(local, 5.0f, 8);
        Order<HardEvent::V_MTE3>();
        DataCopy(Global(data), local, 8);
        PipeBarrier<PIPE_MTE3>();
        Raise(Global(status), local[64]);
        return;
      }
      Await(Global(status), local);
      DataCopy(local[64], Global(data), 8);
      Order<HardEvent::MTE2_S>();
      EXPECT_EQ(local[64].GetValue(7), 5.0f);
    }));
  }
}

TEST(ascendc_core_may_send_rows_to_itself) {
  for (const bool right : {true, false}) {
    int line = 0;
    KernelTest test;
    std::vector<int32_t> status(16);
    std::vector<float> window(8);
    test.Tensor("status", &status, true, Kind::kStatus);
    test.Tensor("window", &window, true, Kind::kWindow);
    const KernelRun run = test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 1024);
      LocalTensor<float> local = buffer.Get<float>();
      Duplicate(local, 5.0f, 8);
      Order<HardEvent::V_MTE3>();
      DataCopy(Global(window), local, 8);
      if (right) PipeBarrier<PIPE_MTE3>();
      Raise(Global(status), local[64]);
      Await(Global(status), local[128]);
      line = __LINE__ + 1;
      DataCopy(local[192], Global(window), 8);
    });
    if (right) {
      EXPECT_PASSES(run);
    } else {
      EXPECT_FAILS_AT(run, line, "DataCopy on pipe MTE2 reads window at byte 0");
    }
    ForgetMemory(test.launch.regions[1]);
  }
}

TEST(ascendc_flag_lowered_right_behind_its_raising_is_refused) {
  int line = 0;
  KernelTest test;
  std::vector<int32_t> status(16);
  test.Tensor("status", &status, true, Kind::kStatus);
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 1024);
    LocalTensor<float> local = buffer.Get<float>();
    Duplicate(local, 0.0f, 8);
    Raise(Global(status), local[64]);
    line = __LINE__ + 1;
    DataCopy(Global(status), local.ReinterpretCast<int32_t>(), 8);
  });
  EXPECT_FAILS_AT(run, line, "writes status at byte 0, which DataCopy on pipe MTE3 wrote");
}

TEST(ascendc_scalar_read_of_what_another_core_wrote_needs_a_cache_clean) {
  for (const bool right : {true, false}) {
    int line = 0;
    KernelTest test;
    test.launch.cores = 2;
    std::vector<int32_t> counts(32);
    test.Tensor("counts", &counts, true);
    const KernelRun run = test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 256);
      LocalTensor<int32_t> local = buffer.Get<int32_t>();
      if (GetBlockIdx() == 0) {
        Duplicate(local, int32_t{7}, 8);
        Order<HardEvent::V_MTE3>();
        DataCopy(Global(counts), local, 8);
      }
      SyncAll();
      if (GetBlockIdx() == 1) {
        if (right) {
          DataCacheCleanAndInvalid<int32_t, CacheLine::SINGLE_CACHE_LINE, DcciDst::CACHELINE_OUT>(
              Global(counts));
        }
        line = __LINE__ + 1;
        EXPECT_EQ(Global(counts).GetValue(3), 7);
      }
    });
    if (right) {
      EXPECT_PASSES(run);
    } else {
      EXPECT_FAILS_AT(run, line, "GetValue reads counts at byte 12 through the data cache");
      EXPECT_TEXT_HAS(run.error, "since this core's last DataCacheCleanAndInvalid of that line");
    }
  }
}

TEST(ascendc_whole_cache_can_be_cleaned_at_once) {
  KernelTest test;
  test.launch.cores = 2;
  std::vector<int32_t> counts(32);
  test.Tensor("counts", &counts, true);
  EXPECT_PASSES(test.Run([&] {
    const auto core = static_cast<uint64_t>(GetBlockIdx());
    if (core == 0) Global(counts).SetValue(20, 7);
    DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(Global(counts));
    SyncAll();
    DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(Global(counts));
    EXPECT_EQ(Global(counts).GetValue(20), 7);
  }));
}

TEST(ascendc_scalar_write_needs_a_cache_clean) {
  int line = 0;
  KernelTest test;
  std::vector<int32_t> counts(32);
  test.Tensor("counts", &counts, true);
  const auto run_with = [&](bool clean, bool read) {
    return test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 256);
      if (!read) line = __LINE__ + 1;
      Global(counts).SetValue(2, 9);
      if (clean) {
        DataCacheCleanAndInvalid<int32_t, CacheLine::ENTIRE_DATA_CACHE>(Global(counts));
      }
      if (!read) return;
      Order<HardEvent::S_MTE2>();
      line = __LINE__ + 1;
      DataCopy(buffer.Get<int32_t>(), Global(counts), 8);
    });
  };
  EXPECT_PASSES(run_with(true, true));
  EXPECT_EQ(counts[2], 9);
  EXPECT_FAILS_AT(run_with(false, true), line, "left in the data cache of core 0");
  EXPECT_FAILS_AT(run_with(false, false), line,
                  "SetValue to counts is not followed by DataCacheCleanAndInvalid");
}

TEST(ascendc_scalar_writes_of_two_cores_into_one_cache_line_are_refused) {
  int line = 0;
  KernelTest test;
  test.launch.cores = 2;
  std::vector<int32_t> storage(64);
  // The line begins at a multiple of 64 bytes.
  const uint64_t first = (64 - reinterpret_cast<uintptr_t>(storage.data()) % 64) % 64 / 4;
  test.Tensor("storage", &storage, true);
  const KernelRun run = test.Run([&] {
    line = __LINE__ + 1;
    Global(storage, first).SetValue(static_cast<uint64_t>(GetBlockIdx()), 1);
    DataCacheCleanAndInvalid<int32_t, CacheLine::SINGLE_CACHE_LINE>(Global(storage, first));
  });
  EXPECT_FAILS_AT(run, line, "of the same cache line of 64 bytes");
}

TEST(ascendc_launches_of_a_rank_follow_one_another) {
  KernelTest test;
  test.launch.cores = 3;
  std::vector<float> window(64);
  test.Tensor("window", &window, true, Kind::kWindow);
  for (int launch = 0; launch < 3; ++launch) {
    EXPECT_PASSES(test.Run([&] {
      if (GetBlockIdx() != launch) return;  // what one core wrote another one reads
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 256);
      LocalTensor<float> local = buffer.Get<float>();
      DataCopy(local, Global(window), 64);
      Order<HardEvent::MTE2_MTE3>();
      DataCopy(Global(window), local, 64);
    }));
  }
  ForgetMemory(test.launch.regions[0]);
}

TEST(ascendc_too_many_cores_are_refused) {
  KernelTest test;
  test.launch.cores = 65;
  const KernelRun run = test.Run([] {});
  EXPECT_FALSE(run.passed);
  EXPECT_TEXT_HAS(run.error, "tested: 65 cores, want 1 to 64");
}
