// SPDX-License-Identifier: Apache-2.0
#include "engine/first_phase.h"

#include <utility>

namespace opapi {

using op_plan::kParamInvalid;
using op_plan::kParamNullptr;

Verdict FirstPhase::Add(std::string name, const aclTensor* tensor, bool is_input, bool optional) {
  if (tensor == nullptr && !optional) return Refuse(kParamNullptr, "%s is null", name.c_str());
  HostTensorView view;
  if (HostTensorRead(tensor, &view) != OK) {
    return Refuse(kParamInvalid, "%s is not a living aclTensor", name.c_str());
  }
  handles_.push_back(tensor);
  views_.push_back(view);
  names_.push_back(std::move(name));
  if (is_input) ++inputs_;
  return {};
}

Verdict FirstPhase::AddList(const char* name, const aclTensorList* list, bool is_input) {
  if (list == nullptr) return Refuse(kParamNullptr, "%s is null", name);
  const aclTensor* const* tensors = nullptr;
  uint64_t size = 0;
  if (HostTensorListRead(list, &tensors, &size) != OK) {
    return Refuse(kParamInvalid, "%s is not a living aclTensorList", name);
  }
  for (uint64_t i = 0; i < size; ++i) {
    const std::string member = std::string(name) + "[" + std::to_string(i) + "]";
    OP_PLAN_CHECK(Add(member, tensors[i], is_input, false));
  }
  return {};
}

Verdict FirstPhase::InputList(const char* name, const aclTensorList* list) {
  return AddList(name, list, true);
}

Verdict FirstPhase::OutputList(const char* name, const aclTensorList* list) {
  return AddList(name, list, false);
}

Verdict FirstPhase::MakeExecutor(HostKernel run, const void* params, size_t params_bytes) {
  *workspace_size_ = workspace_bytes_;
  const auto outputs = static_cast<uint32_t>(views_.size()) - inputs_;
  return op_api::MakeExecutor(op_name_, run, handles_.data(), inputs_, outputs, params,
                              params_bytes, workspace_bytes_, executor_);
}

Verdict ReadOptionalScalar(const char* name, const aclScalar* scalar, HostScalarView* view) {
  if (HostScalarRead(scalar, view) == OK) return {};
  return Refuse(kParamInvalid, "%s is no living aclScalar of a real number", name);
}

Verdict ReadScalar(const char* name, const aclScalar* scalar, HostScalarView* view) {
  if (scalar == nullptr) return Refuse(kParamNullptr, "%s is null", name);
  return ReadOptionalScalar(name, scalar, view);
}

namespace {

template <typename Array, typename Element, typename Value>
Verdict ReadArray(const char* name, const Array* array,
                  aclnnStatus (*read)(const Array*, const Element**, uint64_t*),
                  std::vector<Value>* values) {
  if (array == nullptr) return Refuse(kParamNullptr, "%s is null", name);
  const Element* elements = nullptr;
  uint64_t size = 0;
  if (read(array, &elements, &size) != OK) {
    return Refuse(kParamInvalid, "%s is not a living array", name);
  }
  values->assign(elements, elements + size);
  return {};
}

}  // namespace

Verdict ReadIntArray(const char* name, const aclIntArray* array, std::vector<int64_t>* values) {
  return ReadArray(name, array, HostIntArrayRead, values);
}

Verdict ReadFloatArray(const char* name, const aclFloatArray* array, std::vector<float>* values) {
  return ReadArray(name, array, HostFloatArrayRead, values);
}

Verdict ReadBoolArray(const char* name, const aclBoolArray* array, std::vector<bool>* values) {
  return ReadArray(name, array, HostBoolArrayRead, values);
}

}  // namespace opapi
