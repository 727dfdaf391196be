// SPDX-License-Identifier: Apache-2.0
// dispatch and combine through the C interface alone, ranks as threads, against sums written out
// here.
#include <algorithm>

#include "moe_ranks.h"

namespace {

// The identity as expert: every copy of a token comes back as it went.
void ExpectCombined(const MoeRank& r, const MoeTensors& t) {
  const MoeSize& s = r.size;
  const auto x = t.x_out->Read();
  const auto y = t.y->Read();
  const auto rstd = t.rstd->Read();
  std::vector<float> acc(s.h);
  for (int64_t token = 0; token < s.bs; ++token) {
    double squares = 0;
    for (int64_t j = 0; j < s.h; ++j) {
      const float row = r.X(r.rank, token, j);
      float sum = 0.0f;
      for (int64_t k = 0; k < s.k; ++k) {
        const float product = r.Scale(r.rank, token, k) * row;
        sum = sum + product;
      }
      if (s.shared_ranks > 0) {
        for (int64_t shared = 0; shared < s.shared; ++shared) sum = sum + row;
      }
      acc[j] = sum + 0.5f;
      squares += double{acc[j]} * acc[j];
    }
    const float want = static_cast<float>(1.0 / std::sqrt(squares / s.h + double{1e-6f}));
    EXPECT_TRUE(std::fabs(rstd[token] - want) <= 1e-6f * want);
    for (int64_t j = 0; j < s.h; ++j) {
      const size_t at = token * s.h + j;
      if (x[at] != ToBf16(acc[j])) EXPECT_EQ(x[at], ToBf16(acc[j]));
      const float gamma = j % 2 == 0 ? 1.0f : 2.0f;
      const uint16_t want_y = ToBf16(FromBf16(ToBf16(acc[j] * want)) * gamma);
      if (std::abs(int{y[at]} - int{want_y}) > 1) EXPECT_EQ(y[at], want_y);
    }
  }
}

void ExpectRoundTrip(const MoeSize& size) {
  RunRanks(size, [](MoeRank& r) {
    const MoeTensors t(r);
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    EXPECT_EQ(Combine(r, t), ACL_SUCCESS);
    ExpectCombined(r, t);
  });
}

// Runs combine on every rank after a dispatch, rank 1 with what `change` did to it; nobody may
// hang.
template <typename Change>
void ExpectAllFail(Change change, const std::string& text_everywhere) {
  RunRanks({}, [&](MoeRank& r) {
    MoeTensors t(r);
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    CombineArguments arguments(r, t);
    if (r.rank == 1) change(t, arguments);
    const aclError status = arguments.Run(r);
    EXPECT_TRUE(status != ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), text_everywhere);
    const auto untouched = t.x_out->Read();
    EXPECT_TRUE(std::all_of(untouched.begin(), untouched.end(), [](uint16_t v) { return v == 0; }));
  });
}

}  // namespace

TEST(combine_returns_what_dispatch_sent) { ExpectRoundTrip({}); }

TEST(combine_works_with_two_and_with_sixteen_ranks) {
  MoeSize two;
  two.ep = 2;
  two.bs = 5;
  two.k = 8;
  ExpectRoundTrip(two);
  MoeSize sixteen;
  sixteen.ep = 16;
  sixteen.experts = 32;
  sixteen.k = 8;
  ExpectRoundTrip(sixteen);
}

TEST(combine_works_with_one_token_and_with_sixteen_choices) {
  MoeSize size;
  size.bs = 1;
  size.k = 16;
  size.experts = 16;
  size.h = 1056;
  ExpectRoundTrip(size);
}

TEST(combine_adds_the_rows_of_shared_expert_ranks) {
  MoeSize size;
  size.ep = 6;
  size.shared_ranks = 2;
  ExpectRoundTrip(size);
  size.shared = 2;
  ExpectRoundTrip(size);
}

TEST(combine_of_v2_without_extras_is_v1) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    const MoeSize& s = r.size;
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    uint64_t workspace_size = 0;
    aclOpExecutor* executor = nullptr;
    const aclnnStatus prepared = aclnnMoeDistributeCombineAddRmsNormV2GetWorkspaceSize(
        *t.expand_x, *t.expert_ids, *t.expand_idx, *t.ep_counts, *t.expert_scales, *t.residual,
        *t.gamma, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
        nullptr, nullptr, nullptr, r.group.c_str(), s.ep, r.rank, s.experts, "", 0, 0, 0, s.shared,
        s.shared_ranks, 0, 0, 0, 0, nullptr, 1e-6f, 0, 0, 0, *t.y, *t.rstd, *t.x_out,
        &workspace_size, &executor);
    EXPECT_EQ(Finish(r, prepared, workspace_size, executor, aclnnMoeDistributeCombineAddRmsNormV2),
              ACL_SUCCESS);
    ExpectCombined(r, t);
  });
}

TEST(combine_takes_strided_inputs) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    const MoeSize& s = r.size;
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    CombineArguments arguments(r, t);
    // Every second element of a buffer twice as long, from element 1 on.
    const auto strided = [&](const auto& plain, std::vector<int64_t> dims, aclDataType dtype) {
      const auto values = plain->Read();
      std::decay_t<decltype(values)> spread(2 * values.size() + 1);
      for (size_t i = 0; i < values.size(); ++i) spread[2 * i + 1] = values[i];
      std::vector<int64_t> strides(dims.size(), 2);
      for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
      return std::make_unique<DeviceTensor<typename std::decay_t<decltype(values)>::value_type>>(
          spread, dims, dtype, strides, 1);
    };
    const int64_t rows = s.Rows(r.rank);
    const auto expand_x = strided(t.expand_x, {rows, s.h}, ACL_BF16);
    const auto ids = strided(t.expert_ids, {s.bs, s.k}, ACL_INT32);
    const auto idx = strided(t.expand_idx, {rows * 128}, ACL_INT32);
    const auto counts = strided(t.ep_counts, {s.ep * s.Local(r.rank)}, ACL_INT32);
    const auto scales = strided(t.expert_scales, {s.bs, s.k}, ACL_FLOAT);
    const auto residual = strided(t.residual, {s.bs, 1, s.h}, ACL_BF16);
    const auto gamma = strided(t.gamma, {s.h}, ACL_BF16);
    arguments.expand_x = *expand_x;
    arguments.expert_ids = *ids;
    arguments.expand_idx = *idx;
    arguments.ep_counts = *counts;
    arguments.expert_scales = *scales;
    arguments.residual = *residual;
    arguments.gamma = *gamma;
    EXPECT_EQ(arguments.Run(r), ACL_SUCCESS);
    ExpectCombined(r, t);
  });
}

TEST(combine_adds_shared_expert_x_unscaled) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    const MoeSize& s = r.size;
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    CombineArguments arguments(r, t);
    const std::vector<uint16_t> quarter(s.bs * s.h, ToBf16(0.25f));
    const DeviceTensor<uint16_t> shared(quarter, {s.bs, s.h}, ACL_BF16);
    arguments.shared_x = shared;
    EXPECT_EQ(arguments.Run(r), ACL_SUCCESS);
    float sum = 0.0f;
    for (int64_t k = 0; k < s.k; ++k) {
      const float product = r.Scale(r.rank, 0, k) * r.X(r.rank, 0, 0);
      sum = sum + product;
    }
    EXPECT_EQ(t.x_out->Read()[0], ToBf16(sum + 0.25f + 0.5f));
  });
}

TEST(a_repeatable_executor_combines_again_and_again) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    uint64_t workspace_size = 0;
    aclOpExecutor* executor = nullptr;
    EXPECT_EQ(CombineArguments(r, t).Prepare(&workspace_size, &executor), OK);
    EXPECT_EQ(aclSetAclOpExecutorRepeatable(executor), OK);
    void* workspace = nullptr;
    EXPECT_EQ(aclrtMalloc(&workspace, workspace_size, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(aclnnMoeDistributeCombineAddRmsNorm(workspace, workspace_size, executor, r.stream),
                OK);
    }
    EXPECT_EQ(aclrtSynchronizeStream(r.stream), ACL_SUCCESS);
    ExpectCombined(r, t);
    EXPECT_EQ(aclDestroyAclOpExecutor(executor), OK);
    aclrtFree(workspace);
  });
}

TEST(combine_gives_the_same_bits_every_time) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    std::vector<uint16_t> first;
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
      EXPECT_EQ(Combine(r, t), ACL_SUCCESS);
      const auto y = t.y->Read();
      if (i == 0) first = y;
      EXPECT_TRUE(y == first);
    }
  });
}

TEST(combine_names_what_it_refuses) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    const auto refused = [&](const auto& change) {
      CombineArguments arguments(r, t);
      change(arguments);
      uint64_t workspace_size = 77;
      aclOpExecutor* executor = nullptr;
      const aclnnStatus status = arguments.Prepare(&workspace_size, &executor);
      EXPECT_TRUE(executor == nullptr);
      return status;
    };
    using A = CombineArguments;
    EXPECT_EQ(refused([](A& a) { a.gamma = nullptr; }), 161001);
    EXPECT_TEXT_HAS(RecentText(), "aclnnMoeDistributeCombineAddRmsNorm: gamma is null");
    EXPECT_EQ(refused([&](A& a) { a.gamma = *t.rstd; }), 161002);
    EXPECT_TEXT_HAS(RecentText(), "gamma must be bfloat16, got float32");
    EXPECT_EQ(refused([](A& a) { a.experts = 9; }), 561002);
    EXPECT_TEXT_HAS(RecentText(), "moe_expert_num must be a multiple of");
    EXPECT_EQ(refused([](A& a) { a.group = "nobody"; }), 561002);
    EXPECT_TEXT_HAS(RecentText(), "nobody");
    EXPECT_EQ(refused([](A& a) { a.rank = (a.rank + 1) % a.ep; }), 561002);
    EXPECT_TEXT_HAS(RecentText(), "of 4 here, but the call says rank");
    EXPECT_EQ(refused([](A& a) { a.comm_quant_mode = 1; }), 561002);
    EXPECT_TEXT_HAS(RecentText(), "comm_quant_mode must be 0 or 2 (int8), got 1");
    EXPECT_TRUE(aclGetRecentErrMsg() == nullptr);
  });
}

TEST(combine_refuses_null_out_pointers) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    uint64_t workspace_size = 0;
    aclOpExecutor* executor = nullptr;
    EXPECT_EQ(CombineArguments(r, t).Prepare(nullptr, &executor), 161001);
    EXPECT_TEXT_HAS(RecentText(), "workspaceSize");
    EXPECT_EQ(CombineArguments(r, t).Prepare(&workspace_size, nullptr), 161001);
    EXPECT_TEXT_HAS(RecentText(), "executor");
  });
}

TEST(combine_tells_the_megabytes_that_a_small_buffer_lacks) {
  MoeSize size;
  size.bs = 512;
  size.ep = 2;
  RunRanks(
      size,
      [](MoeRank& r) {
        const MoeTensors t(r);
        uint64_t workspace_size = 0;
        aclOpExecutor* executor = nullptr;
        EXPECT_EQ(CombineArguments(r, t).Prepare(&workspace_size, &executor), 561002);
        // 2 * (4 * 512 * 2 * 2560 + 2 * 512 * 2048) bytes
        const std::string text = RecentText();
        EXPECT_TEXT_HAS(text, "HCCL_BUFFSIZE is 1 MB");
        EXPECT_TEXT_HAS(text, "need 24 MB");
      },
      1);
}

TEST(combine_fails_everywhere_on_an_expert_id_out_of_range) {
  ExpectAllFail([](MoeTensors& t, CombineArguments&) { t.expert_ids->Write(3, 8); },
                "expert_ids[1, 1] = 8 is outside [0, 8)");
}

TEST(combine_fails_everywhere_on_an_expert_twice_in_a_row) {
  ExpectAllFail(
      [](MoeTensors& t, CombineArguments&) { t.expert_ids->Write(1, t.expert_ids->Read()[0]); },
      "stands in token 0 already");
}

TEST(combine_fails_everywhere_on_counts_that_do_not_add_up) {
  ExpectAllFail([](MoeTensors& t, CombineArguments&) { t.ep_counts->Write(2, 1 << 30); },
                "ep_send_counts[2] = 1073741824");
  ExpectAllFail([](MoeTensors& t, CombineArguments&) { t.ep_counts->Write(3, -1); },
                "ep_send_counts[3] = -1");
}

TEST(combine_fails_everywhere_on_a_triple_that_points_outside) {
  ExpectAllFail([](MoeTensors& t, CombineArguments&) { t.expand_idx->Write(1, 1 << 20); },
                "expand_idx: row 0 says");
  ExpectAllFail([](MoeTensors& t, CombineArguments&) { t.expand_idx->Write(0, -5); },
                "expand_idx: row 0 says");
}

TEST(combine_fails_everywhere_when_a_row_does_not_come_back) {
  RunRanks({}, [](MoeRank& r) {
    const MoeTensors t(r);
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    if (r.rank == 1) {
      // Its last row is kept back.
      const auto counts = t.ep_counts->Read();
      for (size_t i = 0; i < counts.size(); ++i) {
        t.ep_counts->Write(i, std::min(counts[i], counts.back() - 1));
      }
    }
    EXPECT_TRUE(Combine(r, t) != ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "on rank 1 sent no row back");
  });
}

TEST(ranks_that_differ_in_h_fail_with_both_values) {
  RunRanks({}, [](MoeRank& r) {
    MoeRank mine = r;
    if (r.rank == 2) mine.size.h = 2048;
    const MoeTensors t(mine);
    EXPECT_TRUE(Dispatch(mine, t) != ACL_SUCCESS);
    const std::string text = RecentText();
    EXPECT_TEXT_HAS(text, "H");
    EXPECT_TEXT_HAS(text, "1024");
    EXPECT_TEXT_HAS(text, "2048");
  });
}

TEST(a_communicator_works_on_after_a_failed_combine) {
  RunRanks({}, [](MoeRank& r) {
    MoeTensors t(r);
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    const auto ids = t.expert_ids->Read();
    if (r.rank == 3) t.expert_ids->Write(0, -1);
    EXPECT_TRUE(Combine(r, t) != ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "expert_ids[0, 0] = -1");
    // A stream keeps its failure; the communicator does not.
    EXPECT_TRUE(aclrtSynchronizeStream(r.stream) != ACL_SUCCESS);
    aclrtDestroyStreamForce(r.stream);
    EXPECT_EQ(aclrtCreateStream(&r.stream), ACL_SUCCESS);
    t.expert_ids->Write(0, ids[0]);
    EXPECT_EQ(Dispatch(r, t), ACL_SUCCESS);
    EXPECT_EQ(Combine(r, t), ACL_SUCCESS);
    ExpectCombined(r, t);
  });
}

TEST(calls_of_different_sizes_may_follow_one_another) {
  RunRanks({}, [](MoeRank& r) {
    for (int round = 0; round < 6; ++round) {
      MoeRank mine = r;
      mine.size.bs = round % 2 == 0 ? 3 : 40;
      mine.size.h = round % 3 == 0 ? 1024 : 2048;
      const MoeTensors t(mine);
      EXPECT_EQ(Dispatch(mine, t), ACL_SUCCESS);
      EXPECT_EQ(Combine(mine, t), ACL_SUCCESS);
      ExpectCombined(mine, t);
    }
  });
}
