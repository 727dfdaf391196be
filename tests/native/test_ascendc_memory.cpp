// SPDX-License-Identifier: Apache-2.0
// Copies between global memory and UB in Ascend C on the CPU: what they do and what they refuse.
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"

using namespace AscendC;

namespace {

// A kernel with one buffer of 1024 bytes and two tensors of 256 floats.
class MemoryTest : public KernelTest {
 public:
  MemoryTest() : from(256), to(256, -1.0f) {
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
    Tensor("from", &from, false);
    Tensor("to", &to, true);
  }
  KernelRun With(const std::function<void(LocalTensor<float>)>& body) {
    return Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 1024);
      body(buffer.Get<float>());
    });
  }
  std::vector<float> from;
  std::vector<float> to;
  int line = 0;
};

}  // namespace

TEST(ascendc_data_copy_in_and_out) {
  MemoryTest test;
  EXPECT_PASSES(test.With([&](auto local) {
    DataCopy(local, Global(test.from), 256);
    Order<HardEvent::MTE2_MTE3>();
    DataCopy(Global(test.to), local, 256);
  }));
  EXPECT_TRUE(test.to == test.from);
}

TEST(ascendc_data_copy_with_gaps_of_blocks) {
  MemoryTest test;
  EXPECT_PASSES(test.With([&](auto local) {
    // Blocks 0 and 2 of the tensor side by side, then out again with a block between them.
    DataCopy(local, Global(test.from), DataCopyParams(2, 1, 1, 0));
    Order<HardEvent::MTE2_MTE3>();
    DataCopy(Global(test.to), local, DataCopyParams(2, 1, 0, 1));
  }));
  EXPECT_EQ(test.to[7], 7.0f);
  EXPECT_EQ(test.to[8], -1.0f);
  EXPECT_EQ(test.to[16], 16.0f);
  EXPECT_EQ(test.to[24], -1.0f);
}

TEST(ascendc_data_copy_pad_fills_blocks_up) {
  MemoryTest test;
  std::vector<float> seen(32, 0.0f);
  test.Tensor("seen", &seen, true);
  EXPECT_PASSES(test.With([&](auto local) {
    // Two blocks of three floats, 8 bytes apart: each takes a block of UB.
    DataCopyPad(local, Global(test.from, 1), DataCopyExtParams(2, 12, 8, 0, 0),
                DataCopyPadExtParams<float>(false, 0, 0, 0));
    DataCopyPad(local[16], Global(test.from, 1), DataCopyExtParams(1, 12, 0, 0, 0),
                DataCopyPadExtParams<float>(true, 1, 2, 99.0f));
    Order<HardEvent::MTE2_MTE3>();
    DataCopy(Global(seen), local, 24);
  }));
  const std::vector<float> wanted = {1, 2, 3, 1, 1,  1, 1, 1, 6,  7,  8,  6,
                                     6, 6, 6, 6, 99, 1, 2, 3, 99, 99, 99, 99};
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(seen[i], wanted[i]);
}

TEST(ascendc_data_copy_pad_writes_no_byte_too_many) {
  MemoryTest test;
  EXPECT_PASSES(test.With([&](auto local) {
    DataCopy(local, Global(test.from), 16);
    Order<HardEvent::MTE2_MTE3>();
    // Three floats of each of two blocks of UB, with one float left alone between them.
    DataCopyPad(Global(test.to, 1), local, DataCopyExtParams(2, 12, 0, 4, 0));
  }));
  const std::vector<float> wanted = {-1, 0, 1, 2, -1, 8, 9, 10, -1};
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(test.to[i], wanted[i]);
}

TEST(ascendc_atomic_add_sums_over_cores) {
  MemoryTest test;
  test.launch.cores = 7;
  for (float& value : test.to) value = 0;
  EXPECT_PASSES(test.With([&](auto local) {
    DataCopy(local, Global(test.from), 256);
    Order<HardEvent::MTE2_MTE3>();
    SetAtomicAdd<float>();
    DataCopy(Global(test.to), local, 256);
    SetAtomicNone();
  }));
  EXPECT_EQ(test.to[255], 7 * 255.0f);
}

TEST(ascendc_atomic_add_left_on_is_refused_at_the_end) {
  MemoryTest test;
  const KernelRun run = test.With([&](auto) {
    test.line = __LINE__ + 1;
    SetAtomicAdd<float>();
  });
  EXPECT_FAILS_AT(run, test.line, "SetAtomicNone is missing");
}

TEST(ascendc_ub_overflow_is_refused) {
  MemoryTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> first, second;
    pipe.InitBuffer(first, 192 * 1024 - 32);
    test.line = __LINE__ + 1;
    pipe.InitBuffer(second, 33);
  });
  EXPECT_FAILS_AT(run, test.line,
                  "InitBuffer of 33 bytes: UB has 196608 bytes and 196576 are taken");
}

TEST(ascendc_ub_can_be_less_for_a_launch) {
  MemoryTest test;
  test.launch.ub_bytes = 188160;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 188160);
    TBuf<> more;
    test.line = __LINE__ + 1;
    pipe.InitBuffer(more, 1);
  });
  EXPECT_FAILS_AT(run, test.line,
                  "InitBuffer of 1 bytes: UB has 188160 bytes and 188160 are taken");
}

TEST(ascendc_select_keeps_the_end_of_ub_for_itself) {
  MemoryTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 185 * 1024);
    LocalTensor<float> local = buffer.Get<float>();
    Duplicate(local, 0.0f, 128);
    PipeBarrier<PIPE_V>();
    test.line = __LINE__ + 1;
    Select(local, local[64].ReinterpretCast<uint8_t>(), local, 1.0f,
           SELMODE::VSEL_TENSOR_SCALAR_MODE, 64);
  });
  EXPECT_FAILS_AT(run, test.line, "Select takes UB from byte 188416 on");
}

TEST(ascendc_copy_of_no_whole_blocks_is_refused) {
  MemoryTest test;
  const KernelRun run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopy(local, Global(test.from), 9);
  });
  EXPECT_FAILS_AT(run, test.line, "DataCopy of 9 elements: 36 bytes, want a multiple of 32");
}

TEST(ascendc_unaligned_ub_address_is_refused) {
  MemoryTest test;
  KernelRun run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopy(local[4], Global(test.from), 8);
  });
  EXPECT_FAILS_AT(run, test.line, "DataCopy: UB address 16, want a multiple of 32");
  run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    Duplicate(local[1], 0.0f, 8);
  });
  EXPECT_FAILS_AT(run, test.line, "Duplicate: UB address 4, want a multiple of 32");
}

TEST(ascendc_unaligned_global_address_is_refused_by_data_copy_only) {
  MemoryTest test;
  GlobalTensor<float> skewed;
  skewed.SetGlobalBuffer(
      reinterpret_cast<float*>(reinterpret_cast<uint8_t*>(test.from.data()) + 2));
  const KernelRun run = test.With([&](auto local) {
    DataCopyPad(local, skewed, DataCopyExtParams(1, 16, 0, 0, 0), DataCopyPadExtParams<float>());
    test.line = __LINE__ + 1;
    DataCopy(local[8], skewed, 8);
  });
  EXPECT_FAILS_AT(run, test.line, "want a multiple of the element's 4 bytes");
}

TEST(ascendc_operand_outside_of_its_buffer_is_refused) {
  MemoryTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> first, second;
    pipe.InitBuffer(first, 512);
    pipe.InitBuffer(second, 512);
    test.line = __LINE__ + 1;
    Duplicate(first.Get<float>(), 0.0f, 129);  // the next buffer would take it
  });
  EXPECT_FAILS_AT(run, test.line, "outside of its buffer of bytes 0 to 511");
}

TEST(ascendc_copy_lengths_and_counts_have_limits) {
  MemoryTest test;
  KernelRun run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopyPad(local, Global(test.from), DataCopyExtParams(4096, 4, 0, 0, 0),
                DataCopyPadExtParams<float>());
  });
  EXPECT_FAILS_AT(run, test.line, "DataCopyPad of 4096 blocks, want at most 4095");
  run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopyPad(local, Global(test.from), DataCopyExtParams(1, 6, 0, 0, 0),
                DataCopyPadExtParams<float>());
  });
  EXPECT_FAILS_AT(run, test.line, "blockLen 6, want a multiple of 4");
  run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopyPad(local, Global(test.from), DataCopyExtParams(1, 12, 0, 0, 0),
                DataCopyPadExtParams<float>(true, 0, 9, 0));
  });
  EXPECT_FAILS_AT(run, test.line, "paddings of 0 and 36 bytes, want at most 32 each");
}

TEST(ascendc_global_memory_outside_of_the_tensors_is_refused) {
  MemoryTest test;
  KernelRun run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopy(local, Global(test.from, 252), 8);
  });
  EXPECT_FAILS_AT(run, test.line, "reads 32 bytes at byte 1008 of from, which has 1024");
  std::vector<float> unknown(8);
  test.launch.regions.clear();
  run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    DataCopy(local, Global(unknown), 8);
  });
  EXPECT_FAILS_AT(run, test.line, "in none of the kernel's tensors and windows");
}

TEST(ascendc_write_to_a_read_only_tensor_is_refused) {
  MemoryTest test;
  const KernelRun run = test.With([&](auto local) {
    Duplicate(local, 0.0f, 8);
    Order<HardEvent::V_MTE3>();
    test.line = __LINE__ + 1;
    DataCopy(Global(test.from), local, 8);
  });
  EXPECT_FAILS_AT(run, test.line, "writes from, which this kernel may only read");
  EXPECT_EQ(test.from[1], 1.0f);
}

TEST(ascendc_read_of_ub_that_nothing_has_written_is_refused) {
  MemoryTest test;
  KernelRun run = test.With([&](auto local) {
    Duplicate(local, 0.0f, 8);
    PipeBarrier<PIPE_V>();
    test.line = __LINE__ + 1;
    Adds(local, local, 1.0f, 16);
  });
  EXPECT_FAILS_AT(run, test.line, "reads UB bytes 32 to 63, which nothing has written");
  run = test.With([&](auto local) {
    test.line = __LINE__ + 1;
    local.GetValue(3);
  });
  EXPECT_FAILS_AT(run, test.line, "GetValue on pipe S reads UB bytes 12 to 15");
}

TEST(ascendc_void_padding_must_not_be_read) {
  MemoryTest test;
  const KernelRun run = test.With([&](auto local) {
    DataCopyPad(local, Global(test.from), DataCopyExtParams(1, 12, 0, 0, 0),
                DataCopyPadExtParams<float>(false, 0, 2, 0));
    Order<HardEvent::MTE2_V>();
    test.line = __LINE__ + 1;
    Adds(local, local, 1.0f, 8);
  });
  EXPECT_FAILS_AT(run, test.line, "reads UB bytes 12 to 31, whose content is void");
}

TEST(ascendc_tiling_and_system_calls) {
  struct Tiling {
    uint32_t h;
    float epsilon;
  };
  std::vector<Tiling> tiling = {{7168, 1e-6f}};
  int context = 0;
  std::vector<int32_t> seen(2 * 8);
  KernelTest test;
  test.launch.cores = 2;
  test.launch.tiling_key = 3;
  test.launch.hccl_contexts[1] = &context;
  test.Tensor("tiling", &tiling, false);
  EXPECT_PASSES(test.Run([&] {
    REGISTER_TILING_DEFAULT(Tiling);
    KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
    GET_TILING_DATA_WITH_STRUCT(Tiling, data, reinterpret_cast<uint8_t*>(tiling.data()));
    GET_TILING_DATA(same, reinterpret_cast<uint8_t*>(tiling.data()));
    EXPECT_EQ(data.h, 7168u);
    EXPECT_EQ(same.epsilon, 1e-6f);
    EXPECT_TRUE(TILING_KEY_IS(3));
    EXPECT_FALSE(TILING_KEY_IS(4));
    EXPECT_EQ(GetBlockNum(), 2);
    EXPECT_TRUE(GetHcclContext<HCCL_GROUP_ID_0>() == nullptr);
    EXPECT_TRUE(GetHcclContext<HCCL_GROUP_ID_1>() == reinterpret_cast<uint8_t*>(&context));
    if ASCEND_IS_AIV {
      ++seen[static_cast<size_t>(GetBlockIdx())];
    }
    EXPECT_TRUE(GetTPipePtr() == nullptr);
    TPipe pipe;
    EXPECT_TRUE(GetTPipePtr() == &pipe);
  }));
  EXPECT_EQ(seen[0], 1);
  EXPECT_EQ(seen[1], 1);
}
