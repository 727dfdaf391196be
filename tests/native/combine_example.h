// SPDX-License-Identifier: Apache-2.0
// A valid call of combine and of dispatch, as specs, for tests that change one thing in it.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include "op_plan/combine_plan.h"
#include "op_plan/dispatch_plan.h"
#include "op_plan/limits.h"

inline op_plan::TensorSpec Spec(const char* name, op_plan::DType dtype,
                                std::initializer_list<int64_t> dims) {
  op_plan::TensorSpec spec = {};
  spec.name = name;
  spec.present = true;
  spec.dtype = dtype;
  spec.plain_format = true;
  for (int64_t dim : dims) spec.dims[spec.dim_count++] = dim;
  int64_t stride = 1;
  for (uint32_t i = spec.dim_count; i-- > 0;) {
    spec.strides[i] = stride;
    stride *= spec.dims[i];
  }
  return spec;
}

inline op_plan::ExpertParallelAttributes ExampleAttributes() {
  op_plan::ExpertParallelAttributes a = {};
  a.group_ep = "ep";
  a.ep_world_size = 4;
  a.ep_rank_id = 1;
  a.moe_expert_num = 8;
  a.group_tp = "";
  a.shared_expert_num = 1;
  return a;
}

// 4 ranks, 8 experts, BS 3, K 2, H 1024: two experts per rank, A = 3 * 4 * 2.
struct CombineExample {
  static constexpr int64_t kBs = 3, kK = 2, kH = 1024, kRows = 24;
  op_plan::TensorSpec tensors[op_plan::kCombineTensors];
  op_plan::CombineAttributes attributes = {};
  op_plan::CombinePlan plan = {};

  CombineExample() {
    using op_plan::DType;
    attributes.ep = ExampleAttributes();
    attributes.norm_eps = 1e-6f;
    for (uint32_t i = 0; i < op_plan::kCombineTensors; ++i) {
      tensors[i] = {};
      tensors[i].name = op_plan::CombineTensorName(i);
    }
    Set(op_plan::kExpandX, DType::kBf16, {kRows, kH});
    Set(op_plan::kExpertIds, DType::kInt32, {kBs, kK});
    Set(op_plan::kExpandIdx, DType::kInt32, {kRows * 128});
    Set(op_plan::kEpSendCounts, DType::kInt32, {8});
    Set(op_plan::kExpertScales, DType::kFloat32, {kBs, kK});
    Set(op_plan::kResidualX, DType::kBf16, {kBs, 1, kH});
    Set(op_plan::kGamma, DType::kBf16, {kH});
    Set(op_plan::kY, DType::kBf16, {kBs, 1, kH});
    Set(op_plan::kRstdOut, DType::kFloat32, {kBs, 1, 1});
    Set(op_plan::kX, DType::kBf16, {kBs, 1, kH});
  }
  void Set(uint32_t tensor, op_plan::DType dtype, std::initializer_list<int64_t> dims) {
    tensors[tensor] = Spec(op_plan::CombineTensorName(tensor), dtype, dims);
  }
  op_plan::Verdict Plan() { return op_plan::MakeCombinePlan(tensors, attributes, &plan); }

  // Sizes of all tensors for other BS, K, H, ranks and experts.
  void Resize(int64_t bs, int64_t k, int64_t h, int64_t ep, int64_t experts) {
    using op_plan::DType;
    attributes.ep.ep_world_size = ep;
    attributes.ep.moe_expert_num = experts;
    const int64_t local = experts / ep > 0 ? experts / ep : 1;
    const int64_t rows = bs * ep * (local < k ? local : k);
    Set(op_plan::kExpandX, DType::kBf16, {rows, h});
    Set(op_plan::kExpertIds, DType::kInt32, {bs, k});
    Set(op_plan::kExpandIdx, DType::kInt32, {rows * 128});
    Set(op_plan::kEpSendCounts, DType::kInt32, {ep * local});
    Set(op_plan::kExpertScales, DType::kFloat32, {bs, k});
    Set(op_plan::kResidualX, DType::kBf16, {bs, 1, h});
    Set(op_plan::kGamma, DType::kBf16, {h});
    Set(op_plan::kY, DType::kBf16, {bs, 1, h});
    Set(op_plan::kRstdOut, DType::kFloat32, {bs, 1, 1});
    Set(op_plan::kX, DType::kBf16, {bs, 1, h});
  }
};

struct DispatchExample {
  op_plan::TensorSpec tensors[op_plan::kDispatchTensors];
  op_plan::DispatchAttributes attributes = {};
  op_plan::DispatchPlan plan = {};

  DispatchExample() {
    using op_plan::DType;
    attributes.ep = ExampleAttributes();
    attributes.expert_token_nums_type = 1;
    attributes.row_origin = op_plan::RowOrigin::kTriples;
    for (uint32_t i = 0; i < op_plan::kDispatchTensors; ++i) {
      tensors[i] = {};
      tensors[i].name = op_plan::DispatchTensorName(i);
    }
    Set(op_plan::kDispatchX, DType::kBf16, {3, 1024});
    Set(op_plan::kDispatchExpertIds, DType::kInt32, {3, 2});
    Set(op_plan::kDispatchExpandX, DType::kBf16, {24, 1024});
    Set(op_plan::kDynamicScales, DType::kFloat32, {24});
    Set(op_plan::kDispatchExpandIdx, DType::kInt32, {24 * 128});
    Set(op_plan::kExpertTokenNums, DType::kInt64, {2});
    Set(op_plan::kEpRecvCounts, DType::kInt32, {8});
  }
  void Set(uint32_t tensor, op_plan::DType dtype, std::initializer_list<int64_t> dims) {
    tensors[tensor] = Spec(op_plan::DispatchTensorName(tensor), dtype, dims);
  }
  op_plan::Verdict Plan() { return op_plan::MakeDispatchPlan(tensors, attributes, &plan); }
};
