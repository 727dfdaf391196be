// SPDX-License-Identifier: Apache-2.0
// Executors: what the kernel sees, repetition, addresses, workspace, memory that went.
#include <thread>

#include "aclnn/opdev/op_errno.h"
#include "check.h"
#include "host_executor.h"
#include "stream_work.h"
#include "tensor_example.h"

namespace {

struct Params {
  float factor;
  const char* fail_with;  // null: succeed
};

// y = x * factor, for contiguous float tensors; the optional second input is a bias.
aclError ScaleKernel(const HostLaunch* launch, HostFailure* failure) {
  const auto* const params = static_cast<const Params*>(launch->params);
  if (params->fail_with != nullptr) {
    std::snprintf(failure->text, sizeof(failure->text), "%s", params->fail_with);
    return ACL_ERROR_RT_AICORE_EXCEPTION;
  }
  const HostTensorView& x = launch->tensors[0];
  const HostTensorView& bias = launch->tensors[1];
  const HostTensorView& y = launch->tensors[2];
  const float* const from = static_cast<const float*>(x.storage) + x.offset;
  float* const to = static_cast<float*>(y.storage) + y.offset;
  for (int64_t i = 0; i < x.dims[0]; ++i) {
    to[i] = from[i * x.strides[0]] * params->factor +
            (bias.present ? static_cast<const float*>(bias.storage)[0] : 0.0F);
  }
  return ACL_SUCCESS;
}

struct Example {
  float* x = nullptr;
  float* y = nullptr;
  aclTensor* x_tensor = nullptr;
  aclTensor* y_tensor = nullptr;
  Params params{2.0F, nullptr};
  uint64_t workspace_bytes = 0;

  Example() {
    aclrtSetDevice(0);
    x = Floats(4);
    y = Floats(4);
    for (int i = 0; i < 4; ++i) x[i] = static_cast<float>(i);
    x_tensor = ContiguousTensor(x, {4});
    y_tensor = ContiguousTensor(y, {4});
  }

  static float* Floats(size_t count) {
    void* memory = nullptr;
    EXPECT_EQ(aclrtMalloc(&memory, count * sizeof(float), ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    return static_cast<float*>(memory);
  }

  aclOpExecutor* Prepare() const {
    const aclTensor* const tensors[] = {x_tensor, nullptr, y_tensor};
    aclOpExecutor* executor = nullptr;
    EXPECT_EQ(HostExecutorCreate("Scale", ScaleKernel, tensors, 2, 1, &params, sizeof(params),
                                 workspace_bytes, &executor),
              ACLNN_SUCCESS);
    return executor;
  }
};

aclnnStatus Launch(aclOpExecutor* executor, void* workspace = nullptr, uint64_t bytes = 0) {
  return HostExecutorLaunch("Scale", workspace, bytes, executor, nullptr);
}

}  // namespace

TEST(executor_runs_its_kernel_on_the_stream) {
  Example e;
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(e.y[3], 6.0F);
}

TEST(launch_consumes_an_executor_that_is_not_repeatable) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
  EXPECT_EQ(Launch(executor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "Scale: executor");
  EXPECT_EQ(aclDestroyAclOpExecutor(executor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
}

TEST(repeatable_executor_runs_until_it_is_destroyed) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  EXPECT_EQ(aclSetAclOpExecutorRepeatable(executor), ACLNN_SUCCESS);
  for (int i = 1; i <= 3; ++i) {
    e.x[1] = static_cast<float>(i);
    EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
    EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
    EXPECT_EQ(e.y[1], 2.0F * static_cast<float>(i));
  }
  EXPECT_EQ(aclDestroyAclOpExecutor(executor), ACLNN_SUCCESS);
  EXPECT_EQ(Launch(executor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclSetAclOpExecutorRepeatable(executor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclSetAclOpExecutorRepeatable(nullptr), ACLNN_ERR_INNER_NULLPTR);
  EXPECT_EQ(aclDestroyAclOpExecutor(nullptr), ACLNN_ERR_INNER_NULLPTR);
}

TEST(executor_keeps_the_tensors_as_they_were_when_it_was_made) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  aclSetRawTensorAddr(e.x_tensor, nullptr);
  aclDestroyTensor(e.x_tensor);
  aclDestroyTensor(e.y_tensor);
  EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(e.y[2], 4.0F);
}

TEST(new_addresses_apply_to_later_launches_only) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  aclSetAclOpExecutorRepeatable(executor);
  float* const other_x = Example::Floats(4);
  float* const other_y = Example::Floats(4);
  for (int i = 0; i < 4; ++i) other_x[i] = 100.0F;
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
  EXPECT_EQ(aclSetInputTensorAddr(executor, 0, e.x_tensor, other_x), ACLNN_SUCCESS);
  EXPECT_EQ(aclSetOutputTensorAddr(executor, 0, e.y_tensor, other_y), ACLNN_SUCCESS);
  EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(e.y[3], 6.0F);
  EXPECT_EQ(other_y[3], 200.0F);
  void* address = nullptr;
  aclGetRawTensorAddr(e.x_tensor, &address);
  EXPECT_EQ(address, static_cast<void*>(other_x));
  EXPECT_EQ(AclSetTensorAddr(executor, 2, e.y_tensor, e.y), ACLNN_SUCCESS);
  EXPECT_EQ(AclSetInputTensorAddr(executor, 0, e.x_tensor, other_x), ACLNN_SUCCESS);
  EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
  aclrtSynchronizeStream(nullptr);
  EXPECT_EQ(e.y[3], 200.0F);
}

TEST(new_address_needs_an_index_that_has_a_tensor) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  EXPECT_EQ(aclSetInputTensorAddr(executor, 2, e.x_tensor, e.x), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "index is 2, but Scale has 2 inputs");
  EXPECT_EQ(aclSetOutputTensorAddr(executor, 1, e.y_tensor, e.y), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclSetTensorAddr(executor, 3, e.y_tensor, e.y), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclSetInputTensorAddr(executor, 1, e.x_tensor, e.x), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "index 1 of Scale was null in the first phase");
  EXPECT_EQ(aclSetInputTensorAddr(nullptr, 0, e.x_tensor, e.x), ACLNN_ERR_INNER_NULLPTR);
  EXPECT_EQ(aclSetInputTensorAddr(executor, 0, nullptr, e.x), ACLNN_ERR_INNER_NULLPTR);
}

TEST(launch_refuses_a_missing_or_small_workspace) {
  Example e;
  e.workspace_bytes = 64;
  aclOpExecutor* const executor = e.Prepare();
  EXPECT_EQ(Launch(executor, nullptr, 64), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "Scale: workspace is null, want 64 bytes");
  float* const workspace = Example::Floats(16);
  EXPECT_EQ(Launch(executor, workspace, 63), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "workspaceSize is 63, want at least 64");
  EXPECT_EQ(Launch(executor, workspace, 64), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(e.y[1], 2.0F);
}

TEST(workspace_must_be_device_memory) {
  Example e;
  e.workspace_bytes = 64;
  std::vector<char> host(64);
  EXPECT_EQ(Launch(e.Prepare(), host.data(), host.size()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "Scale: workspace at");
}

TEST(launch_refuses_the_executor_of_another_operator) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  EXPECT_EQ(HostExecutorLaunch("Other", nullptr, 0, executor, nullptr), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "was made by Scale");
  EXPECT_EQ(Launch(nullptr), ACLNN_ERR_INNER_NULLPTR);
  EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
}

TEST(launch_refuses_a_stale_stream_under_the_operators_name) {
  Example e;
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  aclrtDestroyStream(stream);
  EXPECT_EQ(HostExecutorLaunch("Scale", nullptr, 0, e.Prepare(), stream), ACLNN_ERR_RUNTIME_ERROR);
  EXPECT_TEXT_HAS("|" + RecentText(), "|Scale: stream 0x");
}

TEST(kernel_failure_is_the_streams_and_names_the_operator) {
  Example e;
  e.params.fail_with = "token 5 names expert 40";
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_AICORE_EXCEPTION);
  EXPECT_EQ(RecentText(), std::string("Scale: token 5 names expert 40"));
}

TEST(host_tensors_do_not_reach_a_kernel) {
  Example e;
  float host[4] = {};
  aclSetRawTensorAddr(e.x_tensor, host);
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_PARAM_INVALID);
  const std::string text = RecentText();
  EXPECT_TEXT_HAS(text, "Scale: input 0 at");
  EXPECT_TEXT_HAS(text, "(16 bytes) does not lie in live device memory");
}

TEST(tensors_freed_after_launch_do_not_reach_a_kernel) {
  Example e;
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  aclrtFree(e.y);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "Scale: output 0 at");
}

TEST(reach_of_strided_tensors_counts_from_their_offset) {
  Example e;
  // Of 8 floats the view takes elements 1, 3, 5, 7; an address 4 bytes further ends too late.
  float* const wide = Example::Floats(8);
  for (int i = 0; i < 8; ++i) wide[i] = static_cast<float>(i);
  TensorArguments arguments;
  arguments.view_dims = {4};
  arguments.strides = {2};
  arguments.storage_dims = {8};
  arguments.offset = 1;
  arguments.address = wide;
  e.x_tensor = arguments.Create();
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(e.y[3], 14.0F);
  aclSetRawTensorAddr(e.x_tensor, wide + 1);
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "(28 bytes)");
}

TEST(tensors_without_elements_need_no_memory) {
  Example e;
  e.x_tensor = ContiguousTensor(nullptr, {0});
  e.y_tensor = ContiguousTensor(nullptr, {0});
  EXPECT_EQ(Launch(e.Prepare()), ACLNN_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
}

TEST(executor_refuses_stale_tensors_and_missing_parts) {
  Example e;
  aclOpExecutor* executor = nullptr;
  aclDestroyTensor(e.y_tensor);
  const aclTensor* const tensors[] = {e.x_tensor, nullptr, e.y_tensor};
  EXPECT_EQ(HostExecutorCreate("Scale", ScaleKernel, tensors, 2, 1, nullptr, 0, 0, &executor),
            ACLNN_ERR_PARAM_INVALID);
  // Under no name: the operator's first phase gives its own.
  EXPECT_TEXT_HAS("|" + RecentText(), "|output 0 is ");
  EXPECT_EQ(HostExecutorCreate("Scale", nullptr, tensors, 2, 1, nullptr, 0, 0, &executor),
            ACLNN_ERR_INNER_NULLPTR);
  EXPECT_EQ(HostExecutorCreate("Scale", ScaleKernel, tensors, 1, 0, nullptr, 8, 0, &executor),
            ACLNN_ERR_INNER_NULLPTR);
  EXPECT_EQ(RecentText(), "params is null");
  EXPECT_TRUE(executor == nullptr);
}

TEST(many_threads_launch_one_repeatable_executor) {
  Example e;
  aclOpExecutor* const executor = e.Prepare();
  aclSetAclOpExecutorRepeatable(executor);
  aclrtContext context = nullptr;
  aclrtGetCurrentContext(&context);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      aclrtSetCurrentContext(context);
      for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(Launch(executor), ACLNN_SUCCESS);
        EXPECT_EQ(aclSetInputTensorAddr(executor, 0, e.x_tensor, e.x), ACLNN_SUCCESS);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(e.y[3], 6.0F);
}
