// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of one process, and one rank's tensors for dispatch and combine, on the public C
// interface alone.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "acl/acl.h"
#include "aclnn/acl_meta.h"
#include "aclnnop/aclnn_moe_distribute_combine_add_rms_norm.h"
#include "aclnnop/aclnn_moe_distribute_combine_add_rms_norm_v2.h"
#include "aclnnop/aclnn_moe_distribute_dispatch_v2.h"
#include "check.h"
#include "hccl/hccl.h"
#include "recent_text.h"

inline uint16_t ToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}
inline float FromBf16(uint16_t value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float wide;
  std::memcpy(&wide, &bits, sizeof(wide));
  return wide;
}

// A tensor in device memory with its descriptor.
template <typename T>
class DeviceTensor {
 public:
  DeviceTensor(const std::vector<T>& values, std::vector<int64_t> dims, aclDataType dtype,
               std::vector<int64_t> strides = {}, int64_t offset = 0)
      : dims_(std::move(dims)), count_(values.size()) {
    const size_t bytes = std::max<size_t>(values.size(), 1) * sizeof(T);
    EXPECT_EQ(aclrtMalloc(&data_, bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    EXPECT_EQ(aclrtMemcpy(data_, bytes, values.data(), values.size() * sizeof(T),
                          ACL_MEMCPY_HOST_TO_DEVICE),
              ACL_SUCCESS);
    if (strides.empty()) {
      strides.assign(dims_.size(), 1);
      for (size_t i = dims_.size(); i-- > 1;) strides[i - 1] = strides[i] * dims_[i];
    }
    const int64_t storage = static_cast<int64_t>(values.size());
    tensor_ = aclCreateTensor(dims_.data(), dims_.size(), dtype, strides.data(), offset,
                              ACL_FORMAT_ND, &storage, 1, data_);
    EXPECT_TRUE(tensor_ != nullptr);
  }
  ~DeviceTensor() {
    aclDestroyTensor(tensor_);
    aclrtFree(data_);
  }
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;

  operator aclTensor*() const { return tensor_; }
  std::vector<T> Read() const {
    std::vector<T> values(count_);
    EXPECT_EQ(aclrtMemcpy(values.data(), count_ * sizeof(T), data_, count_ * sizeof(T),
                          ACL_MEMCPY_DEVICE_TO_HOST),
              ACL_SUCCESS);
    return values;
  }
  void Write(size_t index, T value) {
    EXPECT_EQ(aclrtMemcpy(static_cast<T*>(data_) + index, sizeof(T), &value, sizeof(T),
                          ACL_MEMCPY_HOST_TO_DEVICE),
              ACL_SUCCESS);
  }

 private:
  std::vector<int64_t> dims_;
  size_t count_;
  void* data_ = nullptr;
  aclTensor* tensor_ = nullptr;
};

struct MoeSize {
  int64_t ep = 4, bs = 3, k = 2, h = 1024, experts = 8, shared_ranks = 0, shared = 1;

  bool IsShared(int64_t rank) const { return rank < shared_ranks; }
  int64_t Local(int64_t rank) const { return IsShared(rank) ? 1 : experts / (ep - shared_ranks); }
  int64_t Rows(int64_t rank) const {
    if (IsShared(rank)) return bs * ep * shared / shared_ranks;
    return bs * ep * std::min(Local(rank), k);
  }
};

// One rank of a communicator over all threads.
struct MoeRank {
  MoeSize size;
  int64_t rank = 0;
  HcclComm comm = nullptr;
  aclrtStream stream = nullptr;
  std::string group;

  float X(int64_t source, int64_t token, int64_t j) const {
    return FromBf16(ToBf16(static_cast<float>((source * 31 + token * 7 + j) % 97) / 16.0f - 3.0f));
  }
  // Experts of a token: distinct, spread over the ranks.
  int32_t Expert(int64_t source, int64_t token, int64_t k) const {
    return static_cast<int32_t>((source + token + k * 3) % size.experts);
  }
  float Scale(int64_t source, int64_t token, int64_t k) const {
    return 0.25f + 0.125f * static_cast<float>((source + 2 * token + k) % 5);
  }
};

// Runs body on every rank, each in its own thread with device, stream and communicator.
inline void RunRanks(const MoeSize& size, const std::function<void(MoeRank&)>& body,
                     uint32_t buffer_mb = 16, int32_t first_device = 0) {
  HcclRootInfo root;
  EXPECT_EQ(aclrtSetDevice(first_device), ACL_SUCCESS);
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  std::vector<std::thread> threads;
  for (int64_t r = 0; r < size.ep; ++r) {
    threads.emplace_back([&, r] {
      MoeRank rank;
      rank.size = size;
      rank.rank = r;
      EXPECT_EQ(aclrtSetDevice(first_device + static_cast<int32_t>(r)), ACL_SUCCESS);
      HcclCommConfig config;
      HcclCommConfigInit(&config);
      config.hcclBufferSize = buffer_mb;
      config.hcclExecTimeOut = 20;
      EXPECT_EQ(HcclCommInitRootInfoConfig(static_cast<uint32_t>(size.ep), &root,
                                           static_cast<uint32_t>(r), &config, &rank.comm),
                HCCL_SUCCESS);
      char name[128] = {};
      EXPECT_EQ(HcclGetCommName(rank.comm, name), HCCL_SUCCESS);
      rank.group = name;
      EXPECT_EQ(aclrtCreateStream(&rank.stream), ACL_SUCCESS);
      body(rank);
      aclrtDestroyStreamForce(rank.stream);
      EXPECT_EQ(HcclCommDestroy(rank.comm), HCCL_SUCCESS);
    });
  }
  for (auto& thread : threads) thread.join();
}

// All tensors of one rank, for a dispatch, the identity as expert, and a combine.
struct MoeTensors {
  template <typename T>
  using Tensor = std::unique_ptr<DeviceTensor<T>>;
  Tensor<uint16_t> x, expand_x, residual, gamma, y, x_out;
  Tensor<int32_t> expert_ids, expand_idx, ep_counts, tp_counts;
  Tensor<float> expert_scales, dynamic_scales, expand_scales, rstd;
  Tensor<int64_t> token_nums;

  explicit MoeTensors(const MoeRank& r) {
    const MoeSize& s = r.size;
    const int64_t rows = s.Rows(r.rank);
    std::vector<uint16_t> tokens, residuals, gammas;
    std::vector<int32_t> ids;
    std::vector<float> scales;
    for (int64_t t = 0; t < s.bs; ++t) {
      for (int64_t j = 0; j < s.h; ++j) tokens.push_back(ToBf16(r.X(r.rank, t, j)));
      for (int64_t j = 0; j < s.h; ++j) residuals.push_back(ToBf16(0.5f));
      for (int64_t k = 0; k < s.k; ++k) ids.push_back(r.Expert(r.rank, t, k));
      for (int64_t k = 0; k < s.k; ++k) scales.push_back(r.Scale(r.rank, t, k));
    }
    for (int64_t j = 0; j < s.h; ++j) gammas.push_back(ToBf16(j % 2 == 0 ? 1.0f : 2.0f));
    const auto zeros16 = [](int64_t n) { return std::vector<uint16_t>(n, 0); };
    x = Make(tokens, {s.bs, s.h}, ACL_BF16);
    expert_ids = Make(ids, {s.bs, s.k}, ACL_INT32);
    expert_scales = Make(scales, {s.bs, s.k}, ACL_FLOAT);
    expand_x = Make(zeros16(rows * s.h), {rows, s.h}, ACL_BF16);
    dynamic_scales = Make(std::vector<float>(rows), {rows}, ACL_FLOAT);
    expand_idx = Make(std::vector<int32_t>(rows * 128), {rows * 128}, ACL_INT32);
    token_nums = Make(std::vector<int64_t>(s.Local(r.rank)), {s.Local(r.rank)}, ACL_INT64);
    const int64_t counts = s.ep * s.Local(r.rank);
    ep_counts = Make(std::vector<int32_t>(counts), {counts}, ACL_INT32);
    tp_counts = Make(std::vector<int32_t>(1), {1}, ACL_INT32);
    expand_scales = Make(std::vector<float>(rows), {rows}, ACL_FLOAT);
    residual = Make(residuals, {s.bs, 1, s.h}, ACL_BF16);
    gamma = Make(gammas, {s.h}, ACL_BF16);
    y = Make(zeros16(s.bs * s.h), {s.bs, 1, s.h}, ACL_BF16);
    rstd = Make(std::vector<float>(s.bs), {s.bs, 1, 1}, ACL_FLOAT);
    x_out = Make(zeros16(s.bs * s.h), {s.bs, 1, s.h}, ACL_BF16);
  }

  template <typename T>
  static Tensor<T> Make(const std::vector<T>& values, std::vector<int64_t> dims,
                        aclDataType dtype) {
    return std::make_unique<DeviceTensor<T>>(values, std::move(dims), dtype);
  }
};

using Launch = aclnnStatus (*)(void*, uint64_t, aclOpExecutor*, aclrtStream);

// Second phase with the workspace that the first asked for, and the wait for its end.
inline aclError Finish(const MoeRank& r, aclnnStatus prepared, uint64_t workspace_size,
                       aclOpExecutor* executor, Launch launch) {
  if (prepared != OK) return prepared;
  void* workspace = nullptr;
  if (workspace_size > 0) {
    EXPECT_EQ(aclrtMalloc(&workspace, workspace_size, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  }
  aclError status = launch(workspace, workspace_size, executor, r.stream);
  if (status == ACL_SUCCESS) status = aclrtSynchronizeStreamWithTimeout(r.stream, 60000);
  aclrtFree(workspace);
  return status;
}

inline aclError Dispatch(const MoeRank& r, const MoeTensors& t) {
  const MoeSize& s = r.size;
  uint64_t workspace_size = 0;
  aclOpExecutor* executor = nullptr;
  const aclnnStatus prepared = aclnnMoeDistributeDispatchV2GetWorkspaceSize(
      *t.x, *t.expert_ids, nullptr, nullptr, nullptr, r.group.c_str(), s.ep, r.rank, s.experts, "",
      0, 0, 0, s.shared, s.shared_ranks, 0, 0, 1, nullptr, *t.expand_x, *t.dynamic_scales,
      *t.expand_idx, *t.token_nums, *t.ep_counts, *t.tp_counts, *t.expand_scales, &workspace_size,
      &executor);
  return Finish(r, prepared, workspace_size, executor, aclnnMoeDistributeDispatchV2);
}

// What a test may change in a call of combine.
struct CombineArguments {
  aclTensor *expand_x, *expert_ids, *expand_idx, *ep_counts, *expert_scales, *residual, *gamma;
  aclTensor *mask = nullptr, *shared_x = nullptr;
  aclTensor *y, *rstd, *x_out;
  std::string group;
  int64_t ep, rank, experts, shared, shared_ranks, comm_quant_mode = 0, zero_experts = 0;

  CombineArguments(const MoeRank& r, const MoeTensors& t)
      : expand_x(*t.expand_x),
        expert_ids(*t.expert_ids),
        expand_idx(*t.expand_idx),
        ep_counts(*t.ep_counts),
        expert_scales(*t.expert_scales),
        residual(*t.residual),
        gamma(*t.gamma),
        y(*t.y),
        rstd(*t.rstd),
        x_out(*t.x_out),
        group(r.group),
        ep(r.size.ep),
        rank(r.rank),
        experts(r.size.experts),
        shared(r.size.shared),
        shared_ranks(r.size.shared_ranks) {}

  aclnnStatus Prepare(uint64_t* workspace_size, aclOpExecutor** executor) const {
    return aclnnMoeDistributeCombineAddRmsNormGetWorkspaceSize(
        expand_x, expert_ids, expand_idx, ep_counts, expert_scales, residual, gamma, nullptr, mask,
        nullptr, nullptr, nullptr, nullptr, shared_x, group.c_str(), ep, rank, experts, "", 0, 0, 0,
        shared, shared_ranks, 0, 0, comm_quant_mode, 0, nullptr, 1e-6f, y, rstd, x_out,
        workspace_size, executor);
  }
  aclError Run(const MoeRank& r) const {
    uint64_t workspace_size = 0;
    aclOpExecutor* executor = nullptr;
    const aclnnStatus prepared = Prepare(&workspace_size, &executor);
    return Finish(r, prepared, workspace_size, executor, aclnnMoeDistributeCombineAddRmsNorm);
  }
};

inline aclError Combine(const MoeRank& r, const MoeTensors& t) {
  return CombineArguments(r, t).Run(r);
}
