// SPDX-License-Identifier: Apache-2.0
// The kernel's rstd, which it computes with whole numbers: the nearest float32, in rows of every
// size. Wanted values are by long double.
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "ascendc_kernel.h"
#include "check.h"
#include "op_kernel/ascend910_93/row_squares.h"
#include "op_plan/bf16.h"
#include "op_plan/combine_tiling.h"

namespace {

using combine_kernel::PowerOfTwo;
using combine_kernel::RowNorm;
using combine_kernel::RowSquares;
using combine_kernel::Rstd;
using combine_kernel::SquareSum;

using Row = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr uint32_t kRepeat = 64;

RowNorm NormOf(uint32_t h, float norm_eps) {
  RowNorm norm;
  const double root = std::ldexp(std::sqrt(double(h)), op_plan::kRootBits);
  norm.Init(h, static_cast<uint32_t>(std::lround(root)), norm_eps);
  return norm;
}

// What the kernel does with a sum, in parts of so many repeats.
Rstd RstdOf(const Row& row, float norm_eps, uint32_t part_repeats) {
  const auto h = static_cast<uint32_t>(row.size());
  const uint32_t part = part_repeats * kRepeat;
  const RowNorm norm = NormOf(h, norm_eps);
  Rstd rstd = {};
  KernelTest test;
  test.launch.checked = false;
  const KernelRun run = test.Run([&] {
    using AscendC::PipeBarrier;
    AscendC::TPipe pipe;
    AscendC::TBuf<> sum_buffer, scratch_buffer, x_buffer;
    pipe.InitBuffer(sum_buffer, part * sizeof(float));
    pipe.InitBuffer(scratch_buffer, RowSquares::ScratchFloats(part_repeats) * sizeof(float));
    pipe.InitBuffer(x_buffer, part * sizeof(uint16_t));
    const auto sum = sum_buffer.Get<float>();
    const auto scratch = scratch_buffer.Get<float>();
    const auto x = x_buffer.Get<bfloat16_t>();
    const auto magnitudes = scratch.ReinterpretCast<int16_t>();
    RowSquares squares;
    squares.Init(part_repeats, &pipe);
    const auto fill = [&](uint32_t begin) {
      const uint32_t width = std::min(part, h - begin);
      for (uint32_t i = 0; i < part; ++i) sum.SetValue(i, i < width ? row[begin + i] : 0.0f);
      return width;
    };
    uint32_t largest = 0;
    for (uint32_t begin = 0; begin < h; begin += part) {
      const uint32_t width = fill(begin);
      AscendC::Cast(x, sum, AscendC::RoundMode::CAST_RINT, width);
      squares.FindLargest(x, width, magnitudes);
      largest = std::max(largest, RowSquares::Largest(magnitudes));
    }
    const int32_t scale = norm.ScaleExponent(largest);
    SquareSum total;
    for (uint32_t begin = 0; begin < h; begin += part) {
      const uint32_t width = fill(begin);
      for (int32_t left = scale; left != 0;) {
        const int32_t step = std::min(left, 127);
        AscendC::Muls(sum, sum, PowerOfTwo(step), static_cast<int32_t>(width));
        left -= step;
      }
      squares.Sum(sum, (width + kRepeat - 1) / kRepeat, scratch);
      total.Add(squares.Parts());
    }
    rstd = norm.Of(total, scale);
    // Both are the same but for the scale.
    if (std::isfinite(rstd.value)) {
      EXPECT_EQ(std::ldexp(double{rstd.of_scaled}, scale), double{rstd.value});
    }
  });
  EXPECT_EQ(run.error, "");
  return rstd;
}

float Wanted(const Row& row, float norm_eps) {
  long double sum = 0;
  for (const float value : row) sum += static_cast<long double>(value) * value;
  return static_cast<float>(1 / sqrtl(sum / row.size() + norm_eps));
}

Row RowOf(uint32_t h, uint64_t seed, const std::function<float(uint32_t, float)>& of) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  Row row(h);
  for (uint32_t i = 0; i < h; ++i) row[i] = of(i, normal(engine));
  return row;
}

// Whole rows, and the same rows shared by cores.
void ExpectNearest(const char* what, float norm_eps,
                   const std::function<float(uint32_t, float)>& of) {
  for (const uint32_t h : {1024u, 1056u, 2080u, 7168u, 8192u}) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      const Row row = RowOf(h, seed + h, of);
      const float want = Wanted(row, norm_eps);
      const uint32_t repeats = (h + kRepeat - 1) / kRepeat;
      for (const uint32_t part : {repeats, (repeats + 2) / 3, 9u}) {
        const Rstd got = RstdOf(row, norm_eps, part);
        if (got.value == want) continue;
        std::printf("%s: H %u, seed %u, parts of %u\n", what, h, unsigned(seed), part);
        EXPECT_EQ(got.value, want);
      }
    }
  }
}

}  // namespace

TEST(kernel_rstd_is_the_nearest_float_of_ordinary_rows) {
  ExpectNearest("normal", 1e-6f, [](uint32_t, float value) { return value; });
  ExpectNearest("small", 1e-6f, [](uint32_t, float value) { return value * 1e-4f; });
  ExpectNearest("without eps", 0.0f, [](uint32_t, float value) { return value; });
  ExpectNearest("large eps", 3e5f, [](uint32_t, float value) { return value; });
  ExpectNearest("one large number", 1e-6f,
                [](uint32_t i, float value) { return i == 77 ? 900.0f + value : value; });
  ExpectNearest("bf16", 1e-6f, [](uint32_t, float value) {
    return op_plan::WidenBf16(op_plan::RoundToBf16(value));
  });
}

TEST(kernel_rstd_is_the_nearest_float_of_rows_whose_squares_leave_float32) {
  ExpectNearest("huge", 1e-6f, [](uint32_t, float value) { return value * 2e37f; });
  ExpectNearest("as large as they come", 1e-6f, [](uint32_t i, float) {
    return std::numeric_limits<float>::max() * (i % 2 == 0 ? 1 : -1);
  });
  ExpectNearest("tiny", 0.0f, [](uint32_t, float value) { return value * 1e-37f; });
  ExpectNearest("subnormal", 0.0f, [](uint32_t, float value) { return value * 4e-39f; });
  ExpectNearest("subnormal eps", 1e-42f, [](uint32_t, float value) { return value * 1e-22f; });
  ExpectNearest("of all sizes", 0.0f, [](uint32_t i, float value) {
    return std::ldexp(value, static_cast<int>(i % 200) - 100);
  });
}

TEST(kernel_rstd_has_the_limits_of_the_formula) {
  const Row zeros(1056, 0.0f);
  EXPECT_EQ(RstdOf(zeros, 0.0f, 17).value, kInfinity);
  EXPECT_EQ(RstdOf(zeros, -0.0f, 17).value, kInfinity);
  EXPECT_EQ(RstdOf(Row(1056, 2.0f), -0.0f, 17).value, 0.5f);
  EXPECT_EQ(RstdOf(zeros, 0.25f, 17).value, 2.0f);
  EXPECT_EQ(RstdOf(zeros, 1e-6f, 9).value, Wanted(zeros, 1e-6f));
  EXPECT_EQ(RstdOf(Row(1056, 1e-45f), 0.0f, 17).value, kInfinity);
  // 2^-128 is a subnormal number.
  EXPECT_EQ(RstdOf(Row(1056, std::numeric_limits<float>::max()), 0.0f, 17).value, 0x1p-128f);
  Row row(1056, 1.0f);
  row[700] = -kInfinity;
  EXPECT_EQ(RstdOf(row, 1e-6f, 9).value, 0.0f);
  row[3] = kInfinity;
  EXPECT_EQ(RstdOf(row, 1e-6f, 17).value, 0.0f);
  row[1055] = kNan;
  EXPECT_TRUE(std::isnan(RstdOf(row, 1e-6f, 9).value));
  EXPECT_TRUE(std::isnan(RstdOf(row, 1e-6f, 17).of_scaled));
}

TEST(kernel_rstd_rounds_any_sum_to_the_nearest) {
  std::mt19937_64 engine(5);
  for (int i = 0; i < 100000; ++i) {
    const auto below = [&](uint64_t bound) { return static_cast<float>(engine() % bound); };
    const uint32_t h = 1024 + 32 * static_cast<uint32_t>(engine() % 225);
    const int32_t scale = static_cast<int32_t>(engine() % 243) - 115;
    SquareSum squares;
    squares.Add({below(1 << 23) + 1, below(1 << 24), below(1 << 20) * 4, below(1 << 20) / 65536});
    // As large as the scaled sum, and far above and below it.
    const auto eps_exponent = 2 * (12 - scale) + static_cast<int>(engine() % 90) - 88;
    const float eps =
        i % 2 == 0 ? 0.0f : std::ldexp(1.0f + below(1 << 23) / (1 << 23), eps_exponent);
    if (!std::isfinite(eps)) continue;
    const RowNorm norm = NormOf(h, eps);
    const long double mean =
        static_cast<long double>(squares.units()) / (1 << SquareSum::kFractionBits) / h;
    const float want = static_cast<float>(ldexpl(1 / sqrtl(mean + ldexpl(eps, 2 * scale)), scale));
    EXPECT_EQ(norm.Of(squares, scale).value, want);
  }
}
