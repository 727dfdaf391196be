// SPDX-License-Identifier: Apache-2.0
// What surrounds the experts: grouped and quantised products, routing, gating, attention. Refusals
// and edges; more values: tests/torch_npu.
#include "aclnnop/aclnn_dynamic_quant_v2.h"
#include "aclnnop/aclnn_flash_attention_score.h"
#include "aclnnop/aclnn_grouped_matmul_v5.h"
#include "aclnnop/aclnn_moe_compute_expert_tokens.h"
#include "aclnnop/aclnn_moe_finalize_routing_v2.h"
#include "aclnnop/aclnn_moe_gating_top_k_softmax.h"
#include "aclnnop/aclnn_moe_init_routing_v3.h"
#include "aclnnop/aclnn_moe_re_routing.h"
#include "aclnnop/aclnn_moe_token_permute.h"
#include "aclnnop/aclnn_quant_matmul_v5.h"
#include "aclnnop/aclnn_trans_quant_param_v2.h"
#include "operator_example.h"

namespace {

aclTensor* const kNoTensor = nullptr;
aclTensorList* const kNoList = nullptr;

// A list that leaves its tensors to their owners: only the list is destroyed.
class TensorList {
 public:
  explicit TensorList(std::vector<aclTensor*> tensors)
      : tensors_(std::move(tensors)),
        handle_(aclCreateTensorList(tensors_.data(), tensors_.size())) {}
  TensorList(const TensorList&) = delete;
  TensorList& operator=(const TensorList&) = delete;
  operator aclTensorList*() const { return handle_; }

 private:
  std::vector<aclTensor*> tensors_;
  aclTensorList* handle_;  // destroying it would destroy the tensors; the process ends soon
};

aclnnStatus GroupedMatmul(aclTensorList* x, aclTensorList* weight, aclTensor* groups,
                          int64_t list_type, aclTensorList* out, aclTensorList* scale = nullptr,
                          aclTensorList* offset = nullptr, int64_t act_type = 0) {
  return CALL_OPERATOR(aclnnGroupedMatmulV5, x, weight, kNoList, scale, offset, kNoList, kNoList,
                       kNoList, groups, kNoList, kNoList, kNoList, int64_t{3}, int64_t{0},
                       list_type, act_type, static_cast<aclIntArray*>(nullptr), out, kNoList,
                       kNoList);
}

}  // namespace

TEST(grouped_matmul_takes_each_group_by_its_weight) {
  const DeviceTensor<float> x({3, 1}, {1, 2, 3});
  const DeviceTensor<float> weight({3, 1, 2}, {1, 2, 7, 7, 10, 20});
  const DeviceTensor<float> out({3, 2}, std::vector<float>(6));
  const DeviceTensor<int64_t> counts({3}, {1, 0, 2});
  const TensorList xs({x}), weights({weight}), outs({out});
  EXPECT_EQ(GroupedMatmul(xs, weights, counts, 1, outs), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{1, 2, 20, 40, 30, 60}));
  const DeviceTensor<int64_t> sums({3}, {2, 2, 2});
  const DeviceTensor<float> part({3, 2}, std::vector<float>(6, -1));
  const TensorList parts({part});
  EXPECT_EQ(GroupedMatmul(xs, weights, sums, 0, parts), ACLNN_SUCCESS);
  // The row behind the last group is of no expert.
  EXPECT_EQ(part.Values(), (std::vector<float>{1, 2, 2, 4, -1, -1}));
}

TEST(grouped_matmul_says_which_group_is_too_large) {
  const DeviceTensor<float> x({3, 1}, {1, 2, 3});
  const DeviceTensor<float> weight({2, 1, 1}, {1, 1});
  const DeviceTensor<float> out({3, 1}, {-1, -1, -1});
  const DeviceTensor<int64_t> counts({2}, {2, 2});
  const TensorList xs({x}), weights({weight}), outs({out});
  EXPECT_NE(GroupedMatmul(xs, weights, counts, 1, outs), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "groupList[1] is 2 after 2 rows");
  EXPECT_EQ(out.Values(), (std::vector<float>{-1, -1, -1}));
}

TEST(grouped_matmul_refuses_sums_that_fall) {
  const DeviceTensor<float> x({3, 1}, {1, 2, 3});
  const DeviceTensor<float> weight({2, 1, 1}, {1, 1});
  const DeviceTensor<float> out({3, 1}, {-1, -1, -1});
  const DeviceTensor<int64_t> sums({2}, {2, 1});
  const TensorList xs({x}), weights({weight}), outs({out});
  EXPECT_NE(GroupedMatmul(xs, weights, sums, 0, outs), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "groupList[1] is 1 after 2 rows: want sums that do not fall");
}

TEST(grouped_matmul_refuses_what_it_does_not_do_by_name) {
  const DeviceTensor<float> x({1, 1}, {1});
  const DeviceTensor<float> weight({1, 1, 1}, {1});
  const DeviceTensor<int64_t> counts({1}, {1});
  const TensorList xs({x}), weights({weight});
  EXPECT_EQ(GroupedMatmul(xs, weights, counts, 1, xs, nullptr, xs), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnGroupedMatmulV5: offset is given: the host device does not use it, leave it out");
  EXPECT_EQ(GroupedMatmul(xs, weights, counts, 1, xs, nullptr, nullptr, 2),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnGroupedMatmulV5: actType is 2: the host device does 0 alone");
  EXPECT_EQ(GroupedMatmul(xs, weights, counts, 2, xs), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnGroupedMatmulV5: groupListType is 2: want 0 to 1");
  const DeviceTensor<int64_t> three({3}, {1, 0, 0});
  EXPECT_EQ(GroupedMatmul(xs, weights, three, 1, xs), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnGroupedMatmulV5: weight[0] has shape (1, 1, 1): want a matrix for each group");
  EXPECT_EQ(GroupedMatmul(nullptr, weights, counts, 1, xs), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(RecentText(), "aclnnGroupedMatmulV5: x is null");
}

TEST(quant_matmul_holds_int8_results_in_their_range) {
  const DeviceTensor<int8_t> x({1, 2}, {100, 100});
  const DeviceTensor<int8_t> weight({2, 2}, {100, -100, 100, -100});
  const DeviceTensor<float> scale({1}, {0.0125F});
  const DeviceTensor<int64_t> packed({1}, {0});
  const DeviceTensor<int8_t> out({1, 2}, {0, 0});
  EXPECT_EQ(CALL_OPERATOR(aclnnTransQuantParamV2, scale, kNoTensor, packed), ACLNN_SUCCESS);
  EXPECT_EQ(CALL_OPERATOR(aclnnQuantMatmulV5, x, weight, kNoTensor, packed, kNoTensor, kNoTensor,
                          kNoTensor, kNoTensor, kNoTensor, false, false, int64_t{0}, out),
            ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<int8_t>{127, -128}));
}

TEST(quant_matmul_refuses_by_name) {
  const DeviceTensor<int8_t> x({1, 2}, {1, 1});
  const DeviceTensor<float> real({1, 2}, {1, 1});
  const DeviceTensor<float> scale({1}, {1});
  const auto call = [&](aclTensor* x1, aclTensor* x2, aclTensor* y_scale, int64_t group_size) {
    return CALL_OPERATOR(aclnnQuantMatmulV5, x1, x2, kNoTensor, scale, y_scale, kNoTensor,
                         kNoTensor, kNoTensor, kNoTensor, false, true, group_size, real);
  };
  EXPECT_EQ(call(real, x, nullptr, 0), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnQuantMatmulV5: x1 is float32 (0): the host device takes int8 alone");
  EXPECT_EQ(call(x, x, scale, 0), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "yScale is given");
  EXPECT_EQ(call(x, x, nullptr, 32), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "groupSize is 32: the host device does 0 alone");
  EXPECT_EQ(call(x, x, nullptr, 0), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnQuantMatmulV5: out has shape (1, 2): want (1, 1)");
}

TEST(dynamic_quant_of_a_strided_view) {
  const DeviceTensor<float> x({2, 2}, {1, 2}, 0, {127, 0, -63.5F, 0});
  const DeviceTensor<int8_t> y({2, 2}, {9, 9, 9, 9});
  const DeviceTensor<float> scale({2}, {9, 9});
  EXPECT_EQ(CALL_OPERATOR(aclnnDynamicQuantV2, x, kNoTensor, kNoTensor, int64_t{ACL_INT8}, y, scale,
                          kNoTensor),
            ACLNN_SUCCESS);
  EXPECT_EQ(y.Values(), (std::vector<int8_t>{127, -64, 0, 0}));
  EXPECT_EQ(scale.Values(), (std::vector<float>{1, 0}));
  EXPECT_EQ(CALL_OPERATOR(aclnnDynamicQuantV2, x, kNoTensor, kNoTensor, int64_t{ACL_INT4}, y, scale,
                          kNoTensor),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "dstType is 29: the host device does int8 (2) alone");
}

TEST(gating_takes_equal_experts_in_their_order) {
  const DeviceTensor<float> x({1, 4}, {1, 2, 2, 2});
  const DeviceTensor<float> y({1, 2}, {0, 0});
  const DeviceTensor<int32_t> experts({1, 2}, {-1, -1});
  const DeviceTensor<int32_t> rows({1, 2}, {-1, -1});
  EXPECT_EQ(CALL_OPERATOR(aclnnMoeGatingTopKSoftmax, x, kNoTensor, int64_t{2}, y, experts, rows),
            ACLNN_SUCCESS);
  EXPECT_EQ(experts.Values(), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(CALL_OPERATOR(aclnnMoeGatingTopKSoftmax, x, kNoTensor, int64_t{5}, y, experts, rows),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(), "aclnnMoeGatingTopKSoftmax: k is 5: want 1 to 4");
}

TEST(init_routing_leaves_out_experts_of_other_ranks) {
  const DeviceTensor<float> x({2, 1}, {10, 20});
  const DeviceTensor<int32_t> experts({2, 2}, {3, 1, 1, 9});
  const DeviceTensor<float> expanded({4, 1}, {-1, -1, -1, -1});
  const DeviceTensor<int32_t> rows({4}, {7, 7, 7, 7});
  const DeviceTensor<int64_t> counts({3}, {7, 7, 7});
  const int64_t range[] = {1, 4};
  aclIntArray* const active = aclCreateIntArray(range, 2);
  const auto call = [&](int64_t quant_mode, bool flag) {
    return CALL_OPERATOR(aclnnMoeInitRoutingV3, x, experts, kNoTensor, kNoTensor, int64_t{4},
                         int64_t{0}, int64_t{8}, int64_t{0}, int64_t{1}, flag, quant_mode, active,
                         int64_t{0}, expanded, rows, counts, kNoTensor);
  };
  EXPECT_EQ(call(-1, true), ACLNN_SUCCESS);
  EXPECT_EQ(expanded.Values(), (std::vector<float>{10, 20, 10, -1}));
  EXPECT_EQ(rows.Values(), (std::vector<int32_t>{2, 0, 1, -1}));
  EXPECT_EQ(counts.Values(), (std::vector<int64_t>{2, 0, 1}));
  EXPECT_EQ(call(0, true), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "quantMode is 0: the host device does -1 (none) and 1");
  aclDestroyIntArray(active);
}

TEST(finalize_routing_skips_dropped_choices_and_checks_places) {
  const DeviceTensor<float> rows({2, 1}, {10, 20});
  const DeviceTensor<int32_t> places({2}, {1, -1});
  const DeviceTensor<float> scales({1, 2}, {0.5F, 3});
  const DeviceTensor<float> out({1, 1}, {-1});
  const auto call = [&](aclTensor* row_index) {
    return CALL_OPERATOR(aclnnMoeFinalizeRoutingV2, rows, row_index, kNoTensor, kNoTensor,
                         kNoTensor, scales, kNoTensor, int64_t{2}, out);
  };
  EXPECT_EQ(call(places), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values()[0], 10);
  const DeviceTensor<int32_t> beyond({2}, {1, 2});
  EXPECT_NE(call(beyond), ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "the row index holds 2: want -1 to 1");
}

TEST(token_permute_and_counts_of_experts) {
  const DeviceTensor<int64_t> tokens({2, 1}, {10, 20});
  const DeviceTensor<int32_t> experts({2, 2}, {3, 1, 1, 0});
  const DeviceTensor<int64_t> permuted({4, 1}, std::vector<int64_t>(4));
  const DeviceTensor<int32_t> places({4}, std::vector<int32_t>(4));
  EXPECT_EQ(
      CALL_OPERATOR(aclnnMoeTokenPermute, tokens, experts, int64_t{4}, false, permuted, places),
      ACLNN_SUCCESS);
  EXPECT_EQ(permuted.Values(), (std::vector<int64_t>{20, 10, 20, 10}));
  EXPECT_EQ(places.Values(), (std::vector<int32_t>{3, 1, 2, 0}));
  EXPECT_EQ(
      CALL_OPERATOR(aclnnMoeTokenPermute, tokens, experts, int64_t{4}, true, permuted, places),
      ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "paddedMode is true");
  const DeviceTensor<int32_t> sorted({4}, {0, 1, 1, 3});
  const DeviceTensor<int32_t> ends({5}, std::vector<int32_t>(5));
  EXPECT_EQ(CALL_OPERATOR(aclnnMoeComputeExpertTokens, sorted, int64_t{5}, ends), ACLNN_SUCCESS);
  EXPECT_EQ(ends.Values(), (std::vector<int32_t>{1, 3, 3, 4, 4}));
}

TEST(re_routing_refuses_more_rows_than_there_are) {
  const DeviceTensor<float> tokens({2, 1}, {10, 20});
  const DeviceTensor<int32_t> counts({1, 2}, {1, 2});
  const DeviceTensor<float> permuted({2, 1}, {-1, -1});
  const DeviceTensor<int32_t> index({2}, {-1, -1});
  const DeviceTensor<int32_t> totals({2}, {-1, -1});
  EXPECT_NE(CALL_OPERATOR(aclnnMoeReRouting, tokens, counts, kNoTensor, int64_t{1}, int64_t{0},
                          permuted, kNoTensor, index, totals),
            ACLNN_SUCCESS);
  EXPECT_TEXT_HAS(RecentText(), "expertTokenNumPerRank holds 2 after 1 rows");
  EXPECT_EQ(permuted.Values(), (std::vector<float>{-1, -1}));
}

TEST(attention_of_one_row_is_the_weighted_value) {
  const DeviceTensor<float> query({1, 1, 1, 1}, {0});
  const DeviceTensor<float> key({1, 1, 2, 1}, {5, 7});
  const DeviceTensor<float> value({1, 1, 2, 2}, {1, 2, 3, 4});
  const DeviceTensor<bool> mask({1, 2}, {false, true});
  const DeviceTensor<float> out({1, 1, 1, 2}, {0, 0});
  char layout[] = "BNSD";
  const auto call = [&](aclTensor* masked, double keep, int64_t mode) {
    return CALL_OPERATOR(aclnnFlashAttentionScore, query, key, value, kNoTensor, kNoTensor,
                         kNoTensor, masked, static_cast<aclIntArray*>(nullptr), 1.0, keep,
                         int64_t{INT32_MAX}, int64_t{INT32_MAX}, int64_t{1}, layout, int64_t{0},
                         mode, kNoTensor, kNoTensor, kNoTensor, out);
  };
  EXPECT_EQ(call(nullptr, 1, 0), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{2, 3}));
  EXPECT_EQ(call(mask, 1, 0), ACLNN_SUCCESS);
  EXPECT_EQ(out.Values(), (std::vector<float>{1, 2}));
  EXPECT_EQ(call(nullptr, 0.5, 0), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(RecentText(),
            "aclnnFlashAttentionScore: keepProb is 0.5: the host device does not drop out, want 1");
  EXPECT_EQ(call(nullptr, 1, 5), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "sparseMode is 5: want 0 to 3");
  layout[0] = 'T';
  EXPECT_EQ(call(nullptr, 1, 0), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "inputLayout is \"TNSD\"");
}
