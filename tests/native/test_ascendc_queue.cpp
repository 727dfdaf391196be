// SPDX-License-Identifier: Apache-2.0
// Queues, buffers and event ids of Ascend C on the CPU.
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"

using namespace AscendC;

namespace {

class QueueTest : public KernelTest {
 public:
  QueueTest() : from(512), to(512) {
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
    Tensor("from", &from, false);
    Tensor("to", &to, true);
  }
  std::vector<float> from;
  std::vector<float> to;
  int line = 0;
};

using InQueue = TQue<TPosition::VECIN, 1>;

}  // namespace

TEST(ascendc_queues_order_copies_and_vectors) {
  QueueTest test;
  EXPECT_PASSES(test.Run([&] {
    TPipe pipe;
    TQue<TPosition::VECIN, 2> in;
    TQue<TPosition::VECOUT, 2> out;
    pipe.InitBuffer(in, 2, 256);
    pipe.InitBuffer(out, 2, 256);
    for (uint64_t at = 0; at < 512; at += 64) {
      LocalTensor<float> x = in.AllocTensor<float>();
      DataCopy(x, Global(test.from, at), 64);
      in.EnQue(x);
      x = in.DeQue<float>();
      LocalTensor<float> y = out.AllocTensor<float>();
      Adds(y, x, 1.0f, 64);
      in.FreeTensor(x);
      out.EnQue(y);
      y = out.DeQue<float>();
      DataCopy(Global(test.to, at), y, 64);
      out.FreeTensor(y);
    }
  }));
  for (size_t i = 0; i < 512; ++i) EXPECT_EQ(test.to[i], static_cast<float>(i) + 1);
}

TEST(ascendc_bound_queue_orders_copies_in_and_out) {
  QueueTest test;
  EXPECT_PASSES(test.Run([&] {
    TPipe pipe;
    TQueBind<TPosition::VECIN, TPosition::VECOUT, 2> rows;
    pipe.InitBuffer(rows, 2, 256);
    for (uint64_t at = 0; at < 512; at += 64) {
      LocalTensor<float> row = rows.AllocTensor<float>();
      DataCopy(row, Global(test.from, at), 64);
      rows.EnQue(row);
      row = rows.DeQue<float>();
      DataCopy(Global(test.to, at), row, 64);
      rows.FreeTensor(row);
    }
  }));
  EXPECT_TRUE(test.to == test.from);
}

TEST(ascendc_queue_counts_its_tensors) {
  QueueTest test;
  EXPECT_PASSES(test.Run([&] {
    TPipe pipe;
    TQue<TPosition::VECIN, 2> in;
    pipe.InitBuffer(in, 2, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    EXPECT_EQ(x.GetSize(), 64u);
    EXPECT_TRUE(in.HasIdleBuffer());
    LocalTensor<float> y = in.AllocTensor<float>();
    EXPECT_FALSE(in.HasIdleBuffer());
    in.EnQue(x);
    EXPECT_TRUE(in.VacantInQue());
    in.EnQue(y);
    EXPECT_FALSE(in.VacantInQue());
    EXPECT_EQ(in.GetTensorCountInQue(), 2);
    EXPECT_EQ(in.DeQue<float>().GetPhyAddr(), x.GetPhyAddr());
    EXPECT_EQ(in.DeQue<float>().GetPhyAddr(), y.GetPhyAddr());
    EXPECT_FALSE(in.HasTensorInQue());
    in.FreeTensor(x);
    in.FreeTensor(y);
  }));
}

TEST(ascendc_enque_beyond_the_depth_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 2, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    LocalTensor<float> y = in.AllocTensor<float>();
    in.EnQue(x);
    test.line = __LINE__ + 1;
    in.EnQue(y);
  });
  EXPECT_FAILS_AT(run, test.line, "the queue holds 1 tensors and its depth is 1: DeQue is missing");
}

TEST(ascendc_alloc_without_a_free_buffer_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 1, 256);
    in.AllocTensor<float>();
    test.line = __LINE__ + 1;
    in.AllocTensor<float>();
  });
  EXPECT_FAILS_AT(run, test.line, "all 1 buffers of the queue are in use");
}

TEST(ascendc_deque_of_an_empty_queue_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 1, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    test.line = __LINE__ + 1;
    x = in.DeQue<float>();
  });
  EXPECT_FAILS_AT(run, test.line, "DeQue of an empty queue: EnQue is missing");
}

TEST(ascendc_double_free_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 2, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    in.FreeTensor(x);
    test.line = __LINE__ + 1;
    in.FreeTensor(x);
  });
  EXPECT_FAILS_AT(run, test.line, "FreeTensor of a tensor that is free since");
}

TEST(ascendc_enque_without_deque_is_refused_at_the_end) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 1, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    test.line = __LINE__ + 1;
    in.EnQue(x);
  });
  EXPECT_FAILS_AT(run, test.line, "EnQue without DeQue by the end of the pipe");
}

TEST(ascendc_tensor_never_freed_is_refused_at_the_end) {
  QueueTest test;
  KernelRun run = test.Run([&] {
    InQueue in;
    TPipe pipe;  // ends before the queue
    pipe.InitBuffer(in, 1, 256);
    test.line = __LINE__ + 1;
    in.AllocTensor<float>();
  });
  EXPECT_FAILS_AT(run, test.line, "FreeTensor is missing");
  run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 1, 256);
    test.line = __LINE__ + 1;
    in.AllocTensor<float>();
    pipe.Reset();
  });
  EXPECT_FAILS_AT(run, test.line, "FreeTensor is missing");
}

TEST(ascendc_tensor_of_another_queue_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in, other;
    pipe.InitBuffer(in, 1, 256);
    pipe.InitBuffer(other, 1, 256);
    LocalTensor<float> x = other.AllocTensor<float>();
    test.line = __LINE__ + 1;
    in.EnQue(x);
  });
  EXPECT_FAILS_AT(run, test.line, "EnQue of a tensor that is not a buffer of this queue");
}

TEST(ascendc_use_after_free_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    TBuf<> buffer;
    pipe.InitBuffer(in, 2, 256);
    pipe.InitBuffer(buffer, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    DataCopy(x, Global(test.from), 64);
    in.EnQue(x);
    x = in.DeQue<float>();
    in.FreeTensor(x);
    test.line = __LINE__ + 1;
    Adds(buffer.Get<float>(), x, 1.0f, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "whose content is void");
}

TEST(ascendc_reset_gives_all_of_ub_back) {
  QueueTest test;
  EXPECT_PASSES(test.Run([&] {
    TPipe pipe;
    InQueue in;
    TBuf<> buffer;
    pipe.InitBuffer(in, 2, 64 * 1024);
    LocalTensor<float> x = in.AllocTensor<float>();
    in.FreeTensor(x);
    pipe.Reset();
    pipe.InitBuffer(buffer, 192 * 1024);
    pipe.Destroy();
    TPipe second;
    second.InitBuffer(in, 1, 192 * 1024);
    x = in.AllocTensor<float>();
    in.FreeTensor(x);
  }));
}

TEST(ascendc_wait_without_set_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    test.line = __LINE__ + 1;
    WaitFlag<HardEvent::MTE2_V>(0);
  });
  EXPECT_FAILS_AT(run, test.line,
                  "WaitFlag<MTE2_V>(0) and no SetFlag before it: the wait never ends");
}

TEST(ascendc_set_twice_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    SetFlag<HardEvent::V_MTE3>(2);
    test.line = __LINE__ + 1;
    SetFlag<HardEvent::V_MTE3>(2);
  });
  EXPECT_FAILS_AT(run, test.line, "not waited for since: the id is in use");
}

TEST(ascendc_set_without_wait_is_refused_at_the_end) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    test.line = __LINE__ + 1;
    SetFlag<HardEvent::V_MTE3>(2);
  });
  EXPECT_FAILS_AT(run, test.line, "SetFlag<V_MTE3>(2) has no WaitFlag by the end of the kernel");
}

TEST(ascendc_event_ids_are_0_to_7) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    test.line = __LINE__ + 1;
    SetFlag<HardEvent::V_MTE3>(8);
  });
  EXPECT_FAILS_AT(run, test.line, "event id 8 of V_MTE3: ids are 0 to 7");
}

TEST(ascendc_event_ids_are_allocated_and_released) {
  QueueTest test;
  KernelRun run = test.Run([&] {
    TPipe pipe;
    EXPECT_EQ(pipe.FetchEventID<HardEvent::S_V>(), 0);
    EXPECT_EQ(pipe.AllocEventID<HardEvent::S_V>(), 0);
    EXPECT_EQ(pipe.FetchEventID(HardEvent::S_V), 1);
    EXPECT_EQ(pipe.AllocEventID<HardEvent::S_V>(), 1);
    pipe.ReleaseEventID<HardEvent::S_V>(0);
    EXPECT_EQ(pipe.AllocEventID<HardEvent::S_V>(), 0);
    pipe.ReleaseEventID<HardEvent::S_V>(0);
    pipe.ReleaseEventID<HardEvent::S_V>(1);
    test.line = __LINE__ + 1;
    pipe.ReleaseEventID<HardEvent::S_V>(1);
  });
  EXPECT_FAILS_AT(run, test.line, "event id 1 of S_V is released and was not allocated");
  run = test.Run([&] {
    TPipe pipe;
    test.line = __LINE__ + 1;
    pipe.AllocEventID<HardEvent::S_V>();
  });
  EXPECT_FAILS_AT(run, test.line, "event id 0 of S_V is not released by the end of the kernel");
  run = test.Run([&] {
    TPipe pipe;
    for (int i = 0; i < 8; ++i) pipe.AllocEventID<HardEvent::S_V>();
    test.line = __LINE__ + 1;
    pipe.AllocEventID<HardEvent::S_V>();
  });
  EXPECT_FAILS_AT(run, test.line, "all 8 event ids of S_V are taken");
}

TEST(ascendc_kernel_and_queue_do_not_share_an_event_id) {
  QueueTest test;
  // The queue's flag for the freed buffer is the kernel's too, if that does not ask for a free one.
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue in;
    pipe.InitBuffer(in, 1, 256);
    LocalTensor<float> x = in.AllocTensor<float>();
    in.FreeTensor(x);
    test.line = __LINE__ + 1;
    SetFlag<HardEvent::V_MTE2>(0);
  });
  EXPECT_FAILS_AT(run, test.line, "SetFlag<V_MTE2>(0), which was set at");
}

TEST(ascendc_second_pipe_is_refused) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    test.line = __LINE__ + 1;
    TPipe second;
  });
  EXPECT_FAILS_AT(run, test.line, "a second TPipe; the first was made at");
}

TEST(ascendc_queues_have_at_most_64_buffers) {
  QueueTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    InQueue first, second;
    pipe.InitBuffer(first, 60, 32);
    test.line = __LINE__ + 1;
    pipe.InitBuffer(second, 5, 32);
  });
  EXPECT_FAILS_AT(run, test.line, "65 buffers in the queues of this kernel, want at most 64");
}
