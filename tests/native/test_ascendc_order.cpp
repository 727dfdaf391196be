// SPDX-License-Identifier: Apache-2.0
// Missing order between instructions: each program is shown right and with one thing left out.
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"

using namespace AscendC;

namespace {

class OrderTest : public KernelTest {
 public:
  OrderTest() : from(256, 1.0f), to(256), work(256) {
    Tensor("from", &from, false);
    Tensor("to", &to, true);
    Tensor("work", &work, true);
  }
  // Runs body(buffer of 1024 bytes, whether it shall be right), right and wrong.
  template <typename Body>
  KernelRun RightThenWrong(Body body) {
    const auto with = [&](bool right) {
      return Run([&] {
        TPipe pipe;
        TBuf<> buffer;
        pipe.InitBuffer(buffer, 1024);
        body(buffer.Get<float>(), right);
      });
    };
    EXPECT_PASSES(with(true));
    return with(false);
  }
  std::vector<float> from;
  std::vector<float> to;
  std::vector<float> work;
  int line = 0;
  int earlier = 0;
};

std::string At(int line) { return "test_ascendc_order.cpp:" + std::to_string(line); }

}  // namespace

TEST(ascendc_vector_that_reads_what_a_copy_brings_needs_a_flag) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    test.earlier = __LINE__ + 1;
    DataCopy(local, Global(test.from), 64);
    if (right) Order<HardEvent::MTE2_V>();
    test.line = __LINE__ + 1;
    Adds(local[64], local, 1.0f, 64);
  });
  EXPECT_FAILS_AT(run, test.line,
                  "Adds on pipe V reads UB at byte 0, which DataCopy on pipe MTE2 wrote");
  EXPECT_TEXT_HAS(run.error, At(test.earlier));
  EXPECT_TEXT_HAS(run.error, "SetFlag and WaitFlag of HardEvent::MTE2_V are missing");
}

TEST(ascendc_copy_into_what_a_vector_reads_needs_a_flag) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    DataCopy(local, Global(test.from), 64);
    Order<HardEvent::MTE2_V>();
    test.earlier = __LINE__ + 1;
    Adds(local[64], local, 1.0f, 64);
    if (right) Order<HardEvent::V_MTE2>();
    test.line = __LINE__ + 1;
    DataCopy(local, Global(test.from), 64);
  });
  EXPECT_FAILS_AT(run, test.line,
                  "DataCopy on pipe MTE2 writes UB at byte 0, which Adds on pipe V reads");
  EXPECT_TEXT_HAS(run.error, At(test.earlier));
  EXPECT_TEXT_HAS(run.error, "HardEvent::V_MTE2");
}

TEST(ascendc_copy_over_what_a_vector_wrote_needs_a_flag) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    Duplicate(local, 0.0f, 64);
    if (right) Order<HardEvent::V_MTE2>();
    test.line = __LINE__ + 1;
    DataCopy(local, Global(test.from), 8);
  });
  EXPECT_FAILS_AT(run, test.line, "writes UB at byte 0, which Duplicate on pipe V wrote");
}

TEST(ascendc_copy_out_of_what_a_vector_wrote_needs_a_flag) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    Duplicate(local, 3.0f, 64);
    if (right) Order<HardEvent::V_MTE3>();
    test.line = __LINE__ + 1;
    DataCopy(Global(test.to), local, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::V_MTE3 are missing");
}

TEST(ascendc_vector_over_what_a_copy_takes_out_needs_a_flag) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    Duplicate(local, 3.0f, 64);
    Order<HardEvent::V_MTE3>();
    DataCopy(Global(test.to), local, 64);
    if (right) Order<HardEvent::MTE3_V>();
    test.line = __LINE__ + 1;
    Duplicate(local, 4.0f, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::MTE3_V are missing");
}

TEST(ascendc_dependent_vectors_need_a_barrier) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    Duplicate(local, 3.0f, 64);
    if (right) PipeBarrier<PIPE_V>();
    test.line = __LINE__ + 1;
    Adds(local, local, 1.0f, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "PipeBarrier<PIPE_V> is missing");
}

TEST(ascendc_vectors_apart_need_no_barrier) {
  OrderTest test;
  EXPECT_PASSES(test.RightThenWrong([&](auto local, bool) {
    Duplicate(local, 3.0f, 64);
    Duplicate(local[64], 3.0f, 64);
    // The same bytes read twice.
    PipeBarrier<PIPE_V>();
    Adds(local[128], local, 1.0f, 64);
    Adds(local[192], local, 1.0f, 64);
  }));
}

TEST(ascendc_copies_to_the_same_place_need_a_barrier) {
  OrderTest test;
  KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    DataCopy(local, Global(test.from), 64);
    if (right) PipeBarrier<PIPE_MTE2>();
    test.line = __LINE__ + 1;
    DataCopy(local[56], Global(test.from), 64);
  });
  EXPECT_FAILS_AT(run, test.line, "PipeBarrier<PIPE_MTE2> is missing");
  run = test.RightThenWrong([&](auto local, bool right) {
    Duplicate(local, 3.0f, 128);
    Order<HardEvent::V_MTE3>();
    DataCopy(Global(test.to), local, 64);
    if (right) PipeBarrier<PIPE_MTE3>();
    test.line = __LINE__ + 1;
    DataCopy(Global(test.to, 32), local[64], 64);
  });
  EXPECT_FAILS_AT(run, test.line, "writes to at byte 128, which DataCopy on pipe MTE3 wrote");
  EXPECT_TEXT_HAS(run.error, "PipeBarrier<PIPE_MTE3> is missing");
}

TEST(ascendc_copy_in_of_what_was_copied_out_needs_a_flag) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    Duplicate(local, 3.0f, 64);
    Order<HardEvent::V_MTE3>();
    DataCopy(Global(test.work), local, 64);
    if (right) Order<HardEvent::MTE3_MTE2>();
    test.line = __LINE__ + 1;
    DataCopy(local[64], Global(test.work), 64);
  });
  EXPECT_FAILS_AT(run, test.line, "DataCopy on pipe MTE2 reads work at byte 0");
  EXPECT_TEXT_HAS(run.error, "HardEvent::MTE3_MTE2");
}

TEST(ascendc_scalar_reads_of_ub_need_flags) {
  OrderTest test;
  KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    DataCopy(local, Global(test.from), 64);
    if (right) Order<HardEvent::MTE2_S>();
    test.line = __LINE__ + 1;
    local.GetValue(5);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::MTE2_S are missing");
  run = test.RightThenWrong([&](auto local, bool right) {
    DataCopy(local, Global(test.from), 64);
    Order<HardEvent::MTE2_S>();
    local.GetValue(5);
    if (right) Order<HardEvent::S_MTE2>();
    test.line = __LINE__ + 1;
    DataCopy(local, Global(test.from), 64);
  });
  EXPECT_FAILS_AT(run, test.line, "writes UB at byte 20, which GetValue on pipe S reads");
}

TEST(ascendc_scalar_writes_of_ub_need_flags) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    for (uint32_t i = 0; i < 8; ++i) local.SetValue(i, 2.0f);
    if (right) Order<HardEvent::S_V>();
    test.line = __LINE__ + 1;
    Adds(local[8], local, 1.0f, 8);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::S_V are missing");
}

TEST(ascendc_what_the_scalar_pipe_waited_for_orders_what_it_starts_after) {
  OrderTest test;
  // V_S and then a copy out: the scalar pipe has seen the vector's end before it starts the copy.
  EXPECT_PASSES(test.RightThenWrong([&](auto local, bool) {
    Duplicate(local, 3.0f, 64);
    Order<HardEvent::V_S>();
    DataCopy(Global(test.to), local, 64);
  }));
}

TEST(ascendc_flag_of_another_pipe_does_not_help) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    DataCopy(local, Global(test.from), 64);
    if (right) {
      Order<HardEvent::MTE2_V>();
    } else {
      Order<HardEvent::MTE2_MTE3>();
    }
    test.line = __LINE__ + 1;
    Adds(local[64], local, 1.0f, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::MTE2_V are missing");
}

TEST(ascendc_flag_set_too_early_does_not_help) {
  OrderTest test;
  const KernelRun run = test.RightThenWrong([&](auto local, bool right) {
    if (!right) SetFlag<HardEvent::MTE2_V>(0);
    DataCopy(local, Global(test.from), 64);
    if (right) SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    test.line = __LINE__ + 1;
    Adds(local[64], local, 1.0f, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::MTE2_V are missing");
}

TEST(ascendc_order_goes_through_a_third_pipe) {
  OrderTest test;
  EXPECT_PASSES(test.RightThenWrong([&](auto local, bool) {
    DataCopy(local, Global(test.from), 64);
    Order<HardEvent::MTE2_V>();
    Order<HardEvent::V_MTE3>();
    DataCopy(Global(test.to), local, 64);
  }));
}

TEST(ascendc_barrier_of_all_pipes_orders_all) {
  OrderTest test;
  EXPECT_PASSES(test.RightThenWrong([&](auto local, bool) {
    DataCopy(local, Global(test.from), 64);
    PipeBarrier<PIPE_ALL>();
    Adds(local, local, 1.0f, 64);
    PipeBarrier<PIPE_ALL>();
    DataCopy(Global(test.to), local, 64);
    PipeBarrier<PIPE_ALL>();
    local.SetValue(0, 1.0f);
  }));
}

TEST(ascendc_queue_without_deque_orders_nothing) {
  OrderTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TQue<TPosition::VECIN, 1> in;
    TBuf<> buffer;
    pipe.InitBuffer(in, 1, 256);
    pipe.InitBuffer(buffer, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    DataCopy(x, Global(test.from), 64);
    in.EnQue(x);
    test.line = __LINE__ + 1;
    Adds(buffer.Get<float>(), x, 1.0f, 64);
    in.DeQue<float>();
    in.FreeTensor(x);
  });
  EXPECT_FAILS_AT(run, test.line, "HardEvent::MTE2_V are missing");
}

TEST(ascendc_masked_elements_only_are_in_the_way) {
  OrderTest test;
  EXPECT_PASSES(test.RightThenWrong([&](auto local, bool) {
    Duplicate(local, 3.0f, 64);
    PipeBarrier<PIPE_V>();
    uint64_t low[1] = {0x00000000ffffffffu};
    uint64_t high[1] = {0xffffffff00000000u};
    Adds(local, local, 1.0f, low, 1, UnaryRepeatParams());
    Adds(local, local, 1.0f, high, 1, UnaryRepeatParams());
  }));
}

TEST(ascendc_functional_mode_does_not_look_at_order) {
  OrderTest test;
  test.launch.checked = false;
  EXPECT_PASSES(test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 1024);
    DataCopy(buffer.Get<float>(), Global(test.from), 64);
    Adds(buffer.Get<float>(), buffer.Get<float>(), 1.0f, 64);
    DataCopy(Global(test.to), buffer.Get<float>(), 64);
  }));
  EXPECT_EQ(test.to[63], 2.0f);
}
