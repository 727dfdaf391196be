// SPDX-License-Identifier: Apache-2.0
// The two phases of an operator: an executor keeps what the first phase was given; each launch
// hands the kernel a snapshot, so that addresses may change while earlier launches are still
// queued.
#include <cinttypes>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "aclnn/aclnn_base.h"
#include "refuse.h"
#include "tensor.h"

namespace host {
namespace {

using Views = std::vector<HostTensorView>;

// What never changes after the first phase.
struct Plan {
  const char* op_name;
  HostKernel kernel;
  uint32_t input_count;
  uint32_t tensor_count;
  std::unique_ptr<uint8_t[]> params;
  uint64_t workspace_bytes;
  std::vector<std::shared_ptr<Tensor>> tensors;  // null where a tensor was left out
};

class Executor {
 public:
  Executor(std::shared_ptr<const Plan> plan, std::shared_ptr<const Views> views)
      : plan_(std::move(plan)), views_(std::move(views)) {}

  const std::shared_ptr<const Plan>& plan() const { return plan_; }

  std::shared_ptr<const Views> views() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return views_;
  }

  bool repeatable() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return repeatable_;
  }

  void SetRepeatable() {
    const std::lock_guard<std::mutex> lock(mutex_);
    repeatable_ = true;
  }

  // False when the tensor was left out in the first phase.
  bool SetAddress(size_t index, void* address) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!(*views_)[index].present) return false;
    auto changed = std::make_shared<Views>(*views_);
    (*changed)[index].storage = address;
    views_ = std::move(changed);
    return true;
  }

 private:
  const std::shared_ptr<const Plan> plan_;
  std::mutex mutex_;
  std::shared_ptr<const Views> views_;
  bool repeatable_ = false;
};

HandleTable<Executor>& Executors() {
  static auto& executors = *new HandleTable<Executor>(kExecutorKind);
  return executors;
}

aclnnStatus FindExecutor(const char* function, const aclOpExecutor* handle,
                         std::shared_ptr<Executor>* executor) {
  if (handle == nullptr) return Refuse(ACLNN_ERR_INNER_NULLPTR, "%s: executor is null", function);
  *executor = Executors().Find(handle);
  if (*executor != nullptr) return ACLNN_SUCCESS;
  return Refuse(ACLNN_ERR_PARAM_INVALID,
                "%s: executor %p is not live: it was launched, which consumes it unless "
                "aclSetAclOpExecutorRepeatable was called, or destroyed",
                function, static_cast<const void*>(handle));
}

struct Launch {
  std::shared_ptr<const Plan> plan;
  std::shared_ptr<const Views> views;
  void* workspace;
  uint64_t workspace_bytes;
  int32_t device;
};

// On the worker, because memory may be freed between launch and run.
aclError CheckMemory(const Launch& launch, HostFailure* failure) {
  const Plan& plan = *launch.plan;
  for (uint32_t i = 0; i < plan.tensor_count; ++i) {
    const HostTensorView& view = (*launch.views)[i];
    if (!view.present) continue;
    const TensorReach reach = ReachOf(view);
    if (reach.bytes == 0 || HostIsDeviceMemory(reach.address, reach.bytes)) continue;
    const bool is_input = i < plan.input_count;
    std::snprintf(failure->text, sizeof(failure->text),
                  "%s %u at %p (%" PRIu64 " bytes) does not lie in live device memory",
                  is_input ? "input" : "output", is_input ? i : i - plan.input_count, reach.address,
                  reach.bytes);
    return ACL_ERROR_RT_PARAM_INVALID;
  }
  if (plan.workspace_bytes > 0 && !HostIsDeviceMemory(launch.workspace, plan.workspace_bytes)) {
    std::snprintf(failure->text, sizeof(failure->text),
                  "workspace at %p (%" PRIu64 " bytes) does not lie in live device memory",
                  launch.workspace, plan.workspace_bytes);
    return ACL_ERROR_RT_PARAM_INVALID;
  }
  return ACL_SUCCESS;
}

aclError RunLaunch(void* state, HostFailure* failure) {
  const Launch& launch = *static_cast<const Launch*>(state);
  const aclError status = CheckMemory(launch, failure);
  if (status != ACL_SUCCESS) return status;
  const HostLaunch seen{launch.views->data(), launch.plan->tensor_count, launch.plan->params.get(),
                        launch.workspace,     launch.workspace_bytes,    launch.device,
                        launch.plan.get()};
  return launch.plan->kernel(&seen, failure);
}

void ReleaseLaunch(void* state) { std::unique_ptr<Launch>(static_cast<Launch*>(state)); }

// The runtime's text, under the operator's name.
aclnnStatus RuntimeRefused(const char* op_name) {
  const char* const text = aclGetRecentErrMsg();
  const std::string reason = text == nullptr ? "the runtime refused the launch" : text;
  return Refuse(ACLNN_ERR_RUNTIME_ERROR, "%s: %s", op_name, reason.c_str());
}

aclnnStatus QueueLaunch(const std::shared_ptr<Executor>& executor, void* workspace,
                        uint64_t workspace_bytes, aclrtStream stream) {
  const std::shared_ptr<const Plan>& plan = executor->plan();
  int32_t device = 0;
  if (HostStreamDevice(stream, &device) != ACL_SUCCESS) return RuntimeRefused(plan->op_name);
  auto launch =
      std::make_unique<Launch>(Launch{plan, executor->views(), workspace, workspace_bytes, device});
  const HostTask task{plan->op_name, RunLaunch, ReleaseLaunch, launch.get()};
  if (HostStreamEnqueue(stream, &task) != ACL_SUCCESS) return RuntimeRefused(plan->op_name);
  launch.release();  // the stream's now
  return ACLNN_SUCCESS;
}

enum class Part { kInputs, kOutputs, kAll };

aclnnStatus SetAddress(const char* function, aclOpExecutor* handle, Part part, size_t index,
                       aclTensor* tensor_handle, void* address) {
  return Guard(function, [&] {
    std::shared_ptr<Executor> executor;
    aclnnStatus status = FindExecutor(function, handle, &executor);
    if (status != ACLNN_SUCCESS) return status;
    if (tensor_handle == nullptr) {
      return Refuse(ACLNN_ERR_INNER_NULLPTR, "%s: tensor is null", function);
    }
    std::shared_ptr<Tensor> tensor;
    status = FindTensor(function, tensor_handle, &tensor);
    if (status != ACLNN_SUCCESS) return status;
    const Plan& plan = *executor->plan();
    const size_t first = part == Part::kOutputs ? plan.input_count : 0;
    const size_t end = part == Part::kInputs ? plan.input_count : plan.tensor_count;
    if (index >= end - first) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: index is %zu, but %s has %zu %s", function, index,
                    plan.op_name, end - first,
                    part == Part::kInputs    ? "inputs"
                    : part == Part::kOutputs ? "outputs"
                                             : "tensors");
    }
    if (!executor->SetAddress(first + index, address)) {
      return Refuse(ACLNN_ERR_PARAM_INVALID,
                    "%s: index %zu of %s was null in the first phase and stays so", function, index,
                    plan.op_name);
    }
    tensor->SetAddress(address);
    return aclnnStatus{ACLNN_SUCCESS};
  });
}

}  // namespace
}  // namespace host

using host::Executor;
using host::Guard;
using host::Refuse;
using host::SeamGuard;

extern "C" {

aclnnStatus HostExecutorCreate(const char* op_name, HostKernel kernel,
                               const aclTensor* const* tensors, uint32_t input_count,
                               uint32_t output_count, const void* params, size_t params_bytes,
                               uint64_t workspace_size, aclOpExecutor** executor) {
  return SeamGuard([&] {
    const uint32_t tensor_count = input_count + output_count;
    const char* const missing = op_name == nullptr                       ? "op_name"
                                : kernel == nullptr                      ? "kernel"
                                : executor == nullptr                    ? "executor"
                                : tensors == nullptr && tensor_count > 0 ? "tensors"
                                : params == nullptr && params_bytes > 0  ? "params"
                                                                         : nullptr;
    if (missing != nullptr) {
      return Refuse(ACLNN_ERR_INNER_NULLPTR, "%s is null", missing);
    }
    auto plan = std::make_shared<host::Plan>();
    auto views = std::make_shared<host::Views>(tensor_count);
    for (uint32_t i = 0; i < tensor_count; ++i) {
      const aclnnStatus status = HostTensorRead(tensors[i], &(*views)[i]);
      plan->tensors.push_back(host::Tensors().Find(tensors[i]));
      if (status == ACLNN_SUCCESS) continue;
      const bool is_input = i < input_count;
      return Refuse(status, "%s %u is %p, which is not a live aclTensor",
                    is_input ? "input" : "output", is_input ? i : i - input_count,
                    static_cast<const void*>(tensors[i]));
    }
    plan->op_name = op_name;
    plan->kernel = kernel;
    plan->input_count = input_count;
    plan->tensor_count = tensor_count;
    plan->workspace_bytes = workspace_size;
    if (params_bytes > 0) {
      plan->params = std::make_unique<uint8_t[]>(params_bytes);
      std::memcpy(plan->params.get(), params, params_bytes);
    }
    *executor = static_cast<aclOpExecutor*>(
        host::Executors().Add(std::make_shared<Executor>(std::move(plan), std::move(views))));
    return aclnnStatus{ACLNN_SUCCESS};
  });
}

// A refused launch leaves the executor as it was.
aclnnStatus HostExecutorLaunch(const char* op_name, void* workspace, uint64_t workspace_size,
                               aclOpExecutor* executor, aclrtStream stream) {
  const char* const function = op_name == nullptr ? __func__ : op_name;
  return Guard(function, [&] {
    std::shared_ptr<Executor> found;
    aclnnStatus status = host::FindExecutor(function, executor, &found);
    if (status != ACLNN_SUCCESS) return status;
    const host::Plan& plan = *found->plan();
    if (op_name == nullptr || std::strcmp(op_name, plan.op_name) != 0) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: executor %p was made by %s", function,
                    static_cast<const void*>(executor), plan.op_name);
    }
    if (plan.workspace_bytes > 0 && workspace == nullptr) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: workspace is null, want %" PRIu64 " bytes",
                    function, plan.workspace_bytes);
    }
    if (workspace_size < plan.workspace_bytes) {
      return Refuse(ACLNN_ERR_PARAM_INVALID,
                    "%s: workspaceSize is %" PRIu64 ", want at least %" PRIu64, function,
                    workspace_size, plan.workspace_bytes);
    }
    if (!found->repeatable() && host::Executors().Remove(executor) == nullptr) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: executor %p was launched by another thread",
                    function, static_cast<const void*>(executor));
    }
    return host::QueueLaunch(found, workspace, workspace_size, stream);
  });
}

aclError HostLaunchSetShape(const HostLaunch* launch, uint32_t index, const int64_t* dims,
                            uint32_t dim_count, HostFailure* failure) {
  const auto& plan = *static_cast<const host::Plan*>(launch->owner);
  if (index < plan.tensors.size() && plan.tensors[index] != nullptr &&
      plan.tensors[index]->Shrink(dims, dim_count)) {
    return ACL_SUCCESS;
  }
  std::snprintf(failure->text, sizeof(failure->text),
                "tensor %u has no room for the result's shape", index);
  return ACL_ERROR_RT_PARAM_INVALID;
}

aclnnStatus aclSetAclOpExecutorRepeatable(aclOpExecutor* executor) {
  std::shared_ptr<Executor> found;
  const aclnnStatus status = host::FindExecutor(__func__, executor, &found);
  if (status == ACLNN_SUCCESS) found->SetRepeatable();
  return status;
}

aclnnStatus aclDestroyAclOpExecutor(aclOpExecutor* executor) {
  const char* const function = __func__;
  return Guard(function, [&] {
    std::shared_ptr<Executor> found;
    const aclnnStatus status = host::FindExecutor(function, executor, &found);
    if (status == ACLNN_SUCCESS) host::Executors().Remove(executor);
    return status;
  });
}

aclnnStatus aclSetInputTensorAddr(aclOpExecutor* executor, const size_t index, aclTensor* tensor,
                                  void* addr) {
  return host::SetAddress(__func__, executor, host::Part::kInputs, index, tensor, addr);
}

aclnnStatus aclSetOutputTensorAddr(aclOpExecutor* executor, const size_t index, aclTensor* tensor,
                                   void* addr) {
  return host::SetAddress(__func__, executor, host::Part::kOutputs, index, tensor, addr);
}

aclnnStatus aclSetTensorAddr(aclOpExecutor* executor, const size_t index, aclTensor* tensor,
                             void* addr) {
  return host::SetAddress(__func__, executor, host::Part::kAll, index, tensor, addr);
}

aclnnStatus AclSetInputTensorAddr(aclOpExecutor* executor, const size_t index, aclTensor* tensor,
                                  void* addr) {
  return host::SetAddress(__func__, executor, host::Part::kInputs, index, tensor, addr);
}

aclnnStatus AclSetOutputTensorAddr(aclOpExecutor* executor, const size_t index, aclTensor* tensor,
                                   void* addr) {
  return host::SetAddress(__func__, executor, host::Part::kOutputs, index, tensor, addr);
}

aclnnStatus AclSetTensorAddr(aclOpExecutor* executor, const size_t index, aclTensor* tensor,
                             void* addr) {
  return host::SetAddress(__func__, executor, host::Part::kAll, index, tensor, addr);
}

// There is nothing to load. The settings of the file concern debugging on an NPU.
aclnnStatus aclnnInit(const char* configPath) {
  const char* const function = __func__;
  return Guard(function, [&] {
    if (configPath != nullptr && *configPath != '\0' && !std::ifstream(configPath).good()) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: configPath '%s' cannot be read", function,
                    configPath);
    }
    return aclnnStatus{ACLNN_SUCCESS};
  });
}

aclnnStatus aclnnFinalize() { return ACLNN_SUCCESS; }

}  // extern "C"
