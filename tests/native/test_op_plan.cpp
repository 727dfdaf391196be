// SPDX-License-Identifier: Apache-2.0
// Every refusal of combine's tables, each limit on both sides.
#include <cmath>
#include <limits>
#include <string>

#include "check.h"
#include "combine_example.h"
#include "op_plan/window_layout.h"

namespace {

using op_plan::DType;
using op_plan::Verdict;

int32_t StatusOf(const Verdict& verdict) { return verdict ? verdict->status : 0; }
std::string TextOf(const Verdict& verdict) { return verdict ? verdict->text : "accepted"; }

template <typename Change>
Verdict Changed(Change change) {
  CombineExample example;
  change(example);
  return example.Plan();
}

#define EXPECT_ACCEPTED(...) EXPECT_EQ(TextOf(Changed(__VA_ARGS__)), std::string("accepted"))
#define EXPECT_REFUSED(status, text, ...)         \
  do {                                            \
    const Verdict verdict = Changed(__VA_ARGS__); \
    EXPECT_EQ(StatusOf(verdict), status);         \
    EXPECT_TEXT_HAS(TextOf(verdict), text);       \
  } while (0)

constexpr int32_t kNull = 161001;
constexpr int32_t kInvalid = 161002;
constexpr int32_t kTiling = 561002;

using E = CombineExample;

void UseTp(E& e) {
  e.Resize(3, 2, 1024, 4, 4);
  e.attributes.ep.group_tp = "tp";
  e.attributes.ep.tp_world_size = 2;
  e.Set(op_plan::kExpandX, DType::kBf16, {2 * 12, 1024});
  e.Set(op_plan::kEpSendCounts, DType::kInt32, {8});
  e.Set(op_plan::kTpSendCounts, DType::kInt32, {2});
}

// Rank 1 of 4 with two shared-expert ranks: a shared-expert rank itself, A = 12 * num / ranks.
void UseSharedRanks(E& e) {
  e.attributes.ep.shared_expert_rank_num = 2;
  e.attributes.ep.shared_expert_num = 1;
  e.Set(op_plan::kExpandX, DType::kBf16, {6, 1024});
  e.Set(op_plan::kExpandIdx, DType::kInt32, {6 * 128});
  e.Set(op_plan::kEpSendCounts, DType::kInt32, {4});
}

void UseConstExperts(E& e) {
  e.attributes.ep.const_expert_num = 3;
  e.Set(op_plan::kOriX, DType::kBf16, {3, 1024});
  e.Set(op_plan::kConstExpertAlpha1, DType::kBf16, {3});
  e.Set(op_plan::kConstExpertAlpha2, DType::kBf16, {3, 1024});
  e.Set(op_plan::kConstExpertV, DType::kBf16, {3, 1024});
}

}  // namespace

TEST(plan_of_the_example_has_its_sizes) {
  CombineExample example;
  EXPECT_EQ(TextOf(example.Plan()), std::string("accepted"));
  EXPECT_EQ(example.plan.ep.max_bs, 3u);
  EXPECT_EQ(example.plan.ep.LocalExpertNum(1), 2u);
  EXPECT_EQ(example.plan.ep.MaxRows(1), int64_t{24});
  EXPECT_EQ(example.plan.ep.CopiesPerToken(), 2u);
  EXPECT_TRUE(example.plan.row_origin == op_plan::RowOrigin::kTriples);
}

TEST(plan_refuses_each_required_tensor_when_null) {
  for (uint32_t tensor :
       {op_plan::kExpandX, op_plan::kExpertIds, op_plan::kExpandIdx, op_plan::kEpSendCounts,
        op_plan::kExpertScales, op_plan::kResidualX, op_plan::kGamma}) {
    EXPECT_REFUSED(kNull, op_plan::CombineTensorName(tensor),
                   [=](E& e) { e.tensors[tensor].present = false; });
  }
  for (uint32_t tensor : {op_plan::kY, op_plan::kRstdOut, op_plan::kX}) {
    EXPECT_REFUSED(kNull, op_plan::CombineTensorName(tensor),
                   [=](E& e) { e.tensors[tensor].present = false; });
  }
}

TEST(plan_refuses_each_tensor_of_another_dtype) {
  for (uint32_t tensor = 0; tensor < op_plan::kCombineTensors; ++tensor) {
    if (tensor == op_plan::kActivationScale || tensor == op_plan::kWeightScale ||
        tensor == op_plan::kGroupList || tensor == op_plan::kExpandScales ||
        tensor == op_plan::kTpSendCounts) {
      continue;
    }
    EXPECT_REFUSED(kInvalid, op_plan::CombineTensorName(tensor), [=](E& e) {
      e.tensors[tensor].present = true;
      e.tensors[tensor].plain_format = true;
      e.tensors[tensor].dtype = DType::kOther;
    });
  }
  EXPECT_REFUSED(kInvalid, "tp_send_counts must be int32, got float32", [](E& e) {
    UseTp(e);
    e.tensors[op_plan::kTpSendCounts].dtype = DType::kFloat32;
  });
}

TEST(plan_refuses_a_private_format) {
  EXPECT_REFUSED(kTiling, "format ND",
                 [](E& e) { e.tensors[op_plan::kGamma].plain_format = false; });
}

TEST(plan_limits_the_group_names) {
  static const std::string longest(127, 'n');
  static const std::string too_long(128, 'n');
  EXPECT_REFUSED(kNull, "group_ep is null", [](E& e) { e.attributes.ep.group_ep = nullptr; });
  EXPECT_REFUSED(kTiling, "group_ep", [](E& e) { e.attributes.ep.group_ep = ""; });
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.group_ep = longest.c_str(); });
  EXPECT_REFUSED(kInvalid, "group_ep", [](E& e) { e.attributes.ep.group_ep = too_long.c_str(); });
  EXPECT_REFUSED(kInvalid, "group_tp", [](E& e) {
    UseTp(e);
    e.attributes.ep.group_tp = too_long.c_str();
  });
  EXPECT_REFUSED(kTiling, "group_tp", [](E& e) {
    UseTp(e);
    e.attributes.ep.group_tp = nullptr;
  });
  EXPECT_REFUSED(kTiling, "must differ", [](E& e) {
    UseTp(e);
    e.attributes.ep.group_tp = "ep";
  });
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.group_tp = too_long.c_str(); });
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.group_tp = "ep"; });
}

TEST(plan_limits_ep_world_size) {
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 2, 1024, 2, 8); });
  EXPECT_REFUSED(kTiling, "ep_world_size must be in [2, 768], got 1", [](E& e) {
    e.Resize(3, 2, 1024, 1, 8);
    e.attributes.ep.ep_rank_id = 0;
  });
  EXPECT_ACCEPTED([](E& e) { e.Resize(1, 1, 1024, 768, 768); });
  EXPECT_REFUSED(kTiling, "got 769", [](E& e) { e.Resize(1, 1, 1024, 769, 769); });
}

TEST(plan_limits_ep_rank_id) {
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.ep_rank_id = 0; });
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.ep_rank_id = 3; });
  EXPECT_REFUSED(kTiling, "ep_rank_id", [](E& e) { e.attributes.ep.ep_rank_id = -1; });
  EXPECT_REFUSED(kTiling, "[0, 4), got 4", [](E& e) { e.attributes.ep.ep_rank_id = 4; });
}

TEST(plan_limits_moe_expert_num) {
  EXPECT_ACCEPTED([](E& e) { e.Resize(1, 1, 1024, 4, 1024); });
  EXPECT_REFUSED(kTiling, "[1, 1024], got 1028", [](E& e) { e.Resize(1, 1, 1024, 4, 1028); });
  EXPECT_REFUSED(kTiling, "got 0", [](E& e) { e.attributes.ep.moe_expert_num = 0; });
  EXPECT_REFUSED(kTiling, "multiple of", [](E& e) { e.attributes.ep.moe_expert_num = 9; });
}

TEST(plan_limits_tp) {
  EXPECT_ACCEPTED(UseTp);
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.tp_world_size = 1; });
  EXPECT_REFUSED(kTiling, "tp_world_size", [](E& e) { e.attributes.ep.tp_world_size = -1; });
  EXPECT_REFUSED(kTiling, "[0, 2], got 3", [](E& e) { e.attributes.ep.tp_world_size = 3; });
  EXPECT_REFUSED(kTiling, "tp_rank_id", [](E& e) { e.attributes.ep.tp_rank_id = 1; });
  EXPECT_ACCEPTED([](E& e) {
    UseTp(e);
    e.attributes.ep.tp_rank_id = 1;
  });
  EXPECT_REFUSED(kTiling, "tp_rank_id", [](E& e) {
    UseTp(e);
    e.attributes.ep.tp_rank_id = 2;
  });
  EXPECT_REFUSED(kTiling, "one expert per rank", [](E& e) {
    UseTp(e);
    e.attributes.ep.moe_expert_num = 8;
  });
  EXPECT_REFUSED(kTiling, "comm_quant_mode", [](E& e) {
    UseTp(e);
    e.attributes.comm_quant_mode = 2;
  });
  EXPECT_REFUSED(kTiling, "elastic_info", [](E& e) {
    UseTp(e);
    e.Set(op_plan::kElasticInfo, DType::kInt32, {12});
  });
  EXPECT_REFUSED(kNull, "tp_send_counts", [](E& e) {
    UseTp(e);
    e.tensors[op_plan::kTpSendCounts].present = false;
  });
  EXPECT_REFUSED(kTiling, "tp_send_counts", [](E& e) {
    UseTp(e);
    e.Set(op_plan::kTpSendCounts, DType::kInt32, {1});
  });
}

TEST(plan_takes_what_torch_npu_passes_without_tp) {
  EXPECT_ACCEPTED([](E& e) {
    e.attributes.ep.tp_world_size = 1;
    e.attributes.ep.group_tp = "tp";
    e.Set(op_plan::kTpSendCounts, DType::kInt32, {1});
    e.Set(op_plan::kExpandScales, DType::kFloat32, {24});
  });
}

TEST(plan_takes_only_zero_for_reserved_attributes) {
  EXPECT_REFUSED(kTiling, "expert_shard_type", [](E& e) { e.attributes.ep.expert_shard_type = 1; });
  EXPECT_REFUSED(kTiling, "out_dtype", [](E& e) { e.attributes.out_dtype = 1; });
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.comm_alg = ""; });
  EXPECT_REFUSED(kTiling, "comm_alg", [](E& e) { e.attributes.ep.comm_alg = "fullmesh"; });
}

TEST(plan_takes_either_group_list_type_and_no_group_list) {
  EXPECT_ACCEPTED([](E& e) { e.attributes.group_list_type = 0; });
  EXPECT_ACCEPTED([](E& e) { e.attributes.group_list_type = 1; });
  EXPECT_REFUSED(kTiling, "group_list_type must be 0 or 1, got 2",
                 [](E& e) { e.attributes.group_list_type = 2; });
  EXPECT_REFUSED(kTiling, "group_list_type must be 0 or 1, got -1",
                 [](E& e) { e.attributes.group_list_type = -1; });
  EXPECT_REFUSED(kTiling, "group_list is reserved", [](E& e) {
    e.attributes.group_list_type = 1;
    e.Set(op_plan::kGroupList, DType::kInt64, {2});
  });
}

TEST(plan_limits_comm_quant_mode) {
  EXPECT_ACCEPTED([](E& e) { e.attributes.comm_quant_mode = 2; });
  EXPECT_REFUSED(kTiling, "got 1", [](E& e) { e.attributes.comm_quant_mode = 1; });
  EXPECT_REFUSED(kTiling, "got -1", [](E& e) { e.attributes.comm_quant_mode = -1; });
}

TEST(plan_limits_shared_experts) {
  EXPECT_ACCEPTED(UseSharedRanks);
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.shared_expert_num = 0; });
  EXPECT_REFUSED(kTiling, "0 or 1", [](E& e) { e.attributes.ep.shared_expert_num = 2; });
  EXPECT_REFUSED(kTiling, "shared_expert_num",
                 [](E& e) { e.attributes.ep.shared_expert_num = -1; });
  EXPECT_REFUSED(kTiling, "[0, 4], got 5", [](E& e) { e.attributes.ep.shared_expert_num = 5; });
  EXPECT_REFUSED(kTiling, "multiple of shared_expert_num", [](E& e) {
    UseSharedRanks(e);
    e.attributes.ep.shared_expert_num = 4;
  });
  EXPECT_REFUSED(kTiling, "multiple of shared_expert_num", [](E& e) {
    UseSharedRanks(e);
    e.attributes.ep.shared_expert_num = 0;
  });
  EXPECT_REFUSED(kTiling, "shared_expert_rank_num",
                 [](E& e) { e.attributes.ep.shared_expert_rank_num = 4; });
  EXPECT_REFUSED(kTiling, "shared_expert_rank_num",
                 [](E& e) { e.attributes.ep.shared_expert_rank_num = -1; });
  EXPECT_REFUSED(kTiling, "shared_expert_x must be null", [](E& e) {
    UseSharedRanks(e);
    e.Set(op_plan::kSharedExpertX, DType::kBf16, {3, 1024});
  });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kSharedExpertX, DType::kBf16, {3, 1024}); });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kSharedExpertX, DType::kBf16, {3, 1, 1024}); });
  EXPECT_REFUSED(kTiling, "shared_expert_x",
                 [](E& e) { e.Set(op_plan::kSharedExpertX, DType::kBf16, {2, 1024}); });
}

TEST(plan_limits_global_bs) {
  EXPECT_ACCEPTED([](E& e) { e.attributes.ep.global_bs = 12; });
  EXPECT_REFUSED(kTiling, "at least 3 * 4 = 12, got 8",
                 [](E& e) { e.attributes.ep.global_bs = 8; });
  EXPECT_REFUSED(kTiling, "global_bs", [](E& e) { e.attributes.ep.global_bs = 13; });
  EXPECT_REFUSED(kTiling, "global_bs", [](E& e) { e.attributes.ep.global_bs = -4; });
  EXPECT_REFUSED(kTiling, "at most 512", [](E& e) { e.attributes.ep.global_bs = 513 * 4; });
  // A larger BS elsewhere means more rows here.
  EXPECT_REFUSED(kTiling, "expand_x", [](E& e) { e.attributes.ep.global_bs = 16; });
  EXPECT_ACCEPTED([](E& e) {
    e.attributes.ep.global_bs = 16;
    e.Set(op_plan::kExpandX, DType::kBf16, {32, 1024});
    e.Set(op_plan::kExpandIdx, DType::kInt32, {32 * 128});
  });
  EXPECT_REFUSED(kTiling, "x_active_mask must be null when ranks differ in BS", [](E& e) {
    e.attributes.ep.global_bs = 16;
    e.Set(op_plan::kExpandX, DType::kBf16, {32, 1024});
    e.Set(op_plan::kExpandIdx, DType::kInt32, {32 * 128});
    e.Set(op_plan::kXActiveMask, DType::kBool, {3});
  });
}

TEST(plan_limits_norm_eps) {
  EXPECT_ACCEPTED([](E& e) { e.attributes.norm_eps = 0.0f; });
  EXPECT_REFUSED(kTiling, "norm_eps", [](E& e) { e.attributes.norm_eps = -1e-6f; });
  EXPECT_REFUSED(kTiling, "norm_eps", [](E& e) { e.attributes.norm_eps = NAN; });
  EXPECT_REFUSED(kTiling, "norm_eps",
                 [](E& e) { e.attributes.norm_eps = std::numeric_limits<float>::infinity(); });
}

TEST(plan_limits_bs) {
  EXPECT_ACCEPTED([](E& e) { e.Resize(1, 2, 1024, 4, 8); });
  EXPECT_ACCEPTED([](E& e) { e.Resize(512, 2, 1024, 4, 8); });
  EXPECT_REFUSED(kTiling, "BS (dim 0) must be in [1, 512], got 513",
                 [](E& e) { e.Resize(513, 2, 1024, 4, 8); });
  EXPECT_REFUSED(kTiling, "got 0", [](E& e) { e.Resize(0, 2, 1024, 4, 8); });
}

TEST(plan_limits_k) {
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 1, 1024, 4, 8); });
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 16, 1024, 4, 16); });
  EXPECT_REFUSED(kTiling, "K (dim 1) must be in [1, 16], got 17",
                 [](E& e) { e.Resize(3, 17, 1024, 4, 20); });
  EXPECT_REFUSED(kTiling, "got 0", [](E& e) { e.Resize(3, 0, 1024, 4, 8); });
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 8, 1024, 4, 8); });
  EXPECT_REFUSED(kTiling, "at most the number of experts, 8, got 9",
                 [](E& e) { e.Resize(3, 9, 1024, 4, 8); });
  EXPECT_ACCEPTED([](E& e) {
    e.Resize(3, 9, 1024, 4, 8);
    e.attributes.ep.zero_expert_num = 1;
  });
}

TEST(plan_limits_h) {
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 2, 1024, 4, 8); });
  EXPECT_REFUSED(kTiling, "got 992", [](E& e) { e.Resize(3, 2, 992, 4, 8); });
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 2, 1056, 4, 8); });
  EXPECT_REFUSED(kTiling, "multiple of 32", [](E& e) { e.Resize(3, 2, 1040, 4, 8); });
  EXPECT_ACCEPTED([](E& e) { e.Resize(3, 2, 8192, 4, 8); });
  EXPECT_REFUSED(kTiling, "got 8224", [](E& e) { e.Resize(3, 2, 8224, 4, 8); });
}

TEST(plan_checks_every_shape) {
  EXPECT_REFUSED(kTiling, "expert_ids",
                 [](E& e) { e.Set(op_plan::kExpertIds, DType::kInt32, {6}); });
  EXPECT_REFUSED(kTiling, "expand_x",
                 [](E& e) { e.Set(op_plan::kExpandX, DType::kBf16, {24, 1, 1024}); });
  EXPECT_REFUSED(kTiling, "at least max(tp_world_size, 1) * A",
                 [](E& e) { e.Set(op_plan::kExpandX, DType::kBf16, {23, 1024}); });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kExpandX, DType::kBf16, {25, 1024}); });
  EXPECT_REFUSED(kTiling, "expand_idx",
                 [](E& e) { e.Set(op_plan::kExpandIdx, DType::kInt32, {24 * 128 - 1}); });
  EXPECT_REFUSED(kTiling, "expand_idx",
                 [](E& e) { e.Set(op_plan::kExpandIdx, DType::kInt32, {24, 128}); });
  EXPECT_REFUSED(kTiling, "ep_send_counts",
                 [](E& e) { e.Set(op_plan::kEpSendCounts, DType::kInt32, {7}); });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kEpSendCounts, DType::kInt32, {9}); });
  EXPECT_REFUSED(kTiling, "expert_scales must have shape (BS, K) = (3, 2), got (3, 3)",
                 [](E& e) { e.Set(op_plan::kExpertScales, DType::kFloat32, {3, 3}); });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kResidualX, DType::kBf16, {3, 1024}); });
  EXPECT_REFUSED(kTiling, "residual_x",
                 [](E& e) { e.Set(op_plan::kResidualX, DType::kBf16, {3, 2, 1024}); });
  EXPECT_REFUSED(kTiling, "residual_x",
                 [](E& e) { e.Set(op_plan::kResidualX, DType::kBf16, {2, 1024}); });
  EXPECT_REFUSED(kTiling, "gamma", [](E& e) { e.Set(op_plan::kGamma, DType::kBf16, {1056}); });
  EXPECT_REFUSED(kTiling, "gamma", [](E& e) { e.Set(op_plan::kGamma, DType::kBf16, {1, 1024}); });
  EXPECT_REFUSED(kTiling, "y must", [](E& e) { e.Set(op_plan::kY, DType::kBf16, {3, 1024}); });
  EXPECT_REFUSED(kTiling, "rstd_out",
                 [](E& e) { e.Set(op_plan::kRstdOut, DType::kFloat32, {3, 1}); });
  EXPECT_REFUSED(kTiling, "x must", [](E& e) { e.Set(op_plan::kX, DType::kBf16, {3, 1, 1056}); });
}

TEST(plan_takes_strided_inputs_and_contiguous_outputs_only) {
  EXPECT_ACCEPTED([](E& e) { e.tensors[op_plan::kExpandX].strides[0] = 2048; });
  EXPECT_ACCEPTED([](E& e) { e.tensors[op_plan::kGamma].strides[0] = 0; });
  for (uint32_t tensor : {op_plan::kY, op_plan::kX}) {
    EXPECT_REFUSED(kTiling, "must be contiguous",
                   [=](E& e) { e.tensors[tensor].strides[0] = 2048; });
  }
  EXPECT_REFUSED(kTiling, "rstd_out must be contiguous",
                 [](E& e) { e.tensors[op_plan::kRstdOut].strides[0] = 2; });
  // The stride of a dim of 1 says nothing.
  EXPECT_ACCEPTED([](E& e) { e.tensors[op_plan::kY].strides[1] = 7; });
}

TEST(plan_refuses_reserved_tensors) {
  for (uint32_t tensor : {op_plan::kActivationScale, op_plan::kWeightScale, op_plan::kGroupList}) {
    EXPECT_REFUSED(kTiling, "is reserved and must be null",
                   [=](E& e) { e.Set(tensor, DType::kFloat32, {24}); });
  }
}

TEST(plan_tells_both_layouts_of_expand_idx_apart) {
  CombineExample example;
  example.Set(op_plan::kExpandIdx, DType::kInt32, {6});
  EXPECT_EQ(TextOf(example.Plan()), std::string("accepted"));
  EXPECT_TRUE(example.plan.row_origin == op_plan::RowOrigin::kPositions);
}

TEST(plan_checks_masks) {
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kXActiveMask, DType::kBool, {3}); });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kXActiveMask, DType::kBool, {3, 2}); });
  EXPECT_REFUSED(kTiling, "x_active_mask",
                 [](E& e) { e.Set(op_plan::kXActiveMask, DType::kBool, {4}); });
  EXPECT_REFUSED(kTiling, "x_active_mask",
                 [](E& e) { e.Set(op_plan::kXActiveMask, DType::kBool, {3, 1}); });
}

TEST(plan_checks_special_experts) {
  EXPECT_ACCEPTED(UseConstExperts);
  for (uint32_t tensor : {op_plan::kOriX, op_plan::kConstExpertAlpha1, op_plan::kConstExpertAlpha2,
                          op_plan::kConstExpertV}) {
    EXPECT_REFUSED(kNull, op_plan::CombineTensorName(tensor), [=](E& e) {
      UseConstExperts(e);
      e.tensors[tensor].present = false;
    });
    EXPECT_REFUSED(kTiling, op_plan::CombineTensorName(tensor), [=](E& e) {
      UseConstExperts(e);
      e.Set(tensor, DType::kBf16, {4, 1024});
    });
  }
  EXPECT_REFUSED(kNull, "ori_x", [](E& e) { e.attributes.ep.copy_expert_num = 1; });
  EXPECT_REFUSED(kTiling, "zero_expert_num", [](E& e) { e.attributes.ep.zero_expert_num = -1; });
  EXPECT_REFUSED(kTiling, "together", [](E& e) { e.attributes.ep.zero_expert_num = INT32_MAX; });
  EXPECT_ACCEPTED([](E& e) { e.Set(op_plan::kElasticInfo, DType::kInt32, {12}); });
  EXPECT_REFUSED(kTiling, "elastic_info",
                 [](E& e) { e.Set(op_plan::kElasticInfo, DType::kInt32, {11}); });
}

TEST(buffer_size_is_checked_to_the_byte_and_told_in_megabytes) {
  CombineExample example;
  example.Resize(8, 8, 7168, 16, 32);
  EXPECT_EQ(TextOf(example.Plan()), std::string("accepted"));
  const op_plan::ExpertParallel& ep = example.plan.ep;
  // 2 * (2 * 8 * 16 * align512(14336 + 64) + 8 * 8 * 14336)
  const uint64_t needed = 2ull * (2 * 8 * 16 * 14848 + 8 * 8 * 14336);
  EXPECT_EQ(op_plan::RequiredBufferBytes(ep), needed);
  EXPECT_TRUE(!op_plan::CheckBufferSize(ep, needed));
  const Verdict verdict = op_plan::CheckBufferSize(ep, needed - 1);
  EXPECT_EQ(StatusOf(verdict), kTiling);
  EXPECT_TEXT_HAS(TextOf(verdict), "need 9 MB");
  EXPECT_TEXT_HAS(TextOf(verdict), "set HCCL_BUFFSIZE=9");
}

TEST(shared_experts_come_first_and_serve_ranks_in_turn) {
  CombineExample example;
  UseSharedRanks(example);
  EXPECT_EQ(TextOf(example.Plan()), std::string("accepted"));
  const op_plan::ExpertParallel& ep = example.plan.ep;
  EXPECT_EQ(ep.MaxRows(1), int64_t{6});
  EXPECT_EQ(ep.RankOfExpert(0), 2u);
  EXPECT_EQ(ep.RankOfExpert(7), 3u);
  EXPECT_EQ(ep.RankOfSharedExpert(0, 3), 1u);
  EXPECT_EQ(ep.RankOfSharedExpert(0, 2), 0u);
  EXPECT_EQ(ep.CopiesPerToken(), 3u);
}

TEST(halves_of_a_window_do_not_overlap) {
  CombineExample example;
  EXPECT_EQ(TextOf(example.Plan()), std::string("accepted"));
  const uint64_t window = 1024 * 1024;
  const uint64_t half = op_plan::HalfOffset(window, 1);
  EXPECT_EQ(op_plan::HalfOffset(window, 2), uint64_t{0});
  EXPECT_TRUE(op_plan::MakeWindowLayout(example.plan.ep).NeededHalfBytes() <= half);
  EXPECT_TRUE(half + op_plan::MakeWindowLayout(example.plan.ep).NeededHalfBytes() <= window);
}

TEST(dispatch_plan_checks_its_own_tensors) {
  const auto changed = [](const std::function<void(DispatchExample&)>& change) {
    DispatchExample example;
    change(example);
    return example.Plan();
  };
  using D = DispatchExample;
  EXPECT_EQ(TextOf(changed([](D&) {})), std::string("accepted"));
  EXPECT_EQ(StatusOf(changed([](D& d) { d.tensors[op_plan::kDispatchX].present = false; })), kNull);
  EXPECT_EQ(StatusOf(changed([](D& d) { d.tensors[op_plan::kDispatchExpandIdx].present = false; })),
            kNull);
  EXPECT_EQ(StatusOf(changed([](D& d) { d.tensors[op_plan::kDispatchX].dtype = DType::kInt8; })),
            kInvalid);
  EXPECT_TEXT_HAS(TextOf(changed([](D& d) { d.attributes.quant_mode = 1; })), "quant_mode");
  EXPECT_TEXT_HAS(TextOf(changed([](D& d) { d.attributes.quant_mode = 2; })),
                  "expand_x must be int8");
  EXPECT_EQ(TextOf(changed([](D& d) {
              d.attributes.quant_mode = 2;
              d.Set(op_plan::kDispatchExpandX, DType::kInt8, {24, 1024});
              d.Set(op_plan::kDispatchScales, DType::kFloat32, {8, 1024});
            })),
            std::string("accepted"));
  EXPECT_TEXT_HAS(
      TextOf(changed([](D& d) { d.Set(op_plan::kDispatchScales, DType::kFloat32, {8, 1024}); })),
      "scales must be null");
  EXPECT_TEXT_HAS(TextOf(changed([](D& d) { d.attributes.expert_token_nums_type = 2; })),
                  "expert_token_nums_type");
  EXPECT_TEXT_HAS(
      TextOf(changed([](D& d) { d.Set(op_plan::kDispatchX, DType::kBf16, {2, 1024}); })),
      "x must have shape (BS, H)");
  EXPECT_TEXT_HAS(
      TextOf(changed([](D& d) { d.Set(op_plan::kDispatchExpandX, DType::kBf16, {23, 1024}); })),
      "expand_x");
  EXPECT_TEXT_HAS(TextOf(changed([](D& d) { d.Set(op_plan::kEpRecvCounts, DType::kInt32, {7}); })),
                  "ep_recv_counts");
  EXPECT_TEXT_HAS(
      TextOf(changed([](D& d) { d.Set(op_plan::kExpertTokenNums, DType::kInt64, {1}); })),
      "expert_token_nums");
}
