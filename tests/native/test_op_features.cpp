// SPDX-License-Identifier: Apache-2.0
// Every feature of the operator through the C interface, each against sums written out here.
// Together and against the reference they are tested from Python; here they meet the sanitizers.
#include <algorithm>

#include "aclnnop/aclnn_moe_distribute_dispatch.h"
#include "aclnnop/aclnn_moe_distribute_dispatch_v3.h"
#include "hccl_ranks.h"
#include "moe_ranks.h"

namespace {

struct Features {
  bool positions = false;     // dispatch V1's expand_idx
  bool strided_rows = false;  // expand_x in every second column
  int mask_dims = 0;          // 1: the first two tokens; 2: all choices but k = 1 of token 0
  int64_t zero = 0, copy = 0, constant = 0;
  int64_t comm_quant_mode = 0;
  std::string group_tp;
  int64_t tp = 0, tp_rank = 0;
  std::vector<int32_t> elastic;
};

// The last choice of every token is a special expert when there are any.
bool IsSpecial(const MoeRank& r, const Features& f, int64_t k) {
  return f.zero + f.copy + f.constant > 0 && k == r.size.k - 1;
}
bool IsActive(const Features& f, int64_t token, int64_t k) {
  if (f.mask_dims == 1) return token < 2;
  return !(f.mask_dims == 2 && token == 0 && k == 1);
}

class Layer {
 public:
  Layer(const MoeRank& r, const Features& f) : r_(r), f_(f), t_(r) {
    const MoeSize& s = r.size;
    const int64_t halves = f.tp == 2 ? 2 : 1;
    const int64_t rows = s.Rows(r.rank) * halves;
    auto ids = t_.expert_ids->Read();
    for (int64_t t = 0; t < s.bs; ++t) {
      for (int64_t k = 0; k < s.k; ++k) {
        if (!f.elastic.empty()) ids[t * s.k + k] %= f.elastic[3];
        if (IsSpecial(r, f, k)) ids[t * s.k + k] = static_cast<int32_t>(s.experts);
      }
    }
    ids_ = MoeTensors::Make(ids, {s.bs, s.k}, ACL_INT32);
    const int64_t idx = f.positions ? s.bs * s.k : s.Rows(r.rank) * 128;
    expand_idx_ = MoeTensors::Make(std::vector<int32_t>(idx, -7), {idx}, ACL_INT32);
    if (f.strided_rows) {
      expand_x_ = std::make_unique<DeviceTensor<uint16_t>>(
          std::vector<uint16_t>(rows * s.h * 2), std::vector<int64_t>{rows, s.h}, ACL_BF16,
          std::vector<int64_t>{2 * s.h, 2});
    } else {
      expand_x_ = MoeTensors::Make(std::vector<uint16_t>(rows * s.h), {rows, s.h}, ACL_BF16);
    }
    const int64_t counts = s.ep * s.Local(r.rank) * halves;
    ep_counts_ = MoeTensors::Make(std::vector<int32_t>(counts), {counts}, ACL_INT32);
    tp_counts_ = MoeTensors::Make(std::vector<int32_t>(2), {2}, ACL_INT32);
    std::vector<uint8_t> mask;
    for (int64_t t = 0; t < s.bs; ++t) {
      for (int64_t k = 0; k < (f.mask_dims == 2 ? s.k : 1); ++k) mask.push_back(IsActive(f, t, k));
    }
    mask_ = MoeTensors::Make(
        mask, f.mask_dims == 2 ? std::vector<int64_t>{s.bs, s.k} : std::vector<int64_t>{s.bs},
        ACL_BOOL);
    const std::vector<uint16_t> half(s.h, ToBf16(0.5f)), two(s.h, ToBf16(2.0f));
    alpha1_ = MoeTensors::Make(std::vector<uint16_t>{ToBf16(2.0f)}, {1}, ACL_BF16);
    alpha2_ = MoeTensors::Make(half, {1, s.h}, ACL_BF16);
    v_ = MoeTensors::Make(two, {1, s.h}, ACL_BF16);
    if (!f.elastic.empty()) {
      elastic_ = MoeTensors::Make(f.elastic, {static_cast<int64_t>(f.elastic.size())}, ACL_INT32);
    }
  }

  aclTensor* Mask() const { return f_.mask_dims == 0 ? nullptr : static_cast<aclTensor*>(*mask_); }
  aclTensor* Const(const MoeTensors::Tensor<uint16_t>& tensor) const {
    return f_.constant == 0 ? nullptr : static_cast<aclTensor*>(*tensor);
  }
  aclTensor* Elastic() const { return elastic_ ? static_cast<aclTensor*>(*elastic_) : nullptr; }

  aclError Dispatch() {
    const MoeSize& s = r_.size;
    uint64_t bytes = 0;
    aclOpExecutor* executor = nullptr;
    if (f_.positions) {
      const aclnnStatus prepared = aclnnMoeDistributeDispatchGetWorkspaceSize(
          *t_.x, *ids_, nullptr, Mask(), nullptr, r_.group.c_str(), s.ep, r_.rank, s.experts,
          f_.group_tp.c_str(), f_.tp, f_.tp_rank, 0, s.shared, s.shared_ranks, 0, 0, 1, *expand_x_,
          nullptr, *expand_idx_, *t_.token_nums, *ep_counts_, *tp_counts_, nullptr, &bytes,
          &executor);
      return Finish(r_, prepared, bytes, executor, aclnnMoeDistributeDispatch);
    }
    const aclnnStatus prepared = aclnnMoeDistributeDispatchV3GetWorkspaceSize(
        *t_.x, *ids_, nullptr, Mask(), nullptr, Elastic(), r_.group.c_str(), s.ep, r_.rank,
        s.experts, f_.group_tp.c_str(), f_.tp, f_.tp_rank, 0, s.shared, s.shared_ranks, 0, 0, 1,
        nullptr, f_.zero, f_.copy, f_.constant, *expand_x_, nullptr, *expand_idx_, *t_.token_nums,
        *ep_counts_, *tp_counts_, nullptr, &bytes, &executor);
    return Finish(r_, prepared, bytes, executor, aclnnMoeDistributeDispatchV3);
  }

  aclError Combine() {
    const MoeSize& s = r_.size;
    uint64_t bytes = 0;
    aclOpExecutor* executor = nullptr;
    const aclnnStatus prepared = aclnnMoeDistributeCombineAddRmsNormV2GetWorkspaceSize(
        *expand_x_, *ids_, *expand_idx_, *ep_counts_, *t_.expert_scales, *t_.residual, *t_.gamma,
        *tp_counts_, Mask(), nullptr, nullptr, nullptr, nullptr, nullptr, Elastic(), *t_.x,
        Const(alpha1_), Const(alpha2_), Const(v_), r_.group.c_str(), s.ep, r_.rank, s.experts,
        f_.group_tp.c_str(), f_.tp, f_.tp_rank, 0, s.shared, s.shared_ranks, 0, 0,
        f_.comm_quant_mode, 0, nullptr, 1e-6f, f_.zero, f_.copy, f_.constant, *t_.y, *t_.rstd,
        *t_.x_out, &bytes, &executor);
    return Finish(r_, prepared, bytes, executor, aclnnMoeDistributeCombineAddRmsNormV2);
  }

  // The identity as expert; with TP both ranks of a pair return each row, which doubles it.
  void Expect(float tolerance) const {
    const MoeSize& s = r_.size;
    const auto x = t_.x_out->Read();
    for (int64_t token = 0; token < s.bs; ++token) {
      for (int64_t j = 0; j < s.h; ++j) {
        const float own = r_.X(r_.rank, token, j);
        float sum = 0.0f;
        bool any = false;
        for (int64_t k = 0; k < s.k; ++k) {
          if (!IsActive(f_, token, k)) continue;
          any = true;
          float row = f_.tp == 2 ? own + own : own;
          if (IsSpecial(r_, f_, k)) row = f_.zero ? 0.0f : f_.copy ? own : 2.0f * own + 1.0f;
          const float product = r_.Scale(r_.rank, token, k) * row;
          sum = sum + product;
        }
        for (int64_t i = 0; any && s.shared_ranks > 0 && i < s.shared; ++i) sum = sum + own;
        const float want = any ? sum + 0.5f : 0.0f;
        const float got = FromBf16(x[token * s.h + j]);
        const bool equal = tolerance == 0.0f ? ToBf16(want) == x[token * s.h + j]
                                             : std::fabs(got - want) <= tolerance;
        if (!equal) EXPECT_EQ(got, want);
      }
    }
  }

  DeviceTensor<int32_t>& idx() { return *expand_idx_; }
  DeviceTensor<int32_t>& tp_counts() { return *tp_counts_; }
  DeviceTensor<uint8_t>& mask() { return *mask_; }

 private:
  const MoeRank& r_;
  const Features& f_;
  const MoeTensors t_;
  MoeTensors::Tensor<uint16_t> expand_x_, alpha1_, alpha2_, v_;
  MoeTensors::Tensor<int32_t> ids_, expand_idx_, ep_counts_, tp_counts_, elastic_;
  MoeTensors::Tensor<uint8_t> mask_;
};

void ExpectRoundTrip(const MoeSize& size, const Features& f, float tolerance = 0.0f) {
  RunRanks(size, [&](MoeRank& r) {
    Layer layer(r, f);
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(layer.Dispatch(), ACL_SUCCESS);
      EXPECT_EQ(layer.Combine(), ACL_SUCCESS);
      layer.Expect(tolerance);
    }
  });
}

// One rank spoils what it gives to combine; all fail, with `text`.
template <typename Spoil>
void ExpectAllFail(const Features& f, Spoil spoil, const char* text) {
  RunRanks({}, [&](MoeRank& r) {
    Layer layer(r, f);
    EXPECT_EQ(layer.Dispatch(), ACL_SUCCESS);
    if (r.rank == 2) spoil(layer);
    EXPECT_TRUE(layer.Combine() != ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), text);
  });
}

// Four pairs: two EP groups of four ranks, and a TP group of the two ranks with the same EP rank.
void RunPairs(const Features& features, const std::function<void(const MoeRank&, Layer&)>& body) {
  constexpr int64_t kEp = 4;
  HcclRootInfo tp_roots[kEp];
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  for (HcclRootInfo& root : tp_roots) EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  MoeSize size;
  size.ep = kEp;
  size.experts = kEp;
  const auto run_half = [&](int64_t tp_rank) {
    const auto run_rank = [&](MoeRank& r) {
      HcclComm pair = nullptr;
      HcclCommConfig config;
      HcclCommConfigInit(&config);
      config.hcclBufferSize = 4;
      config.hcclExecTimeOut = 20;
      EXPECT_EQ(HcclCommInitRootInfoConfig(2, &tp_roots[r.rank], static_cast<uint32_t>(tp_rank),
                                           &config, &pair),
                HCCL_SUCCESS);
      char name[128] = {};
      EXPECT_EQ(HcclGetCommName(pair, name), HCCL_SUCCESS);
      Features f = features;
      f.tp = 2;
      f.tp_rank = tp_rank;
      f.group_tp = name;
      {
        Layer layer(r, f);
        body(r, layer);
      }
      EXPECT_EQ(HcclCommDestroy(pair), HCCL_SUCCESS);
    };
    RunRanks(size, run_rank, 16, static_cast<int32_t>(tp_rank * kEp));
  };
  std::thread second(run_half, 1);
  run_half(0);
  second.join();
}

MoeSize Shared() {
  MoeSize size;
  size.ep = 6;
  size.shared_ranks = 2;
  size.shared = 2;
  return size;
}

}  // namespace

TEST(positions_of_v1_bring_the_rows_back) {
  Features f;
  f.positions = true;
  ExpectRoundTrip({}, f);
  ExpectRoundTrip(Shared(), f);
  f.strided_rows = true;
  ExpectRoundTrip({}, f);
}

TEST(a_mask_of_tokens_leaves_the_others_alone) {
  Features f;
  f.mask_dims = 1;
  ExpectRoundTrip({}, f);
  ExpectRoundTrip(Shared(), f);
  f.positions = true;
  ExpectRoundTrip(Shared(), f);
}

TEST(a_mask_of_choices_leaves_single_choices_out) {
  Features f;
  f.mask_dims = 2;
  ExpectRoundTrip({}, f);
  ExpectRoundTrip(Shared(), f);
}

TEST(special_experts_are_computed_where_the_token_is) {
  for (int kind = 0; kind < 3; ++kind) {
    Features f;
    (kind == 0 ? f.zero : kind == 1 ? f.copy : f.constant) = 1;
    ExpectRoundTrip({}, f);
  }
}

TEST(int8_rows_come_back_within_their_step) {
  Features f;
  f.comm_quant_mode = 2;
  // Rows are at most 3.1, a step is 3.1 / 127; two of them are weighted with less than 0.8.
  ExpectRoundTrip({}, f, 0.06f);
  f.positions = true;
  ExpectRoundTrip({}, f, 0.06f);
  f.positions = false;
  f.strided_rows = true;
  ExpectRoundTrip({}, f, 0.06f);
}

TEST(a_pair_adds_up_what_both_have_computed) {
  for (const bool strided : {false, true}) {
    for (const bool positions : {false, true}) {
      Features f;
      f.strided_rows = strided;
      f.positions = positions;
      RunPairs(f, [](const MoeRank&, Layer& layer) {
        for (int round = 0; round < 3; ++round) {
          EXPECT_EQ(layer.Dispatch(), ACL_SUCCESS);
          EXPECT_EQ(layer.Combine(), ACL_SUCCESS);
          layer.Expect(0.0f);
        }
      });
    }
  }
}

TEST(combine_fails_everywhere_on_tp_send_counts_that_are_not_the_pairs) {
  RunPairs({}, [](const MoeRank& r, Layer& layer) {
    EXPECT_EQ(layer.Dispatch(), ACL_SUCCESS);
    // On both ranks of one pair, so that no pair is left with a rank that only its peer has failed.
    if (r.rank == 2) layer.tp_counts().Write(0, 1 << 20);
    if (r.rank == 2) layer.tp_counts().Write(1, 1 << 20);
    EXPECT_TRUE(layer.Combine() != ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "tp_send_counts[");
  });
}

TEST(combine_fails_everywhere_on_a_position_that_is_not_the_next) {
  Features f;
  f.positions = true;
  ExpectAllFail(f, [](Layer& layer) { layer.idx().Write(1, 5); }, "expand_idx[1] = 5");
}

TEST(combine_fails_everywhere_on_a_mask_with_a_hole) {
  Features f;
  f.mask_dims = 1;
  ExpectAllFail(
      f,
      [](Layer& layer) {
        layer.mask().Write(1, 0);
        layer.mask().Write(2, 1);
      },
      "x_active_mask[2] is true after x_active_mask[1] is false");
}

TEST(a_communicator_goes_on_without_a_rank_that_was_killed) {
  SharedPage* page = SharedPage::Make();
  constexpr uint32_t kRanks = 4, kKilled = 1;
  RankProcesses processes(kRanks, [&](uint32_t rank) {
    MoeRank r;
    r.rank = rank;
    HcclCommConfig config = SmallConfig();
    config.hcclBufferSize = 16;
    EXPECT_EQ(HcclCommInitRootInfoConfig(kRanks, page->Root(rank), rank, &config, &r.comm),
              HCCL_SUCCESS);
    char name[128] = {};
    EXPECT_EQ(HcclGetCommName(r.comm, name), HCCL_SUCCESS);
    r.group = name;
    EXPECT_EQ(aclrtCreateStream(&r.stream), ACL_SUCCESS);
    const auto round = [&](const Features& f) {
      Layer layer(r, f);
      EXPECT_EQ(layer.Dispatch(), ACL_SUCCESS);
      EXPECT_EQ(layer.Combine(), ACL_SUCCESS);
      layer.Expect(0.0f);
    };
    round({});
    page->notes[rank].store(1);
    if (rank == kKilled) SleepMs(60000);
    EXPECT_TRUE(page->AwaitNote(kKilled, 2));
    {
      const Features whole;
      Layer layer(r, whole);
      EXPECT_TRUE(layer.Dispatch() != ACL_SUCCESS);
      EXPECT_TEXT_HAS(RecentText(), "rank 1 (pid");
    }
    EXPECT_EQ(aclrtDestroyStreamForce(r.stream), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateStream(&r.stream), ACL_SUCCESS);
    Features left;
    left.elastic = {1, 3, 0, 6, 0, -1, 1, 2, 0, 2, 3, -1};
    for (int i = 0; i < 3; ++i) round(left);
    EXPECT_EQ(HcclCommDestroy(r.comm), HCCL_SUCCESS);
  });
  for (uint32_t rank = 0; rank < kRanks; ++rank) EXPECT_TRUE(page->AwaitNote(rank, 1));
  processes.Kill(kKilled);
  page->notes[kKilled].store(2);
  processes.Join();
}

TEST(dispatch_fails_everywhere_on_elastic_info_that_contradicts_itself) {
  RunRanks({}, [](MoeRank& r) {
    Features f;
    f.elastic = {1, 4, 0, 8, 0, 1, 2, 3, 0, 1, 2, 3};
    if (r.rank == 3) f.elastic[5] = 2;
    Layer layer(r, f);
    EXPECT_TRUE(layer.Dispatch() != ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "elastic_info gives rank 1 the new number 2 of 4");
  });
}
