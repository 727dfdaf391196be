// SPDX-License-Identifier: Apache-2.0
// Counters, the cost model and the timeline of Ascend C on the CPU.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"
#include "cost_model.h"
#include "trace.h"

using namespace AscendC;

namespace {

// Rows in, one added, rows out, with so many buffers per queue.
class RowTest : public KernelTest {
 public:
  static constexpr uint32_t kRow = 1024;
  static constexpr uint64_t kRows = 8;

  RowTest() : from(kRow * kRows), to(kRow * kRows) {
    launch.checked = false;
    launch.counted = true;
    Tensor("from", &from, false);
    Tensor("to", &to, true);
  }
  template <int buffers>
  KernelRun RunRows() {
    return Run([&] {
      TPipe pipe;
      TQue<TPosition::VECIN, buffers> in;
      TQue<TPosition::VECOUT, buffers> out;
      pipe.InitBuffer(in, buffers, kRow * sizeof(float));
      pipe.InitBuffer(out, buffers, kRow * sizeof(float));
      for (uint64_t row = 0; row < kRows; ++row) {
        LocalTensor<float> x = in.template AllocTensor<float>();
        DataCopy(x, Global(from, row * kRow), kRow);
        in.EnQue(x);
        x = in.template DeQue<float>();
        LocalTensor<float> y = out.template AllocTensor<float>();
        Adds(y, x, 1.0f, kRow);
        in.FreeTensor(x);
        out.EnQue(y);
        y = out.template DeQue<float>();
        DataCopy(Global(to, row * kRow), y, kRow);
        out.FreeTensor(y);
      }
    });
  }
  std::vector<float> from;
  std::vector<float> to;
};

}  // namespace

TEST(ascendc_cost_model_has_the_public_rates) {
  using host_ascendc::Route;
  EXPECT_EQ(host_ascendc::CopyCycles(Route::kGmToUb, 320), 10.0);
  EXPECT_EQ(host_ascendc::CopyCycles(Route::kUbToGm, 33), 2.0);
  EXPECT_EQ(host_ascendc::CopyCycles(Route::kUbToUb, 1024), 4.0);
  EXPECT_EQ(host_ascendc::VectorCycles("Add", 4, 7168), 112.0);
  EXPECT_EQ(host_ascendc::VectorCycles("Add", 2, 7168), 56.0);
  EXPECT_EQ(host_ascendc::VectorCycles("Div", 4, 7168), 224.0);
  EXPECT_EQ(host_ascendc::VectorCycles("MulAddDst", 4, 64), 2.0);
  EXPECT_EQ(host_ascendc::VectorCycles("WholeReduceSum", 4, 64), 7.0);
}

TEST(ascendc_counters_of_a_launch) {
  RowTest test;
  test.launch.cores = 1;
  const KernelRun run = test.RunRows<2>();
  EXPECT_PASSES(run);
  const host_ascendc::Counters& total = run.report.total;
  EXPECT_EQ(total.gm_read_bytes, 8u * 4096);
  EXPECT_EQ(total.gm_written_bytes, 8u * 4096);
  EXPECT_EQ(total.instructions[1], 8u);
  EXPECT_EQ(total.instructions[2], 8u);
  EXPECT_EQ(total.instructions[3], 8u);
  EXPECT_EQ(total.busy_cycles[1], 8u * 16);
  EXPECT_EQ(total.busy_cycles[2], 8u * 128);
  EXPECT_EQ(total.busy_cycles[3], 8u * 128);
  EXPECT_EQ(total.peak_ub_bytes, 4u * 4096);
  EXPECT_TEXT_HAS(run.report.Json("rows", 5), "\"MTE2\":{\"instructions\":8,\"busy_cycles\":1024}");
  EXPECT_TEXT_HAS(run.report.Json("rows", 5), "{\"kernel\":\"rows\",\"rank\":5,\"microseconds\":");
}

TEST(ascendc_two_buffers_overlap_and_one_does_not) {
  RowTest test;
  const uint64_t one = test.RunRows<1>().report.total.cycles;
  const uint64_t two = test.RunRows<2>().report.total.cycles;
  // One buffer each: a row comes in while the row before it goes out, but not while it is added.
  EXPECT_TRUE(one >= 8 * (128 + 16));
  // Two: the copies never wait for the vector unit but at the begin and the end.
  EXPECT_TRUE(two >= 9 * 128 + 16);
  EXPECT_TRUE(two <= 9 * 128 + 16 + 20);
  EXPECT_TRUE(two < one);
}

TEST(ascendc_cores_count_for_themselves) {
  RowTest test;
  test.launch.cores = 3;
  std::vector<float> own(3 * 64);
  test.Tensor("own", &own, true);
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 256);
    for (int64_t i = 0; i <= GetBlockIdx(); ++i) {
      Duplicate(buffer.Get<float>(), 1.0f, 64);
      PipeBarrier<PIPE_V>();
    }
  });
  REQUIRE(run.report.cores.size() == 3);
  for (uint64_t core = 0; core < 3; ++core) {
    EXPECT_EQ(run.report.cores[core].instructions[1], core + 1);
  }
  EXPECT_EQ(run.report.total.instructions[1], 6u);
}

TEST(ascendc_sync_all_waits_in_the_model_too) {
  KernelTest test;
  test.launch.checked = false;
  test.launch.counted = true;
  test.launch.cores = 2;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 64 * 1024);
    if (GetBlockIdx() == 0) Duplicate(buffer.Get<float>(), 1.0f, 16384);
    SyncAll();
    Duplicate(buffer.Get<float>(), 1.0f, 64);
  });
  EXPECT_TRUE(run.report.cores[1].cycles >= 256);
  EXPECT_EQ(run.report.cores[1].busy_cycles[1], 1u);
}

TEST(ascendc_status_words_wait_in_the_model_too) {
  KernelTest test;
  test.launch.checked = false;
  test.launch.counted = true;
  test.launch.cores = 2;
  std::vector<int32_t> status(8);
  test.Tensor("status", &status, true, host_ascendc::Kind::kStatus);
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer, flag_buffer;
    pipe.InitBuffer(buffer, 64 * 1024);
    pipe.InitBuffer(flag_buffer, 32);
    LocalTensor<int32_t> flag = flag_buffer.Get<int32_t>();
    if (GetBlockIdx() == 1) {
      Duplicate(buffer.Get<float>(), 1.0f, 16384);  // 256 cycles
      Duplicate(flag, int32_t{1}, 8);
      Order<HardEvent::V_MTE3>();
      DataCopy(Global(status), flag, 8);
      return;
    }
    for (bool raised = false; !raised;) {
      DataCopy(flag, Global(status), 8);
      Order<HardEvent::MTE2_S>();
      raised = flag.GetValue(0) == 1;
      Order<HardEvent::S_MTE2>();
    }
  });
  EXPECT_PASSES(run);
  EXPECT_TRUE(run.report.cores[0].cycles > 256);
  EXPECT_TRUE(run.report.cores[0].cycles < 300);
}

TEST(ascendc_status_words_of_an_earlier_launch_take_no_time) {
  KernelTest test;
  std::vector<int32_t> status(8);
  test.Tensor("status", &status, true, host_ascendc::Kind::kStatus);
  const KernelRun late = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 64 * 1024);
    Duplicate(buffer.Get<int32_t>(), 1, 16384);  // 256 cycles
    Order<HardEvent::V_MTE3>();
    DataCopy(Global(status), buffer.Get<int32_t>(), 8);
  });
  EXPECT_PASSES(late);
  EXPECT_TRUE(late.report.total.cycles > 256);
  const KernelRun early = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 32);
    DataCopy(buffer.Get<int32_t>(), Global(status), 8);
  });
  EXPECT_PASSES(early);
  EXPECT_TRUE(early.report.total.cycles < 20);
}

TEST(ascendc_timeline_keeps_pipes_in_order) {
  RowTest test;
  host_ascendc::Trace trace;
  test.launch.trace = &trace;
  EXPECT_PASSES(test.RunRows<2>());
  uint64_t ends[4] = {};
  for (const host_ascendc::Trace::Event& event : trace.events()) {
    uint64_t& end = ends[host_ascendc::Index(event.pipe)];
    EXPECT_TRUE(event.start >= end);
    end = event.start + event.cycles;
  }
  EXPECT_EQ(trace.events().size(), 24u);
  const std::string json = trace.Json("rows", 2);
  EXPECT_TEXT_HAS(json, "\"name\":\"rank 2 core 0\"");
  EXPECT_TEXT_HAS(json, "\"name\":\"Adds\",\"pid\":0,\"tid\":1");
  EXPECT_TEXT_HAS(json, "\"at\":\"test_ascendc_model.cpp:");
  EXPECT_EQ(std::count(json.begin(), json.end(), '{'), std::count(json.begin(), json.end(), '}'));
}

TEST(ascendc_timeline_is_written_to_a_file) {
  RowTest test;
  host_ascendc::Trace trace;
  test.launch.trace = &trace;
  EXPECT_PASSES(test.RunRows<2>());
  std::string error;
  EXPECT_FALSE(trace.Write("/nowhere/at/all.json", "rows", 0, &error));
  EXPECT_TEXT_HAS(error, "/nowhere/at/all.json: No such file or directory");
  char path[] = "/tmp/ascendc_trace_XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  EXPECT_TRUE(trace.Write(path, "rows", 0, &error));
  std::string text(1 << 16, '\0');
  std::FILE* written = std::fopen(path, "r");
  text.resize(std::fread(text.data(), 1, text.size(), written));
  std::fclose(written);
  unlink(path);
  EXPECT_TRUE(text == trace.Json("rows", 0));
}
