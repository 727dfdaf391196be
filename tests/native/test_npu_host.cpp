// SPDX-License-Identifier: Apache-2.0
// op_host, on stand-ins for CANN's contexts: the definition, inference with sizes that are not
// known yet, and tiling with what it refuses.
#include <cstdlib>
#include <string>
#include <vector>

#include "check.h"
#include "combine_example.h"
#include "npu/error_report.h"
#include "op_plan/combine_tiling.h"
#include "register/op_def_registry.h"
#include "tiling/platform/platform_ascendc.h"
#include "tiling/tiling_api.h"

namespace {
std::string text;
}

namespace npu {
void ReportError(const char* op_name, const char* reason) {
  text = std::string(op_name) + ": " + reason;
}
}  // namespace npu

namespace {

using op_plan::CombineTiling;
using Dims = std::vector<int64_t>;

const ops::OpDef& Definition() { return *ops::Registered(); }

ge::DataType TypeOf(op_plan::DType dtype) {
  switch (dtype) {
    case op_plan::DType::kBf16:
      return ge::DT_BF16;
    case op_plan::DType::kFloat32:
      return ge::DT_FLOAT;
    case op_plan::DType::kInt32:
      return ge::DT_INT32;
    case op_plan::DType::kBool:
      return ge::DT_BOOL;
    default:
      return ge::DT_INT8;
  }
}

// The context of a CombineExample.
struct Tiling {
  CombineExample example;
  gert::TilingContext context;

  ge::graphStatus Run() {
    for (uint32_t i = 0; i < op_plan::kCombineTensors; ++i) {
      const op_plan::TensorSpec& spec = example.tensors[i];
      if (!spec.present) continue;
      gert::Shape shape;
      shape.SetDimNum(spec.dim_count);
      for (uint32_t d = 0; d < spec.dim_count; ++d) shape.SetDim(d, spec.dims[d]);
      auto& tensors = i < op_plan::kCombineInputs ? context.inputs : context.outputs;
      tensors[i < op_plan::kCombineInputs ? i : i - op_plan::kCombineInputs] = {
          gert::StorageShape(shape), gert::CompileTimeTensorDesc(TypeOf(spec.dtype), format)};
    }
    const op_plan::CombineAttributes& a = example.attributes;
    const op_plan::ExpertParallelAttributes& ep = a.ep;
    context.attributes.values = {std::string(ep.group_ep),
                                 ep.ep_world_size,
                                 ep.ep_rank_id,
                                 ep.moe_expert_num,
                                 std::string(ep.group_tp),
                                 ep.tp_world_size,
                                 ep.tp_rank_id,
                                 ep.expert_shard_type,
                                 ep.shared_expert_num,
                                 ep.shared_expert_rank_num,
                                 ep.global_bs,
                                 a.out_dtype,
                                 a.comm_quant_mode,
                                 a.group_list_type,
                                 std::string(),
                                 a.norm_eps,
                                 ep.zero_expert_num,
                                 ep.copy_expert_num,
                                 ep.const_expert_num};
    if (missing >= 0) context.attributes.values[missing].emplace<std::monostate>();
    return Definition().core.tiling(&context);
  }
  const CombineTiling& data() const {
    return *reinterpret_cast<const CombineTiling*>(context.data);
  }
  ge::Format format = ge::FORMAT_ND;
  int missing = -1;  // attribute that CANN does not give
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

gert::InferShapeContext InferExample() {
  gert::InferShapeContext context;
  context.inputs = {{24, 1024}, {3, 2}, {24 * 128}, {8}, {3, 2}, {3, 1, 1024}, {1024}};
  return context;
}

ge::graphStatus Infer(gert::InferShapeContext* context) {
  return Definition().infer_shape(context);
}

}  // namespace

TEST(the_definition_has_the_operators_tensors_in_the_order_of_the_signature) {
  const ops::OpDef& op = Definition();
  EXPECT_EQ(op.type, std::string("MoeDistributeCombineAddRmsNorm"));
  REQUIRE(op.inputs.size() == op_plan::kCombineInputs);
  REQUIRE(op.outputs.size() == op_plan::kCombineTensors - op_plan::kCombineInputs);
  const CombineExample example;
  for (uint32_t i = 0; i < op_plan::kCombineInputs; ++i) {
    const ops::OpParamDef& input = op.inputs[i];
    // CANN's own name for it.
    const std::string name =
        i == op_plan::kExpandIdx ? "assist_info_for_combine" : op_plan::CombineTensorName(i);
    EXPECT_EQ(input.name, name);
    const bool required = i <= op_plan::kGamma;
    EXPECT_EQ(input.presence, required ? ops::REQUIRED : ops::OPTIONAL);
    EXPECT_TRUE(input.contiguous);
    REQUIRE(input.dtypes.size() == 1 && input.formats.size() == 1);
    EXPECT_EQ(input.formats[0], ge::FORMAT_ND);
    if (required) EXPECT_EQ(input.dtypes[0], TypeOf(example.tensors[i].dtype));
  }
  const char* const outputs[] = {"y", "rstdOut", "x"};
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(op.outputs[i].name, std::string(outputs[i]));
    EXPECT_EQ(op.outputs[i].presence, ops::REQUIRED);
    EXPECT_EQ(op.outputs[i].dtypes[0], TypeOf(example.tensors[op_plan::kCombineInputs + i].dtype));
  }
}

TEST(the_definition_has_the_operators_attributes_and_defaults) {
  const std::vector<std::vector<std::string>> wanted = {
      {"group_ep", "string", ""},        {"ep_world_size", "int", ""},
      {"ep_rank_id", "int", ""},         {"moe_expert_num", "int", ""},
      {"group_tp", "string", ""},        {"tp_world_size", "int", "0"},
      {"tp_rank_id", "int", "0"},        {"expert_shard_type", "int", "0"},
      {"shared_expert_num", "int", "0"}, {"shared_expert_rank_num", "int", "0"},
      {"global_bs", "int", "0"},         {"out_dtype", "int", "0"},
      {"comm_quant_mode", "int", "0"},   {"group_list_type", "int", "0"},
      {"comm_alg", "string", ""},        {"norm_eps", "float", "0.000001"},
      {"zero_expert_num", "int", "0"},   {"copy_expert_num", "int", "0"},
      {"const_expert_num", "int", "0"}};
  const std::vector<ops::OpAttrDef>& attributes = Definition().attributes;
  REQUIRE(attributes.size() == wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(attributes[i].name, wanted[i][0]);
    EXPECT_EQ(attributes[i].type, wanted[i][1]);
    EXPECT_EQ(attributes[i].fallback, wanted[i][2]);
    EXPECT_EQ(attributes[i].presence, i < 4 ? ops::REQUIRED : ops::OPTIONAL);
  }
}

TEST(the_definition_is_for_atlas_a3_and_names_both_groups) {
  const ops::OpDef& op = Definition();
  EXPECT_EQ(op.core.configs.size(), 1u);
  EXPECT_EQ(op.core.configs.at("ascend910_93").extended.at("aclnnSupport.value"),
            std::string("support_aclnn"));
  REQUIRE(op.mc2.groups.size() == 2);
  EXPECT_EQ(op.mc2.groups[0], std::string("group_ep"));
  EXPECT_EQ(op.mc2.groups[1], std::string("group_tp"));
  EXPECT_EQ(op.mc2.server, ops::HcclServerType::AICORE);
}

TEST(dtypes_of_the_outputs_are_inferred) {
  gert::InferDataTypeContext context;
  EXPECT_EQ(Definition().infer_dtype(&context), ge::GRAPH_SUCCESS);
  EXPECT_EQ(context.outputs[0], ge::DT_BF16);
  EXPECT_EQ(context.outputs[1], ge::DT_FLOAT);
  EXPECT_EQ(context.outputs[2], ge::DT_BF16);
  EXPECT_EQ(Definition().infer_dtype(nullptr), ge::GRAPH_FAILED);
}

TEST(shapes_of_the_outputs_are_inferred) {
  for (const gert::Shape& residual : {gert::Shape{3, 1, 1024}, gert::Shape{3, 1024}}) {
    gert::InferShapeContext context = InferExample();
    context.inputs[op_plan::kResidualX] = residual;
    EXPECT_EQ(Infer(&context), ge::GRAPH_SUCCESS);
    EXPECT_TRUE(context.outputs[0].dims() == Dims({3, 1, 1024}));
    EXPECT_TRUE(context.outputs[1].dims() == Dims({3, 1, 1}));
    EXPECT_TRUE(context.outputs[2].dims() == Dims({3, 1, 1024}));
  }
  EXPECT_EQ(Infer(nullptr), ge::GRAPH_FAILED);
}

TEST(sizes_that_no_input_knows_stay_unknown) {
  gert::InferShapeContext context = InferExample();
  for (gert::Shape& input : context.inputs) {
    for (size_t i = 0; i < input.GetDimNum(); ++i) input.SetDim(i, -1);
  }
  EXPECT_EQ(Infer(&context), ge::GRAPH_SUCCESS);
  EXPECT_TRUE(context.outputs[0].dims() == Dims({-1, 1, -1}));
  EXPECT_TRUE(context.outputs[1].dims() == Dims({-1, 1, 1}));
  for (gert::Shape& input : context.inputs) input = {-2};
  EXPECT_EQ(Infer(&context), ge::GRAPH_SUCCESS);
  EXPECT_TRUE(context.outputs[2].dims() == Dims({-1, 1, -1}));
}

TEST(a_size_that_one_input_knows_is_enough) {
  for (uint32_t known : {op_plan::kExpertIds, op_plan::kExpertScales, op_plan::kResidualX}) {
    gert::InferShapeContext context = InferExample();
    for (uint32_t i : {op_plan::kExpertIds, op_plan::kExpertScales, op_plan::kResidualX}) {
      if (i != known) context.inputs[i] = {-2};
    }
    EXPECT_EQ(Infer(&context), ge::GRAPH_SUCCESS);
    EXPECT_TRUE(context.outputs[0].dims() == Dims({3, 1, 1024}));
  }
  for (uint32_t known : {op_plan::kExpandX, op_plan::kResidualX, op_plan::kGamma}) {
    gert::InferShapeContext context = InferExample();
    for (uint32_t i : {op_plan::kExpandX, op_plan::kResidualX, op_plan::kGamma}) {
      if (i != known) context.inputs[i] = {-2};
    }
    EXPECT_EQ(Infer(&context), ge::GRAPH_SUCCESS);
    EXPECT_TRUE(context.outputs[2].dims() == Dims({3, 1, 1024}));
  }
}

TEST(inputs_that_contradict_one_another_are_refused_by_name) {
  gert::InferShapeContext context = InferExample();
  context.inputs[op_plan::kGamma] = {512};
  EXPECT_EQ(Infer(&context), ge::GRAPH_FAILED);
  EXPECT_EQ(text, std::string("node: H is 1024 in expand_x, but 512 in gamma"));
  context = InferExample();
  context.inputs[op_plan::kResidualX] = {4, 1, 1024};
  EXPECT_EQ(Infer(&context), ge::GRAPH_FAILED);
  EXPECT_EQ(text, std::string("node: BS is 3 in expert_ids, but 4 in residual_x"));
}

TEST(tiling_fills_the_struct_that_the_kernel_reads) {
  setenv("HCCL_BUFFSIZE", "300", 1);
  Tiling tiling;
  EXPECT_EQ(tiling.Run(), ge::GRAPH_SUCCESS);
  EXPECT_EQ(text, std::string());
  EXPECT_EQ(tiling.context.data_bytes, sizeof(CombineTiling));
  const CombineTiling& data = tiling.data();
  EXPECT_EQ(data.bs, 3u);
  EXPECT_EQ(data.k, 2u);
  EXPECT_EQ(data.h, 1024u);
  EXPECT_EQ(data.ep_world_size, 4u);
  EXPECT_EQ(data.ep_rank_id, 1u);
  EXPECT_EQ(data.tp_world_size, 1u);
  EXPECT_EQ(data.moe_expert_num, 8u);
  EXPECT_EQ(data.cores, 48u);
  EXPECT_EQ(data.window_bytes, uint64_t{300} * 1024 * 1024);
  EXPECT_EQ(data.norm_eps, 1e-6f);
  EXPECT_EQ(data.shared_x, 0u);
  EXPECT_EQ(data.alpha_rows, 0u);
}

TEST(tiling_starts_all_cores_at_once) {
  Tiling tiling;
  EXPECT_EQ(tiling.Run(), ge::GRAPH_SUCCESS);
  EXPECT_EQ(tiling.context.block_dim, 48u);
  EXPECT_EQ(tiling.context.mode, 1u);  // batch mode
  EXPECT_EQ(tiling.context.key, op_plan::kCombineTilingKey);
  EXPECT_EQ(tiling.context.workspace, 16u * 1024 * 1024 + op_plan::kCombineWorkspaceBytes);
}

TEST(tiling_sees_optional_tensors) {
  Tiling tiling;
  CombineExample& e = tiling.example;
  e.attributes.ep.const_expert_num = 3;
  e.Set(op_plan::kXActiveMask, op_plan::DType::kBool, {3, 2});
  e.Set(op_plan::kSharedExpertX, op_plan::DType::kBf16, {3, 1024});
  e.Set(op_plan::kElasticInfo, op_plan::DType::kInt32, {12});
  e.Set(op_plan::kOriX, op_plan::DType::kBf16, {3, 1024});
  e.Set(op_plan::kConstExpertAlpha1, op_plan::DType::kBf16, {3});
  e.Set(op_plan::kConstExpertAlpha2, op_plan::DType::kBf16, {3, 1024});
  e.Set(op_plan::kConstExpertV, op_plan::DType::kBf16, {3, 1024});
  EXPECT_EQ(tiling.Run(), ge::GRAPH_SUCCESS);
  EXPECT_EQ(text, std::string());
  EXPECT_EQ(tiling.data().mask, static_cast<uint32_t>(op_plan::MaskKind::kChoices));
  EXPECT_EQ(tiling.data().shared_x, 1u);
  EXPECT_EQ(tiling.data().elastic, 1u);
  EXPECT_EQ(tiling.data().alpha_rows, 2u);
  EXPECT_EQ(tiling.data().const_expert_num, 3u);
}

TEST(hccl_finds_its_part_of_the_tiling_for_each_group) {
  Tiling tiling;
  EXPECT_EQ(tiling.Run(), ge::GRAPH_SUCCESS);
  const auto* init = reinterpret_cast<const Mc2InitTiling*>(tiling.context.data);
  EXPECT_EQ(init->count, 1u);
  EXPECT_EQ(init->offsets[0], offsetof(CombineTiling, mc2_ep));
  const auto* ep = reinterpret_cast<const Mc2CcTiling*>(tiling.data().mc2_ep);
  EXPECT_EQ(std::string(ep->group), std::string("ep"));

  Tiling pair;
  UseTp(pair.example);
  EXPECT_EQ(pair.Run(), ge::GRAPH_SUCCESS);
  EXPECT_EQ(text, std::string());
  init = reinterpret_cast<const Mc2InitTiling*>(pair.context.data);
  EXPECT_EQ(init->count, 2u);
  EXPECT_EQ(init->offsets[1], offsetof(CombineTiling, mc2_tp));
  const auto* tp = reinterpret_cast<const Mc2CcTiling*>(pair.data().mc2_tp);
  EXPECT_EQ(std::string(tp->group), std::string("tp"));
  EXPECT_NE(tp->operation, ep->operation);
}

TEST(tiling_refuses_by_name_what_the_plan_refuses) {
  Tiling tiling;
  tiling.example.Set(op_plan::kGamma, op_plan::DType::kBf16, {512});
  EXPECT_EQ(tiling.Run(), ge::GRAPH_FAILED);
  EXPECT_EQ(text, std::string("node: gamma must have shape (H,) = (1024,), got (512,)"));
  Tiling other;
  other.example.Set(op_plan::kExpertIds, op_plan::DType::kBf16, {3, 2});
  EXPECT_EQ(other.Run(), ge::GRAPH_FAILED);
  EXPECT_EQ(text, std::string("node: expert_ids must be int32, got bfloat16"));
  Tiling third;
  third.format = ge::FORMAT_NC1HWC0;
  EXPECT_EQ(third.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "expand_x must have format ND");
  Tiling fourth;
  fourth.example.Set(op_plan::kGamma, op_plan::DType::kBf16, {1, 1, 1, 1, 1, 1, 1, 1024});
  fourth.example.tensors[op_plan::kGamma].dim_count = 8;
  EXPECT_EQ(fourth.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "gamma must have shape (H,)");
}

TEST(tiling_refuses_a_window_that_is_too_small) {
  setenv("HCCL_BUFFSIZE", "1", 1);
  Tiling tiling;
  tiling.example.Resize(512, 2, 1024, 4, 8);
  EXPECT_EQ(tiling.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "node: HCCL_BUFFSIZE is 1 MB, but BS 512");
  setenv("HCCL_BUFFSIZE", "plenty", 1);
  Tiling other;
  EXPECT_EQ(other.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "HCCL_BUFFSIZE must be a number of megabytes from 1 on, got 'plenty'");
}

TEST(tiling_refuses_a_chip_that_the_kernel_is_not_for) {
  platform_ascendc::PlatformAscendC::cores = 64;
  Tiling tiling;
  EXPECT_EQ(tiling.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "runs on 1 to 48 vector cores, this chip has 64");
  platform_ascendc::PlatformAscendC::cores = 48;
  platform_ascendc::PlatformAscendC::ub_bytes = 8 * 1024;
  Tiling other;
  EXPECT_EQ(other.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "H 1024 with K 2 does not fit into 8192 bytes of unified buffer");
}

TEST(tiling_fails_by_name_where_cann_gives_less_than_it_says) {
  for (int attribute : {1, 9, 15, 18}) {
    Tiling tiling;
    tiling.missing = attribute;
    EXPECT_EQ(tiling.Run(), ge::GRAPH_FAILED);
    EXPECT_TEXT_HAS(text, "CANN gives no attribute " + Definition().attributes[attribute].name);
  }
  Tiling no_room;
  no_room.context.capacity = 64;
  EXPECT_EQ(no_room.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "CANN gives no room for " + std::to_string(sizeof(CombineTiling)));
  AscendC::Mc2CcTilingConfig::status = 7;
  Tiling refused;
  EXPECT_EQ(refused.Run(), ge::GRAPH_FAILED);
  EXPECT_TEXT_HAS(text, "HCCL makes no tiling for group_ep 'ep': error 7");
  EXPECT_EQ(Definition().core.tiling(nullptr), ge::GRAPH_FAILED);
}
