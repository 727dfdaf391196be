// SPDX-License-Identifier: Apache-2.0
#include "op_host/tiling_call.h"

namespace op_host {

using op_plan::DType;
using op_plan::TensorSpec;
using op_plan::Verdict;

namespace {

// In the order of the definition.
enum Attribute : uint32_t {
  kGroupEp,
  kEpWorldSize,
  kEpRankId,
  kMoeExpertNum,
  kGroupTp,
  kTpWorldSize,
  kTpRankId,
  kExpertShardType,
  kSharedExpertNum,
  kSharedExpertRankNum,
  kGlobalBs,
  kOutDtype,
  kCommQuantMode,
  kGroupListType,
  kCommAlg,
  kNormEps,
  kZeroExpertNum,
  kCopyExpertNum,
  kConstExpertNum,
};

DType DTypeOf(ge::DataType dtype) {
  switch (dtype) {
    case ge::DT_BF16:
      return DType::kBf16;
    case ge::DT_FLOAT16:
      return DType::kFloat16;
    case ge::DT_FLOAT:
      return DType::kFloat32;
    case ge::DT_INT8:
      return DType::kInt8;
    case ge::DT_INT32:
      return DType::kInt32;
    case ge::DT_INT64:
      return DType::kInt64;
    case ge::DT_BOOL:
      return DType::kBool;
    default:
      return DType::kOther;
  }
}

// Formats in which the elements lie as the dims say.
bool IsPlain(ge::Format format) {
  switch (ge::GetPrimaryFormat(format)) {
    case ge::FORMAT_ND:
    case ge::FORMAT_NCHW:
    case ge::FORMAT_NHWC:
    case ge::FORMAT_NCDHW:
    case ge::FORMAT_NDHWC:
      return true;
    default:
      return false;
  }
}

Verdict ReadTensor(const gert::StorageShape* shape, const gert::CompileTimeTensorDesc* desc,
                   const char* name, TensorSpec* spec) {
  *spec = {};
  spec->name = name;
  spec->present = shape != nullptr && desc != nullptr;
  if (!spec->present) return {};
  const gert::Shape& dims = shape->GetStorageShape();
  OP_PLAN_REQUIRE(dims.GetDimNum() <= TensorSpec::kMaxDims,
                  "%s has %zu dims, no tensor of this operator has more than 3", name,
                  dims.GetDimNum());
  spec->dtype = DTypeOf(desc->GetDataType());
  spec->plain_format = IsPlain(desc->GetStorageFormat());
  spec->dim_count = static_cast<uint32_t>(dims.GetDimNum());
  // CANN makes inputs contiguous before tiling, as the definition wants, and outputs are.
  int64_t stride = 1;
  for (uint32_t i = spec->dim_count; i-- > 0;) {
    spec->dims[i] = dims.GetDim(i);
    spec->strides[i] = stride;
    stride *= spec->dims[i];
  }
  return {};
}

Verdict ReadTensors(const gert::TilingContext* context, TensorSpec* tensors) {
  for (uint32_t i = 0; i < op_plan::kCombineInputs; ++i) {
    OP_PLAN_CHECK(ReadTensor(context->GetOptionalInputShape(i), context->GetOptionalInputDesc(i),
                             op_plan::CombineTensorName(i), &tensors[i]));
  }
  for (uint32_t i = op_plan::kCombineInputs; i < op_plan::kCombineTensors; ++i) {
    const uint32_t output = i - op_plan::kCombineInputs;
    OP_PLAN_CHECK(ReadTensor(context->GetOutputShape(output), context->GetOutputDesc(output),
                             op_plan::CombineTensorName(i), &tensors[i]));
  }
  return {};
}

struct IntAttribute {
  Attribute index;
  const char* name;
  int64_t* value;
};

Verdict ReadInts(const gert::RuntimeAttrs* attributes, std::initializer_list<IntAttribute> wanted) {
  for (const IntAttribute& attribute : wanted) {
    const int64_t* const value = attributes->GetInt(attribute.index);
    OP_PLAN_REQUIRE(value != nullptr, "CANN gives no attribute %s", attribute.name);
    *attribute.value = *value;
  }
  return {};
}

}  // namespace

Verdict ReadTilingCall(const gert::TilingContext* context, TilingCall* call) {
  OP_PLAN_CHECK(ReadTensors(context, call->tensors));
  const gert::RuntimeAttrs* const attributes = context->GetAttrs();
  OP_PLAN_REQUIRE(attributes != nullptr, "CANN gives no attributes");
  op_plan::CombineAttributes& a = call->attributes;
  a = {};
  a.ep.group_ep = attributes->GetStr(kGroupEp);
  a.ep.group_tp = attributes->GetStr(kGroupTp);
  a.ep.comm_alg = attributes->GetStr(kCommAlg);
  const float* const norm_eps = attributes->GetFloat(kNormEps);
  OP_PLAN_REQUIRE(norm_eps != nullptr, "CANN gives no attribute norm_eps");
  a.norm_eps = *norm_eps;
  return ReadInts(attributes,
                  {{kEpWorldSize, "ep_world_size", &a.ep.ep_world_size},
                   {kEpRankId, "ep_rank_id", &a.ep.ep_rank_id},
                   {kMoeExpertNum, "moe_expert_num", &a.ep.moe_expert_num},
                   {kTpWorldSize, "tp_world_size", &a.ep.tp_world_size},
                   {kTpRankId, "tp_rank_id", &a.ep.tp_rank_id},
                   {kExpertShardType, "expert_shard_type", &a.ep.expert_shard_type},
                   {kSharedExpertNum, "shared_expert_num", &a.ep.shared_expert_num},
                   {kSharedExpertRankNum, "shared_expert_rank_num", &a.ep.shared_expert_rank_num},
                   {kGlobalBs, "global_bs", &a.ep.global_bs},
                   {kOutDtype, "out_dtype", &a.out_dtype},
                   {kCommQuantMode, "comm_quant_mode", &a.comm_quant_mode},
                   {kGroupListType, "group_list_type", &a.group_list_type},
                   {kZeroExpertNum, "zero_expert_num", &a.ep.zero_expert_num},
                   {kCopyExpertNum, "copy_expert_num", &a.ep.copy_expert_num},
                   {kConstExpertNum, "const_expert_num", &a.ep.const_expert_num}});
}

}  // namespace op_host
