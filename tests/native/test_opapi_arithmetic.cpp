// SPDX-License-Identifier: Apache-2.0
// Arithmetic where integers overflow or divide by 0, where bounds are missing, and what is refused.
// Values of every dtype are compared with torch in tests/torch_npu.
#include <cmath>
#include <limits>

#include "aclnnop/aclnn_addcmul.h"
#include "aclnnop/aclnn_clamp.h"
#include "aclnnop/aclnn_div.h"
#include "aclnnop/aclnn_erfinv.h"
#include "aclnnop/aclnn_exp.h"
#include "aclnnop/aclnn_gcd.h"
#include "aclnnop/aclnn_lerp_scalar.h"
#include "aclnnop/aclnn_mul.h"
#include "aclnnop/aclnn_neg.h"
#include "aclnnop/aclnn_pow.h"
#include "aclnnop/aclnn_pow_tensor_tensor.h"
#include "aclnnop/aclnn_remainder.h"
#include "aclnnop/aclnn_round.h"
#include "aclnnop/aclnn_sqrt.h"
#include "aclnnop/aclnn_sub.h"
#include "operator_example.h"

namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

}  // namespace

TEST(integers_wrap_in_sub_mul_and_neg) {
  const DeviceTensor<int64_t> self({3}, {kLeast, kGreatest, 5});
  const DeviceTensor<int64_t> out({3}, {0, 0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnSubs, self, Scalar<int64_t>(1), Scalar<int64_t>(1), out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{kGreatest, kGreatest - 1, 4}));
  EXPECT_EQ(CALL_OPERATOR(aclnnMuls, self, Scalar<int64_t>(2), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{0, -2, 10}));
  EXPECT_EQ(CALL_OPERATOR(aclnnNeg, self, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{kLeast, -kGreatest, -5}));
}

TEST(integer_division_is_defined_everywhere) {
  const DeviceTensor<int64_t> self({5}, {kLeast, 7, -7, 7, -7});
  const DeviceTensor<int64_t> other({5}, {-1, 0, 2, -2, -2});
  const DeviceTensor<int64_t> out({5}, std::vector<int64_t>(5));
  EXPECT_EQ(CALL_OPERATOR(aclnnDivMod, self, other, 2, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{kLeast, 0, -4, -4, 3}));
  EXPECT_EQ(CALL_OPERATOR(aclnnDivMod, self, other, 1, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{kLeast, 0, -3, -3, 3}));
  EXPECT_EQ(CALL_OPERATOR(aclnnRemainderTensorTensor, self, other, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{0, 0, 1, -1, -1}));
  EXPECT_EQ(CALL_OPERATOR(aclnnGcd, self, other, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{1, 7, 1, 1, 1}));
}

TEST(div_of_integers_is_exact_in_mode_0) {
  const DeviceTensor<int32_t> self({2}, {1, 3});
  const DeviceTensor<float> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnDivMods, self, Scalar<int64_t>(2), 0, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{0.5F, 1.5F}));
}

TEST(div_refuses_a_mode_that_is_none) {
  const DeviceTensor<float> self({1}, {1});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceDivMod, self, self, 3), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnInplaceDivMod: mode is 3: want 0 (exact), 1 (towards zero) or 2 (down)");
  EXPECT_EQ(self.Values()[0], 1);
}

TEST(integer_powers_wrap_and_negative_ones_vanish) {
  const DeviceTensor<int64_t> self({4}, {3, 2, -1, 1});
  const DeviceTensor<int64_t> exponent({4}, {4, -1, -3, -5});
  const DeviceTensor<int64_t> out({4}, std::vector<int64_t>(4));
  EXPECT_EQ(CALL_OPERATOR(aclnnPowTensorTensor, self, exponent, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int64_t>{81, 0, -1, 1}));
  EXPECT_EQ(CALL_OPERATOR(aclnnPowTensorScalar, self, Scalar<int64_t>(64), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[1], 0);
  EXPECT_EQ(out.Values()[2], 1);
}

TEST(clamp_takes_one_bound_and_refuses_none) {
  const DeviceTensor<float> self({3}, {-1, 0.5F, std::nanf("")});
  const DeviceTensor<float> out({3}, {0, 0, 0});
  aclScalar* const none = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnClamp, self, Scalar<float>(0), none, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 0);
  EXPECT_TRUE(std::isnan(out.Values()[2]));
  EXPECT_EQ(CALL_OPERATOR(aclnnClamp, self, none, none, out), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(),
            "aclnnClamp: clipValueMin and clipValueMax are null: want at least one of them");
}

TEST(lerp_gives_its_ends_exactly) {
  const DeviceTensor<float> self({1}, {0.1F});
  const DeviceTensor<float> end({1}, {1e8F});
  const DeviceTensor<float> out({1}, {0});
  EXPECT_EQ(CALL_OPERATOR(aclnnLerps, self, end, Scalar<float>(0), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 0.1F);
  EXPECT_EQ(CALL_OPERATOR(aclnnLerps, self, end, Scalar<float>(1), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 1e8F);
}

TEST(addcmul_broadcasts_three_tensors) {
  const DeviceTensor<float> self({2, 1}, {1, 2});
  const DeviceTensor<float> first({3}, {1, 2, 3});
  const DeviceTensor<float> second({1}, {10});
  const DeviceTensor<float> out({2, 3}, std::vector<float>(6));
  EXPECT_EQ(CALL_OPERATOR(aclnnAddcmul, self, first, second, Scalar<float>(2), out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{21, 41, 61, 22, 42, 62}));
}

TEST(round_takes_ties_to_even_and_decimals) {
  const DeviceTensor<double> self({3}, {0.5, 1.5, -2.345});
  const DeviceTensor<double> out({3}, {0, 0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnRound, self, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<double>{0, 2, -2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnRoundDecimals, self, int64_t{1}, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<double>{0.5, 1.5, -2.3}));
}

TEST(erfinv_undoes_erf_into_its_tails) {
  const std::vector<double> wanted = {-5.5, -1, -1e-9, 0, 0.3, 2, 5};
  std::vector<double> given;
  for (const double value : wanted) given.push_back(std::erf(value));
  const DeviceTensor<double> self({7}, given);
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceErfinv, self), ACLNN_SUCCESS);
  const std::vector<double> got = self.Values();
  // Towards 1 erf leaves fewer digits of its argument.
  for (size_t i = 1; i < 6; ++i) EXPECT_TRUE(std::fabs(got[i] - wanted[i]) <= 1e-13);
  EXPECT_TRUE(std::fabs(got[6] - wanted[6]) < 1e-3);
}

TEST(whole_numbers_become_float32_and_empty_tensors_nothing) {
  const DeviceTensor<int64_t> self({2}, {0, 1});
  const DeviceTensor<float> out({2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnExp, self, out), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{1, std::exp(1.0F)}));
  const DeviceTensor<float> empty({0, 3}, {});
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceSqrt, empty), ACLNN_SUCCESS);
}

TEST(sqrt_refuses_complex_numbers_by_name) {
  float memory[2] = {};
  aclTensor* const complex = TensorArguments{{1}, {1}, {1}, ACL_COMPLEX64, 0, memory}.Create();
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceSqrt, complex), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnInplaceSqrt: selfRef is complex64 (16): want bool, uint8, int8, int16, int32, "
            "int64, float16, bf16, float32 or float64");
  aclDestroyTensor(complex);
}

TEST(a_refusal_of_an_operator_hides_an_older_error_of_the_runtime) {
  EXPECT_TRUE(aclrtMalloc(nullptr, 1, ACL_MEM_MALLOC_HUGE_FIRST) != ACL_SUCCESS);
  EXPECT_TRUE(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL) != ACL_SUCCESS);
  aclTensor* const null = nullptr;
  EXPECT_EQ(CALL_OPERATOR(aclnnInplaceSqrt, null), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS);
}
