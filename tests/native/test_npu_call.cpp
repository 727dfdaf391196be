// SPDX-License-Identifier: Apache-2.0
// The first and second phase on an NPU, up to the functions that CANN's toolkit generates: a
// stand-in for these notes what it gets.
#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "aclnn/acl_meta.h"
#include "check.h"
#include "combine_example.h"
#include "npu/error_report.h"
#include "op_api/combine_call.h"
#include "op_api/combine_device.h"
#include "op_api/npu/generated_operator.h"
#include "op_host/hccl_buffer_size.h"

namespace {

struct Seen {
  int calls = 0;
  std::array<const aclTensor*, op_plan::kCombineTensors> tensors = {};
  std::string group_ep, group_tp, comm_alg;
  std::array<int64_t, 15> ints = {};
  double norm_eps = 0;
  int launches = 0;
  int server = -1;
  void* executor = nullptr;
};
Seen seen;
aclnnStatus answer = OK;
std::string text;

constexpr uint64_t kWorkspace = 4096;
aclOpExecutor* const kExecutor = reinterpret_cast<aclOpExecutor*>(0x1000);

}  // namespace

namespace npu {
void ReportError(const char* op_name, const char* reason) {
  text = std::string(op_name) + ": " + reason;
}
}  // namespace npu

extern "C" {

aclnnStatus aclnnCustomMoeDistributeCombineAddRmsNormGetWorkspaceSize(
    const aclTensor* expandX, const aclTensor* expertIds, const aclTensor* assistInfoForCombine,
    const aclTensor* epSendCounts, const aclTensor* expertScales, const aclTensor* residualX,
    const aclTensor* gamma, const aclTensor* tpSendCountsOptional,
    const aclTensor* xActiveMaskOptional, const aclTensor* activationScaleOptional,
    const aclTensor* weightScaleOptional, const aclTensor* groupListOptional,
    const aclTensor* expandScalesOptional, const aclTensor* sharedExpertXOptional,
    const aclTensor* elasticInfoOptional, const aclTensor* oriXOptional,
    const aclTensor* constExpertAlpha1Optional, const aclTensor* constExpertAlpha2Optional,
    const aclTensor* constExpertVOptional, char* groupEp, int64_t epWorldSize, int64_t epRankId,
    int64_t moeExpertNum, char* groupTpOptional, int64_t tpWorldSize, int64_t tpRankId,
    int64_t expertShardType, int64_t sharedExpertNum, int64_t sharedExpertRankNum, int64_t globalBs,
    int64_t outDtype, int64_t commQuantMode, int64_t groupListType, char* commAlgOptional,
    double normEps, int64_t zeroExpertNum, int64_t copyExpertNum, int64_t constExpertNum,
    const aclTensor* yOut, const aclTensor* rstdOutOut, const aclTensor* xOut,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  ++seen.calls;
  seen.tensors = {expandX,
                  expertIds,
                  assistInfoForCombine,
                  epSendCounts,
                  expertScales,
                  residualX,
                  gamma,
                  tpSendCountsOptional,
                  xActiveMaskOptional,
                  activationScaleOptional,
                  weightScaleOptional,
                  groupListOptional,
                  expandScalesOptional,
                  sharedExpertXOptional,
                  elasticInfoOptional,
                  oriXOptional,
                  constExpertAlpha1Optional,
                  constExpertAlpha2Optional,
                  constExpertVOptional,
                  yOut,
                  rstdOutOut,
                  xOut};
  seen.group_ep = groupEp;
  seen.group_tp = groupTpOptional;
  seen.comm_alg = commAlgOptional == nullptr ? "null" : commAlgOptional;
  seen.ints = {epWorldSize,   epRankId,        moeExpertNum,    tpWorldSize,
               tpRankId,      expertShardType, sharedExpertNum, sharedExpertRankNum,
               globalBs,      outDtype,        commQuantMode,   groupListType,
               zeroExpertNum, copyExpertNum,   constExpertNum};
  seen.norm_eps = normEps;
  if (answer != OK) return answer;
  *workspaceSize = kWorkspace;
  *executor = kExecutor;
  return OK;
}

aclnnStatus aclnnCustomMoeDistributeCombineAddRmsNorm(void*, uint64_t, aclOpExecutor* executor,
                                                      aclrtStream) {
  ++seen.launches;
  seen.executor = executor;
  return answer;
}

enum NnopbaseHcclServerType { kServerAiCpu, kServerMte };
void NnopbaseSetHcclServerType(void*, NnopbaseHcclServerType type) { seen.server = type; }

}  // extern "C"

namespace {

aclDataType AclTypeOf(op_plan::DType dtype) {
  switch (dtype) {
    case op_plan::DType::kBf16:
      return ACL_BF16;
    case op_plan::DType::kFloat32:
      return ACL_FLOAT;
    case op_plan::DType::kInt32:
      return ACL_INT32;
    case op_plan::DType::kBool:
      return ACL_BOOL;
    default:
      return ACL_INT8;
  }
}

// The specs of a CombineExample as aclTensors, and the call with them.
class Call {
 public:
  CombineExample example;

  ~Call() {
    for (const aclTensor* tensor : tensors_) aclDestroyTensor(tensor);
  }

  aclnnStatus Prepare() {
    for (uint32_t i = 0; i < op_plan::kCombineTensors; ++i) {
      const op_plan::TensorSpec& spec = example.tensors[i];
      tensors_[i] =
          !spec.present
              ? nullptr
              : aclCreateTensor(spec.dims, spec.dim_count, AclTypeOf(spec.dtype), spec.strides, 0,
                                ACL_FORMAT_ND, spec.dims, spec.dim_count, &data_);
    }
    op_api::CombineCall call = {};
    std::copy(tensors_.begin(), tensors_.end(), call.tensors);
    call.attributes = example.attributes;
    call.workspace_size = &workspace;
    call.executor = &executor;
    return op_api::PrepareCombine("aclnnFoo", call);
  }
  const aclTensor* tensor(uint32_t index) const { return tensors_[index]; }

  uint64_t workspace = 0;
  aclOpExecutor* executor = nullptr;

 private:
  std::array<aclTensor*, op_plan::kCombineTensors> tensors_ = {};
  char data_ = 0;
};

void UseTp(CombineExample& e) {
  e.Resize(3, 2, 1024, 4, 4);
  e.attributes.ep.group_tp = "tp";
  e.attributes.ep.tp_world_size = 2;
  e.attributes.ep.tp_rank_id = 1;
  e.Set(op_plan::kExpandX, op_plan::DType::kBf16, {2 * 12, 1024});
  e.Set(op_plan::kEpSendCounts, op_plan::DType::kInt32, {8});
  e.Set(op_plan::kTpSendCounts, op_plan::DType::kInt32, {2});
}

void SetBufferSize(const char* megabytes) { setenv("HCCL_BUFFSIZE", megabytes, 1); }

std::string BufferRefusal() {
  uint64_t bytes = 0;
  const op_plan::Verdict verdict = op_host::ReadHcclBufferSize(&bytes);
  return verdict ? verdict->text : "accepted";
}

}  // namespace

TEST(an_npu_gets_every_tensor_in_its_place) {
  Call call;
  CombineExample& e = call.example;
  using op_plan::DType;
  e.attributes.ep.copy_expert_num = 1;
  e.attributes.ep.const_expert_num = 3;
  e.Set(op_plan::kTpSendCounts, DType::kInt32, {1});
  e.Set(op_plan::kXActiveMask, DType::kBool, {3});
  e.Set(op_plan::kExpandScales, DType::kFloat32, {24});
  e.Set(op_plan::kSharedExpertX, DType::kBf16, {3, 1024});
  e.Set(op_plan::kElasticInfo, DType::kInt32, {12});
  e.Set(op_plan::kOriX, DType::kBf16, {3, 1024});
  e.Set(op_plan::kConstExpertAlpha1, DType::kBf16, {3});
  e.Set(op_plan::kConstExpertAlpha2, DType::kBf16, {3, 1024});
  e.Set(op_plan::kConstExpertV, DType::kBf16, {3, 1024});
  EXPECT_EQ(call.Prepare(), OK);
  EXPECT_EQ(text, std::string());
  EXPECT_EQ(seen.calls, 1);
  for (uint32_t i = 0; i < op_plan::kCombineTensors; ++i) {
    EXPECT_EQ(seen.tensors[i], call.tensor(i));
    // The three reserved ones alone are absent.
    EXPECT_EQ(seen.tensors[i] == nullptr,
              i >= op_plan::kActivationScale && i <= op_plan::kGroupList);
  }
  EXPECT_EQ(call.workspace, kWorkspace);
  EXPECT_EQ(call.executor, kExecutor);
}

TEST(an_npu_gets_every_attribute_in_its_place) {
  Call call;
  UseTp(call.example);
  call.example.Set(op_plan::kExpandX, op_plan::DType::kBf16, {2 * 16, 1024});
  call.example.Set(op_plan::kExpandIdx, op_plan::DType::kInt32, {16 * 128});
  op_plan::CombineAttributes& a = call.example.attributes;
  a.ep.global_bs = 16;
  a.ep.zero_expert_num = 5;
  a.ep.comm_alg = "";
  a.group_list_type = 1;
  a.norm_eps = 0.25f;
  EXPECT_EQ(call.Prepare(), OK);
  EXPECT_EQ(text, std::string());
  EXPECT_EQ(seen.group_ep, std::string("ep"));
  EXPECT_EQ(seen.group_tp, std::string("tp"));
  EXPECT_EQ(seen.comm_alg, std::string());
  EXPECT_EQ(seen.norm_eps, 0.25);
  const std::array<int64_t, 15> wanted = {4, 1, 4, 2, 1, 0, 1, 0, 16, 0, 0, 1, 5, 0, 0};
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(seen.ints[i], wanted[i]);
}

TEST(without_tp_the_name_of_a_tp_group_does_not_reach_cann) {
  Call call;
  call.example.attributes.ep.group_tp = "some other group";
  EXPECT_EQ(call.Prepare(), OK);
  EXPECT_EQ(seen.group_tp, std::string());
  EXPECT_EQ(seen.comm_alg, std::string("null"));
}

TEST(inputs_that_nobody_reads_may_have_dtypes_that_the_definition_does_not_know) {
  Call call;
  call.example.Set(op_plan::kExpandScales, op_plan::DType::kInt8, {24});
  call.example.Set(op_plan::kTpSendCounts, op_plan::DType::kFloat32, {1});
  EXPECT_EQ(call.Prepare(), OK);
  EXPECT_EQ(seen.tensors[op_plan::kExpandScales], static_cast<const aclTensor*>(nullptr));
  EXPECT_EQ(seen.tensors[op_plan::kTpSendCounts], static_cast<const aclTensor*>(nullptr));
}

TEST(what_the_plan_refuses_does_not_reach_cann) {
  Call call;
  call.example.Set(op_plan::kGamma, op_plan::DType::kBf16, {512});
  EXPECT_EQ(call.Prepare(), 561002);
  EXPECT_EQ(text, std::string("aclnnFoo: gamma must have shape (H,) = (1024,), got (512,)"));
  EXPECT_EQ(seen.calls, 0);
}

TEST(the_status_of_a_refusal_by_cann_is_the_callers) {
  answer = 561002;
  Call call;
  EXPECT_EQ(call.Prepare(), 561002);
  EXPECT_EQ(seen.calls, 1);
  EXPECT_TEXT_HAS(text, "aclnnFoo: CANN refuses the call with status 561002");
}

TEST(a_launch_tells_cann_that_the_cores_serve_themselves) {
  EXPECT_EQ(op_api::LaunchOnDevice("aclnnFoo", nullptr, 0, kExecutor, nullptr), OK);
  EXPECT_EQ(seen.server, static_cast<int>(kServerMte));
  EXPECT_EQ(seen.launches, 1);
  EXPECT_EQ(seen.executor, static_cast<void*>(kExecutor));
}

TEST(a_launch_without_an_executor_is_for_cann_to_refuse) {
  answer = 161001;
  EXPECT_EQ(op_api::LaunchOnDevice("aclnnFoo", nullptr, 0, nullptr, nullptr), 161001);
  EXPECT_EQ(seen.server, -1);
}

TEST(tiling_takes_the_window_that_hccl_would_give) {
  uint64_t bytes = 0;
  unsetenv("HCCL_BUFFSIZE");
  EXPECT_FALSE(op_host::ReadHcclBufferSize(&bytes).has_value());
  EXPECT_EQ(bytes, 200u * 1024 * 1024);
  SetBufferSize("");
  EXPECT_FALSE(op_host::ReadHcclBufferSize(&bytes).has_value());
  EXPECT_EQ(bytes, 200u * 1024 * 1024);
  SetBufferSize("4096");
  EXPECT_FALSE(op_host::ReadHcclBufferSize(&bytes).has_value());
  EXPECT_EQ(bytes, uint64_t{4096} * 1024 * 1024);
}

TEST(tiling_refuses_a_window_that_is_no_number) {
  for (const char* wrong :
       {"0", "-1", "+1", " 1", "1 ", "200MB", "many", "17592186044416", "99999999999999999999"}) {
    SetBufferSize(wrong);
    EXPECT_EQ(BufferRefusal(), "HCCL_BUFFSIZE must be a number of megabytes from 1 on, got '" +
                                   std::string(wrong) + "'");
  }
}
