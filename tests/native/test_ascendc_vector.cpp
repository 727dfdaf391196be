// SPDX-License-Identifier: Apache-2.0
// Values of vector calls of Ascend C on the CPU.
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"

using namespace AscendC;

namespace {

// dst = body(src...), all on UB, in a kernel of one core that is checked.
template <typename To, typename From>
std::vector<To> Compute(
    std::vector<From> a, std::vector<From> b, size_t size,
    const std::function<void(LocalTensor<To>, LocalTensor<From>, LocalTensor<From>)>& body) {
  std::vector<To> result(size);
  KernelTest test;
  test.Tensor("a", &a, false);
  test.Tensor("b", &b, false);
  test.Tensor("result", &result, true);
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> a_buffer, b_buffer, to_buffer;
    pipe.InitBuffer(a_buffer, 16384);
    pipe.InitBuffer(b_buffer, 16384);
    pipe.InitBuffer(to_buffer, 16384);
    LocalTensor<From> a_local = a_buffer.Get<From>();
    LocalTensor<From> b_local = b_buffer.Get<From>();
    LocalTensor<To> to_local = to_buffer.Get<To>();
    LoadAll(a_local, a);
    LoadAll(b_local, b);
    Order<HardEvent::MTE2_V>();
    body(to_local, a_local, b_local);
    Order<HardEvent::V_MTE3>();
    StoreAll(result, to_local);
  });
  EXPECT_PASSES(run);
  return result;
}

template <typename T>
std::vector<T> Steps(size_t count, float first, float step) {
  std::vector<T> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = T(first + step * static_cast<float>(i));
  return values;
}

}  // namespace

TEST(ascendc_add_adds_the_first_elements_and_leaves_the_rest) {
  const std::vector<float> sums = Compute<float, float>(
      Steps<float>(100, 1, 1), Steps<float>(100, 0, 0.5f), 104, [](auto to, auto a, auto b) {
        Duplicate(to, -1.0f, 104);
        PipeBarrier<PIPE_V>();
        Add(to, a, b, 100);
      });
  EXPECT_EQ(sums[0], 1.0f);
  EXPECT_EQ(sums[99], 149.5f);
  EXPECT_EQ(sums[100], -1.0f);
}

TEST(ascendc_mul_by_one_block_for_all_repeats) {
  // The second operand does not move: one block of eight factors for every block.
  const std::vector<float> products = Compute<float, float>(
      Steps<float>(128, 0, 1), Steps<float>(8, 1, 1), 128,
      [](auto to, auto a, auto b) { Mul(to, a, b, 64, 2, BinaryRepeatParams(1, 1, 0, 8, 8, 0)); });
  for (size_t i = 0; i < 128; ++i) {
    EXPECT_EQ(products[i], static_cast<float>(i) * static_cast<float>(i % 8 + 1));
  }
}

TEST(ascendc_mask_chooses_the_elements_of_each_repeat) {
  const std::vector<float> sums = Compute<float, float>(
      Steps<float>(128, 0, 1), Steps<float>(128, 1, 0), 128, [](auto to, auto a, auto b) {
        Duplicate(to, -1.0f, 128);
        PipeBarrier<PIPE_V>();
        uint64_t mask[2] = {0x8000000000000001u, 0};
        Add(to, a, b, mask, 2, BinaryRepeatParams());
      });
  EXPECT_EQ(sums[0], 1.0f);
  EXPECT_EQ(sums[1], -1.0f);
  EXPECT_EQ(sums[63], 64.0f);
  EXPECT_EQ(sums[64], 65.0f);
  EXPECT_EQ(sums[126], -1.0f);
  EXPECT_EQ(sums[127], 128.0f);
}

TEST(ascendc_arithmetic_of_two_tensors_and_of_scalars) {
  const auto a = Steps<float>(16, 1, 1);
  const auto b = Steps<float>(16, 17, -1);
  const auto run = [&](auto call) { return Compute<float, float>(a, b, 16, call); };
  EXPECT_EQ(run([](auto to, auto x, auto y) { Sub(to, x, y, 16); })[1], -14.0f);
  EXPECT_EQ(run([](auto to, auto x, auto y) { Div(to, x, y, 16); })[2], 3.0f / 15.0f);
  EXPECT_EQ(run([](auto to, auto x, auto y) { Max(to, x, y, 16); })[0], 17.0f);
  EXPECT_EQ(run([](auto to, auto x, auto y) { Min(to, x, y, 16); })[0], 1.0f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Adds(to, x, 0.5f, 16); })[3], 4.5f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Muls(to, x, 0.5f, 16); })[4], 2.5f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Maxs(to, x, 3.0f, 16); })[0], 3.0f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Mins(to, x, 3.0f, 16); })[15], 3.0f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Sqrt(to, x, 16); })[8], 3.0f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Rsqrt(to, x, 16); })[3], 0.5f);
  EXPECT_EQ(run([](auto to, auto x, auto) { Reciprocal(to, x, 16); })[3], 0.25f);
  EXPECT_EQ(run([](auto to, auto x, auto y) {
              Sub(to, x, y, 16);
              PipeBarrier<PIPE_V>();
              Abs(to, to, 16);
            })[0],
            16.0f);
}

TEST(ascendc_axpy_rounds_product_and_sum_apart) {
  // A square a little above 1, minus 1: one rounding keeps bits that two lose.
  const float x = 1.0f + 0x1p-13f;
  const std::vector<float> sums = Compute<float, float>(
      {x, x, x, x, x, x, x, x}, {-1, -1, -1, -1, -1, -1, -1, -1}, 8, [x](auto to, auto a, auto b) {
        Adds(to, b, 0.0f, 8);
        PipeBarrier<PIPE_V>();
        Axpy(to, a, x, 8);
      });
  EXPECT_EQ(sums[0], 0x1p-12f);
  EXPECT_NE(sums[0], std::fma(x, x, -1.0f));
}

TEST(ascendc_cast_rounds_to_bf16_as_asked) {
  const std::vector<float> values = {1.0f,    1.00390625f, 1.01171875f, -1.01171875f,
                                     1.0059f, -1.0059f,    3.0e38f,     0.0f};
  const auto cast = [&](RoundMode mode) {
    std::vector<float> result;
    for (const bfloat16_t value :
         Compute<bfloat16_t, float>(values, values, 16, [mode](auto to, auto a, auto) {
           Duplicate(to, bfloat16_t(0), 16);
           PipeBarrier<PIPE_V>();
           Cast(to, a, mode, 8);
         })) {
      result.push_back(ToFloat(value));
    }
    return result;
  };
  const auto nearest = cast(RoundMode::CAST_RINT);
  EXPECT_EQ(nearest[1], 1.0f);  // a tie goes to the even one
  EXPECT_EQ(nearest[2], 1.015625f);
  EXPECT_EQ(cast(RoundMode::CAST_ROUND)[1], 1.0078125f);  // a tie goes away from zero
  EXPECT_EQ(cast(RoundMode::CAST_TRUNC)[4], 1.0f);
  EXPECT_EQ(cast(RoundMode::CAST_FLOOR)[5], -1.0078125f);
  EXPECT_EQ(cast(RoundMode::CAST_CEIL)[4], 1.0078125f);
}

TEST(ascendc_cast_to_integers_rounds_and_saturates) {
  const std::vector<float> values = {0.5f, 1.5f, -2.5f, 40000.0f, -40000.0f, 2.7f, NAN, 7.0f};
  const std::vector<int16_t> nearest =
      Compute<int16_t, float>(values, values, 16, [](auto to, auto a, auto) {
        Duplicate(to, int16_t{0}, 16);
        PipeBarrier<PIPE_V>();
        Cast(to, a, RoundMode::CAST_RINT, 8);
      });
  const std::vector<int16_t> wanted = {0, 2, -2, 32767, -32768, 3, 0, 7};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(nearest[i], wanted[i]);
}

TEST(ascendc_cast_half_to_int8_and_back) {
  const std::vector<half> values = {half(-127), half(126.5f), half(3.5f), half(200),
                                    half(0),    half(1),      half(2),    half(-1)};
  std::vector<half> sixteen(values);
  sixteen.resize(16, half(5));
  const std::vector<half> back =
      Compute<half, half>(sixteen, sixteen, 16, [](auto to, auto a, auto b) {
        LocalTensor<int8_t> codes = b.template ReinterpretCast<int8_t>();
        Cast(codes, a, RoundMode::CAST_NONE, 16);
        PipeBarrier<PIPE_V>();
        Cast(to, codes, RoundMode::CAST_NONE, 16);
      });
  const std::vector<float> wanted = {-127, 126, 4, 127, 0, 1, 2, -1};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(float{back[i]}, wanted[i]);
}

TEST(ascendc_cast_refuses_a_round_mode_that_the_pair_has_not) {
  int line = 0;
  KernelTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 256);
    LocalTensor<float> wide = buffer.Get<float>();
    line = __LINE__ + 1;
    Cast(wide.ReinterpretCast<bfloat16_t>(), wide, RoundMode::CAST_NONE, 8);
  });
  EXPECT_FAILS_AT(run, line, "no RoundMode 0");
}

TEST(ascendc_whole_reduce_sum_is_a_binary_tree_in_each_repeat) {
  // In a tree 1 meets its neighbour first: 1 + 2^-24 is 1, but (2^-24 + 2^-24) + 1 is more.
  std::vector<float> values(128, 0.0f);
  values[0] = 1.0f;
  values[1] = 0x1p-24f;
  values[64] = 1.0f;
  values[66] = 0x1p-24f;
  values[67] = 0x1p-24f;
  const std::vector<float> sums =
      Compute<float, float>(values, values, 8, [](auto to, auto a, auto) {
        Duplicate(to, 0.0f, 8);
        PipeBarrier<PIPE_V>();
        WholeReduceSum(to, a, 64, 2, 1, 1, 8);
      });
  EXPECT_EQ(sums[0], 1.0f);
  EXPECT_EQ(sums[1], 1.0f + 0x1p-23f);
}

TEST(ascendc_reduce_sum_adds_repeats_one_after_the_other) {
  std::vector<float> values(160, 0.0f);
  values[0] = 1.0f;
  values[64] = 0x1p-24f;   // lost in 1
  values[128] = 0x1p-24f;  // lost again; a tree over repeats would have kept the two
  const std::vector<float> sums =
      Compute<float, float>(values, values, 8, [](auto to, auto a, auto b) {
        Duplicate(to, 0.0f, 8);
        PipeBarrier<PIPE_V>();
        ReduceSum(to, a, b, 160);
      });
  EXPECT_EQ(sums[0], 1.0f);
}

TEST(ascendc_block_reduce_max_gives_one_element_per_block) {
  std::vector<float> values(128);
  for (size_t i = 0; i < 128; ++i) values[i] = static_cast<float>((i * 37) % 101);
  const std::vector<float> largest = Compute<float, float>(
      values, values, 16, [](auto to, auto a, auto) { BlockReduceMax(to, a, 2, 64, 1, 1, 8); });
  for (size_t block = 0; block < 16; ++block) {
    EXPECT_EQ(largest[block], *std::max_element(values.begin() + static_cast<long>(block) * 8,
                                                values.begin() + static_cast<long>(block) * 8 + 8));
  }
}

TEST(ascendc_whole_reduce_max_gives_value_and_index) {
  std::vector<float> values(64, 0.0f);
  values[17] = 9.0f;
  const std::vector<float> best =
      Compute<float, float>(values, values, 8, [](auto to, auto a, auto) {
        Duplicate(to, 0.0f, 8);
        PipeBarrier<PIPE_V>();
        WholeReduceMax(to, a, 64, 1, 1, 1, 8);
      });
  uint32_t index;
  std::memcpy(&index, &best[1], sizeof(index));
  EXPECT_EQ(best[0], 9.0f);
  EXPECT_EQ(index, 17u);
}

TEST(ascendc_brcb_fills_a_block_with_each_element) {
  const std::vector<float> blocks =
      Compute<float, float>(Steps<float>(16, 1, 1), Steps<float>(16, 1, 1), 128,
                            [](auto to, auto a, auto) { Brcb(to, a, 2, BrcbRepeatParams(1, 8)); });
  for (size_t i = 0; i < 128; ++i) EXPECT_EQ(blocks[i], static_cast<float>(i / 8 + 1));
}

TEST(ascendc_compare_and_select) {
  const std::vector<float> chosen = Compute<float, float>(
      Steps<float>(64, 0, 1), Steps<float>(64, 63, -1), 64, [](auto to, auto a, auto b) {
        LocalTensor<uint8_t> bits = to.template ReinterpretCast<uint8_t>()[512];
        Compare(bits, a, b, CMPMODE::LT, 64);
        PipeBarrier<PIPE_V>();
        Select(to, bits, a, -1.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE, 64);
      });
  EXPECT_EQ(chosen[31], 31.0f);
  EXPECT_EQ(chosen[32], -1.0f);
}

TEST(ascendc_gather_takes_elements_by_byte_offsets) {
  const std::vector<float> taken = Compute<float, float>(
      Steps<float>(64, 0, 1), Steps<float>(64, 0, 1), 8, [](auto to, auto a, auto b) {
        LocalTensor<int32_t> steps = b.template ReinterpretCast<int32_t>();
        CreateVecIndex(steps, int32_t{0}, 8);
        PipeBarrier<PIPE_V>();
        Muls(steps, steps, int32_t{12}, 8);
        PipeBarrier<PIPE_V>();
        Gather(to, a, steps.template ReinterpretCast<uint32_t>(), 4, 8);
      });
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(taken[i], static_cast<float>(3 * i + 1));
}

TEST(ascendc_repeats_and_masks_have_limits) {
  int line = 0;
  KernelTest test;
  const auto body = [&](auto call) {
    return test.Run([&] {
      TPipe pipe;
      TBuf<> buffer;
      pipe.InitBuffer(buffer, 65536);
      LocalTensor<float> values = buffer.Get<float>();
      Duplicate(values, 1.0f, 16384);
      PipeBarrier<PIPE_V>();
      call(values);
    });
  };
  KernelRun run = body([&](auto values) {
    line = __LINE__ + 1;
    Add(values, values, values, 65, 1, BinaryRepeatParams());
  });
  EXPECT_FAILS_AT(run, line, "mask of 65 elements, want 1 to 64");
  run = body([&](auto values) {
    line = __LINE__ + 1;
    WholeReduceSum(values, values, 64, 256, 1, 1, 8);
  });
  EXPECT_FAILS_AT(run, line, "256 repeats, want at most 255");
  run = body([&](auto values) {
    line = __LINE__ + 1;
    WholeReduceSum(values, values, 64, 1, 1, 65536, 8);
  });
  EXPECT_FAILS_AT(run, line, "a stride of 65536, want 0 to 65535");
}

TEST(ascendc_operands_that_overlap_in_part_are_refused) {
  int line = 0;
  KernelTest test;
  const KernelRun run = test.Run([&] {
    TPipe pipe;
    TBuf<> buffer;
    pipe.InitBuffer(buffer, 1024);
    LocalTensor<float> values = buffer.Get<float>();
    Duplicate(values, 1.0f, 256);
    PipeBarrier<PIPE_V>();
    line = __LINE__ + 1;
    Adds(values[8], values, 1.0f, 64);
  });
  EXPECT_FAILS_AT(run, line, "overlap in part");
}
