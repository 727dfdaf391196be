// SPDX-License-Identifier: Apache-2.0
#include "op_api/combine_call.h"

#include "op_api/combine_device.h"
#include "op_api/operator_call.h"
#include "op_api/tensor_reader.h"

namespace op_api {
namespace {

using op_plan::TensorSpec;
using op_plan::Verdict;

Verdict Prepare(const char* op_name, const CombineCall& call) {
  OP_PLAN_CHECK(CheckOutPointers(call.workspace_size, call.executor));
  TensorSpec specs[op_plan::kCombineTensors];
  for (uint32_t i = 0; i < op_plan::kCombineTensors; ++i) {
    OP_PLAN_CHECK(ReadAclTensor(call.tensors[i], op_plan::CombineTensorName(i), &specs[i]));
  }
  op_plan::CombinePlan plan = {};
  OP_PLAN_CHECK(op_plan::MakeCombinePlan(specs, call.attributes, &plan));
  return PrepareOnDevice(op_name, call, specs, plan);
}

}  // namespace

aclnnStatus PrepareCombine(const char* op_name, const CombineCall& call) {
  return Report(op_name, [&] { return Prepare(op_name, call); });
}

}  // namespace op_api
