// SPDX-License-Identifier: Apache-2.0
// Products of matrices: shapes, strides, blocks, refusals. More values: tests/torch_npu.
#include <cmath>

#include "aclnnop/aclnn_addbmm.h"
#include "aclnnop/aclnn_addmm.h"
#include "aclnnop/aclnn_addmv.h"
#include "aclnnop/aclnn_addr.h"
#include "aclnnop/aclnn_baddbmm.h"
#include "aclnnop/aclnn_batch_matmul.h"
#include "aclnnop/aclnn_dot.h"
#include "aclnnop/aclnn_ger.h"
#include "aclnnop/aclnn_matmul.h"
#include "aclnnop/aclnn_mm.h"
#include "aclnnop/aclnn_mv.h"
#include "operator_example.h"

namespace {

constexpr int8_t kKeepDtype = 0;

// Small whole numbers, of which sums are exact in every dtype.
template <typename T>
std::vector<T> Pattern(int64_t count, int64_t period) {
  std::vector<T> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = static_cast<T>(i * 7 % period - period / 2);
  }
  return values;
}

// bf16 of a small whole number.
uint16_t Bf16(int64_t value) {
  const auto real = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &real, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

// a, rows x inner, times b, inner x columns.
template <typename T>
std::vector<T> ProductOf(const std::vector<T>& a, const std::vector<T>& b, int64_t rows,
                         int64_t columns, int64_t inner) {
  std::vector<T> out(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      T sum{};
      for (int64_t k = 0; k < inner; ++k) {
        sum += a[static_cast<size_t>(i * inner + k)] * b[static_cast<size_t>(k * columns + j)];
      }
      out[static_cast<size_t>(i * columns + j)] = sum;
    }
  }
  return out;
}

template <typename T>
std::vector<T> TransposeOf(const std::vector<T>& values, int64_t rows, int64_t columns) {
  std::vector<T> out(values.size());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      out[static_cast<size_t>(j * rows + i)] = values[static_cast<size_t>(i * columns + j)];
    }
  }
  return out;
}

}  // namespace

TEST(mm_of_every_layout_gives_the_same) {
  constexpr int64_t kRows = 300, kColumns = 270, kInner = 530;  // more than one tile and one block
  const auto a = Pattern<float>(kRows * kInner, 11);
  const auto b = Pattern<float>(kInner * kColumns, 7);
  const auto wanted = ProductOf(a, b, kRows, kColumns, kInner);
  const DeviceTensor<float> plain_a({kRows, kInner}, a);
  const DeviceTensor<float> plain_b({kInner, kColumns}, b);
  const DeviceTensor<float> turned_a({kRows, kInner}, {1, kRows}, 0, TransposeOf(a, kRows, kInner));
  const DeviceTensor<float> turned_b({kInner, kColumns}, {1, kInner}, 0,
                                     TransposeOf(b, kInner, kColumns));
  for (const aclTensor* self :
       {static_cast<aclTensor*>(plain_a), static_cast<aclTensor*>(turned_a)}) {
    for (const aclTensor* mat2 :
         {static_cast<aclTensor*>(plain_b), static_cast<aclTensor*>(turned_b)}) {
      const DeviceTensor<float> out({kRows, kColumns}, std::vector<float>(kRows * kColumns, -1));
      EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
      EXPECT_TRUE(out.Values() == wanted);
    }
  }
}

TEST(mm_takes_and_writes_elements_that_lie_apart) {
  const DeviceTensor<float> self({2, 2}, {4, 2}, 1, {-9, 1, -9, 2, -9, 3, -9, 4});
  const DeviceTensor<float> mat2({2, 2}, {0, 3}, 0, {1, -9, -9, 10});  // both rows the same
  const DeviceTensor<float> out({2, 2}, {1, 4}, 1, std::vector<float>(8, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{-1, 3, 7, -1, -1, 30, 70, -1}));
}

TEST(mm_sums_bf16_in_float32_and_rounds_once) {
  // 256 + 1 has no bf16, and in bf16 256 + 1 + 1 would stay 256.
  const DeviceTensor<uint16_t> self({1, 3}, {Bf16(256), Bf16(1), Bf16(1)});
  const DeviceTensor<uint16_t> mat2({3, 1}, {Bf16(1), Bf16(1), Bf16(1)});
  const DeviceTensor<uint16_t> out({1, 1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], Bf16(258));
}

TEST(mm_keeps_float32_precision_whatever_the_cube_math_type_allows) {
  const float fine = 1.0F + 0x1p-20F;
  const DeviceTensor<float> self({1, 1}, {fine});
  const DeviceTensor<float> mat2({1, 1}, {1});
  for (const int8_t type : {int8_t{0}, int8_t{1}, int8_t{3}}) {
    const DeviceTensor<float> out({1, 1}, {0});
    EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, type), ACLNN_SUCCESS);
    EXPECT_EQ(out.Values()[0], fine);
  }
  const DeviceTensor<float> out({1, 1}, {-1});
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, int8_t{2}), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnMm: cubeMathType is 2: the host device computes float32 in float32, want 0, 1 or "
            "3");
  EXPECT_EQ(out.Values()[0], -1);
}

TEST(mm_of_int64_wraps) {
  const int64_t big = int64_t{1} << 62;
  const DeviceTensor<int64_t> self({1, 3}, {big, big, 5});
  const DeviceTensor<int64_t> mat2({3, 1}, {2, 2, 1});
  const DeviceTensor<int64_t> out({1, 1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 5);
}

TEST(mm_of_double_is_double) {
  const double fine = 1 + 0x1p-40;
  const DeviceTensor<double> self({1, 2}, {fine, 1});
  const DeviceTensor<double> mat2({2, 1}, {1, 0x1p-50});
  const DeviceTensor<double> out({1, 1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], fine + 0x1p-50);
}

TEST(mm_without_anything_to_sum_is_zero_and_without_elements_is_nothing) {
  const DeviceTensor<float> self({2, 0}, {});
  const DeviceTensor<float> mat2({0, 1}, {});
  const DeviceTensor<float> out({2, 1}, {7, 7});
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{0, 0}));
  const DeviceTensor<float> none({0, 1}, {});
  const DeviceTensor<float> one({1, 1}, {1});
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, none, one, none, kKeepDtype), ACLNN_SUCCESS);
}

TEST(mm_refuses_what_does_not_fit) {
  const DeviceTensor<float> self({2, 3}, std::vector<float>(6));
  const DeviceTensor<float> mat2({2, 2}, std::vector<float>(4));
  const DeviceTensor<float> vector({3}, std::vector<float>(3));
  const DeviceTensor<float> out({2, 2}, std::vector<float>(4, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, mat2, out, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnMm: self has shape (2, 3) and mat2 has shape (2, 2): the dimensions to sum over "
            "differ");
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, vector, out, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnMm: mat2 has shape (3,): want 2 dimensions");
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, mat2, self, out, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnMm: out has shape (2, 2): want (2, 3)");
  const DeviceTensor<bool> truth({2, 2}, std::vector<bool>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, truth, mat2, out, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnMm: self is bool: want a dtype of numbers");
  aclTensor* const null = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, null, mat2, out, kKeepDtype), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(), "aclnnMm: self is null");
  EXPECT_EQ(out.Values(), std::vector<float>(4, -1));
}

TEST(mm_refuses_a_blocked_format_by_name) {
  const DeviceTensor<float> self({1, 1}, {1});
  void* memory = nullptr;
  EXPECT_EQ(aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  const int64_t dims[] = {1, 1};
  aclTensor* const blocked =
      aclCreateTensor(dims, 2, ACL_FLOAT, nullptr, 0, ACL_FORMAT_FRACTAL_NZ, dims, 2, memory);
  EXPECT_EQ(CALL_OPERATOR(aclnnMm, self, blocked, self, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnMm: mat2 has format 29, whose elements lie in blocks: want ND (2)");
  aclDestroyTensor(blocked);
  aclrtFree(memory);
}

TEST(matmul_reads_vectors_and_broadcasts_batches) {
  const DeviceTensor<float> vector({2}, {1, 10});
  const DeviceTensor<float> matrix({2, 2}, {1, 2, 3, 4});
  const DeviceTensor<float> batch({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const DeviceTensor<float> scalar({}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, vector, vector, scalar, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(scalar.Values(), (std::vector<float>{101}));
  const DeviceTensor<float> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, vector, matrix, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{31, 42}));
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, matrix, vector, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{21, 43}));
  const DeviceTensor<float> rows({2, 1, 2}, std::vector<float>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, batch, vector, rows, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(rows.Values(), (std::vector<float>{21, 43, 65, 87}));
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, vector, batch, rows, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(rows.Values(), (std::vector<float>{31, 42, 75, 86}));
  const DeviceTensor<float> pair({2, 2, 2}, {1, 0, 0, 1, 0, 1, 1, 0});
  const DeviceTensor<float> both({2, 2, 2, 2}, std::vector<float>(16));
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, batch, pair, both, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(both.Values(), (std::vector<float>{1, 2, 3, 4, 2, 1, 4, 3, 5, 6, 7, 8, 6, 5, 8, 7}));
}

TEST(matmul_refuses_a_scalar_and_batches_that_do_not_broadcast) {
  const DeviceTensor<float> scalar({}, {1});
  const DeviceTensor<float> two({2, 1, 1}, {1, 1});
  const DeviceTensor<float> three({3, 1, 1}, {1, 1, 1});
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, scalar, two, two, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnMatmul: self has no dimensions: want 1 or more");
  EXPECT_EQ(CALL_OPERATOR(aclnnMatmul, two, three, three, kKeepDtype), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnMatmul: self has shape (2, 1, 1) and mat2 has shape (3, 1, 1): the batches do "
            "not broadcast");
}

TEST(batch_matmul_serves_a_batch_with_one_matrix) {
  const DeviceTensor<float> self({2, 1, 2}, {1, 2, 3, 4});
  const DeviceTensor<float> mat2({1, 2, 1}, {1, 10});
  const DeviceTensor<float> out({2, 1, 1}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnBatchMatMul, self, mat2, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{21, 43}));
}

TEST(mv_dot_and_ger_are_products) {
  const DeviceTensor<float> matrix({3, 2}, {1, 2, 3, 4, 5, 6});
  const DeviceTensor<float> two({2}, {1, 10});
  const DeviceTensor<float> three({3}, {1, 2, 3});
  const DeviceTensor<float> out({3}, {0, 0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnMv, matrix, two, out, kKeepDtype), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{21, 43, 65}));
  const DeviceTensor<float> scalar({}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnDot, three, out, scalar), ACLNN_SUCCESS);
  EXPECT_EQ(scalar.Values()[0], 21 + 2 * 43 + 3 * 65);
  const DeviceTensor<float> outer({3, 2}, std::vector<float>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnGer, three, two, outer), ACLNN_SUCCESS);
  EXPECT_EQ(outer.Values(), (std::vector<float>{1, 10, 2, 20, 3, 30}));
  EXPECT_EQ(CALL_OPERATOR(aclnnDot, three, two, scalar), ACLNN_ERR_PARAM_INVALID);
}

TEST(addmm_scales_both_and_broadcasts_self) {
  const DeviceTensor<float> self({2}, {1, 2});
  const DeviceTensor<float> mat1({2, 1}, {1, 10});
  const DeviceTensor<float> mat2({1, 2}, {3, 4});
  const DeviceTensor<float> out({2, 2}, std::vector<float>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnAddmm, self, mat1, mat2, Scalar<float>(0.5F), Scalar<float>(2), out,
                          kKeepDtype),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{6.5F, 9, 60.5F, 81}));
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceAddmm, out, mat1, mat2, Scalar<int64_t>(1),
                          Scalar<int64_t>(1), kKeepDtype),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{9.5F, 13, 90.5F, 121}));
}

TEST(addmm_with_beta_zero_does_not_look_at_self) {
  const DeviceTensor<float> self({1, 1}, {std::nanf("")});
  const DeviceTensor<float> one({1, 1}, {2});
  const DeviceTensor<float> out({1, 1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnAddmm, self, one, one, Scalar<float>(0), Scalar<float>(1), out,
                          kKeepDtype),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 4);
}

TEST(addmm_refuses_self_that_does_not_broadcast) {
  const DeviceTensor<float> self({3}, {1, 2, 3});
  const DeviceTensor<float> square({2, 2}, std::vector<float>(4));
  const DeviceTensor<float> out({2, 2}, std::vector<float>(4, -1));
  EXPECT_EQ(CALL_OPERATOR(aclnnAddmm, self, square, square, Scalar<float>(1), Scalar<float>(1), out,
                          kKeepDtype),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnAddmm: self has shape (3,), which does not broadcast to (2, 2)");
  EXPECT_EQ(out.Values(), std::vector<float>(4, -1));
}

TEST(addmv_addr_baddbmm_and_addbmm_add_their_products) {
  const DeviceTensor<float> matrix({2, 2}, {1, 2, 3, 4});
  const DeviceTensor<float> vector({2}, {1, 10});
  const DeviceTensor<float> out({2}, {0, 0});
  // alpha comes before beta here.
  EXPECT_EQ(CALL_OPERATOR(aclnnAddmv, vector, matrix, vector, Scalar<float>(2), Scalar<float>(3),
                          out, kKeepDtype),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{45, 116}));
  const DeviceTensor<float> square({2, 2}, std::vector<float>(4));
  EXPECT_EQ(
      CALL_OPERATOR(aclnnAddr, matrix, vector, vector, Scalar<float>(2), Scalar<float>(1), square),
      ACLNN_SUCCESS);
  EXPECT_EQ(square.Values(), (std::vector<float>{3, 14, 16, 108}));
  const DeviceTensor<float> batch({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const DeviceTensor<float> unit({2, 2, 2}, {1, 0, 0, 1, 1, 0, 0, 1});
  const DeviceTensor<float> sums({2, 2, 2}, std::vector<float>(8));
  EXPECT_EQ(CALL_OPERATOR(aclnnBaddbmm, matrix, batch, unit, Scalar<float>(10), Scalar<float>(1),
                          sums, kKeepDtype),
            ACLNN_SUCCESS);
  EXPECT_EQ(sums.Values(), (std::vector<float>{11, 22, 33, 44, 15, 26, 37, 48}));
  EXPECT_EQ(CALL_OPERATOR(aclnnAddbmm, matrix, batch, unit, Scalar<float>(10), Scalar<float>(1),
                          square, kKeepDtype),
            ACLNN_SUCCESS);
  EXPECT_EQ(square.Values(), (std::vector<float>{16, 28, 40, 52}));
}
