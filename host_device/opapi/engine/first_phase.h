// SPDX-License-Identifier: Apache-2.0
// The first phase of an operator on plain tensors: arguments are read and checked by name, and the
// kernel, any trivially copyable callable, is bound to the executor.
//
//   aclnnStatus aclnnFooGetWorkspaceSize(const aclTensor* self, aclTensor* out, uint64_t*
//   workspaceSize,
//                                        aclOpExecutor** executor) {
//     return FirstPhase("aclnnFoo", workspaceSize, executor).Run([&](FirstPhase& phase) -> Verdict
//     {
//       OP_PLAN_CHECK(phase.Input("self", self));
//       OP_PLAN_CHECK(phase.Output("out", out));
//       ... checks on phase.tensor(0) ...
//       return phase.Bind([](const HostLaunch& launch, HostFailure*) { ...; return ACL_SUCCESS; });
//     });
//   }
//   ACLNN_SECOND_PHASE(aclnnFoo)
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "host_executor.h"
#include "op_api/host_cpu/operator_call.h"

namespace opapi {

using op_plan::Refuse;
using op_plan::Verdict;

// What every first phase is called with, beside its own arguments.
struct Phase {
  const char* op_name;
  uint64_t* workspace_size;
  aclOpExecutor** executor;
};

class FirstPhase {
 public:
  FirstPhase(const char* op_name, uint64_t* workspace_size, aclOpExecutor** executor)
      : op_name_(op_name), workspace_size_(workspace_size), executor_(executor) {}

  // `body(*this)` as the whole first phase; its refusal becomes status and text.
  template <typename Body>
  aclnnStatus Run(Body&& body) {
    return op_api::Report(op_name_, [&]() -> Verdict {
      OP_PLAN_CHECK(op_api::CheckOutPointers(workspace_size_, executor_));
      return body(*this);
    });
  }

  // Tensors get the indices 0, 1, ... in the order of these calls, in the first phase and in the
  // kernel. All inputs come before all outputs. An optional tensor may be null.
  Verdict Input(const char* name, const aclTensor* tensor) {
    return Add(name, tensor, true, false);
  }
  Verdict OptionalInput(const char* name, const aclTensor* tensor) {
    return Add(name, tensor, true, true);
  }
  Verdict Output(const char* name, const aclTensor* tensor) {
    return Add(name, tensor, false, false);
  }
  Verdict OptionalOutput(const char* name, const aclTensor* tensor) {
    return Add(name, tensor, false, true);
  }
  // Every tensor of a list, as name[0], name[1], ...
  Verdict InputList(const char* name, const aclTensorList* list);
  Verdict OutputList(const char* name, const aclTensorList* list);

  const HostTensorView& tensor(size_t index) const { return views_[index]; }
  const char* name(size_t index) const { return names_[index].c_str(); }
  size_t tensor_count() const { return views_.size(); }

  // Kernels that need room of their own say so before Bind.
  void SetWorkspace(uint64_t bytes) { workspace_bytes_ = bytes; }

  // The kernel runs on the stream: aclError kernel(const HostLaunch&, HostFailure*). It sees the
  // tensors as they are at the launch: addresses may have changed since the first phase.
  template <typename Kernel>
  Verdict Bind(const Kernel& kernel) {
    static_assert(std::is_trivially_copyable_v<Kernel>,
                  "what a kernel captures is copied bytewise");
    static_assert(alignof(Kernel) <= alignof(std::max_align_t));
    const HostKernel run = [](const HostLaunch* launch, HostFailure* failure) -> aclError {
      return (*static_cast<const Kernel*>(launch->params))(*launch, failure);
    };
    return MakeExecutor(run, &kernel, sizeof(kernel));
  }

 private:
  Verdict Add(std::string name, const aclTensor* tensor, bool is_input, bool optional);
  Verdict AddList(const char* name, const aclTensorList* list, bool is_input);
  Verdict MakeExecutor(HostKernel run, const void* params, size_t params_bytes);

  const char* op_name_;
  uint64_t* workspace_size_;
  aclOpExecutor** executor_;
  std::vector<const aclTensor*> handles_;
  std::vector<HostTensorView> views_;
  std::vector<std::string> names_;
  uint32_t inputs_ = 0;
  uint64_t workspace_bytes_ = 0;
};

// Scalars and arrays of a first phase; the texts name them.
Verdict ReadScalar(const char* name, const aclScalar* scalar, HostScalarView* view);
Verdict ReadOptionalScalar(const char* name, const aclScalar* scalar, HostScalarView* view);
Verdict ReadIntArray(const char* name, const aclIntArray* array, std::vector<int64_t>* values);
Verdict ReadFloatArray(const char* name, const aclFloatArray* array, std::vector<float>* values);
Verdict ReadBoolArray(const char* name, const aclBoolArray* array, std::vector<bool>* values);

}  // namespace opapi

// The second phase is the same for every operator.
#define ACLNN_SECOND_PHASE(name)                                                     \
  aclnnStatus name(void* workspace, uint64_t workspaceSize, aclOpExecutor* executor, \
                   aclrtStream stream) {                                             \
    return HostExecutorLaunch(#name, workspace, workspaceSize, executor, stream);    \
  }
