// SPDX-License-Identifier: Apache-2.0
// The operator as CANN registers it. Order, names and defaults are those of the operator of the
// same type that CANN brings, which this one takes the place of.
#include "op_host/moe_distribute_combine_add_rms_norm_infershape.h"
#include "op_host/moe_distribute_combine_add_rms_norm_tiling.h"
#include "register/op_def_registry.h"

namespace ops {
namespace {

struct TensorRow {
  const char* name;
  Option presence;
  ge::DataType dtype;
};

const TensorRow kInputs[] = {
    {"expand_x", REQUIRED, ge::DT_BF16},
    {"expert_ids", REQUIRED, ge::DT_INT32},
    {"assist_info_for_combine", REQUIRED, ge::DT_INT32},
    {"ep_send_counts", REQUIRED, ge::DT_INT32},
    {"expert_scales", REQUIRED, ge::DT_FLOAT},
    {"residual_x", REQUIRED, ge::DT_BF16},
    {"gamma", REQUIRED, ge::DT_BF16},
    {"tp_send_counts", OPTIONAL, ge::DT_INT32},
    {"x_active_mask", OPTIONAL, ge::DT_BOOL},
    {"activation_scale", OPTIONAL, ge::DT_FLOAT},
    {"weight_scale", OPTIONAL, ge::DT_FLOAT},
    {"group_list", OPTIONAL, ge::DT_INT64},
    {"expand_scales", OPTIONAL, ge::DT_FLOAT},
    {"shared_expert_x", OPTIONAL, ge::DT_BF16},
    {"elastic_info", OPTIONAL, ge::DT_INT32},
    {"ori_x", OPTIONAL, ge::DT_BF16},
    {"const_expert_alpha_1", OPTIONAL, ge::DT_BF16},
    {"const_expert_alpha_2", OPTIONAL, ge::DT_BF16},
    {"const_expert_v", OPTIONAL, ge::DT_BF16},
};

const TensorRow kOutputs[] = {
    {"y", REQUIRED, ge::DT_BF16},
    {"rstdOut", REQUIRED, ge::DT_FLOAT},
    {"x", REQUIRED, ge::DT_BF16},
};

// The soc name of the toolkit's build for Atlas A3.
constexpr char kAtlasA3[] = "ascend910_93";

// From the toolkits on that know it: the cores reach the peers' windows by themselves, no AI CPU
// serves them. Elsewhere op_api/npu says so when it launches.
template <typename Mc2, typename Type>
void SetServer(Mc2& mc2, void (Mc2::*set)(Type, const char*)) {
  (mc2.*set)(Type::AICORE, nullptr);
}
template <typename Mc2>
auto ServeFromCores(Mc2& mc2, int) -> decltype(SetServer(mc2, &Mc2::HcclServerType)) {
  SetServer(mc2, &Mc2::HcclServerType);
}
template <typename Mc2>
void ServeFromCores(Mc2&, long) {}

}  // namespace

class MoeDistributeCombineAddRmsNorm : public OpDef {
 public:
  explicit MoeDistributeCombineAddRmsNorm(const char* name) : OpDef(name) {
    for (const TensorRow& row : kInputs) Fill(Input(row.name), row).AutoContiguous();
    for (const TensorRow& row : kOutputs) Fill(Output(row.name), row);
    AddAttributes();
    SetInferShape(op_host::InferShape);
    SetInferDataType(op_host::InferDataType);
    AICore().SetTiling(op_host::Tiling);

    OpAICoreConfig config;
    config.DynamicCompileStaticFlag(true)
        .DynamicFormatFlag(true)
        .DynamicRankSupportFlag(true)
        .DynamicShapeSupportFlag(true)
        .NeedCheckSupportFlag(false)
        .PrecisionReduceFlag(true)
        .ExtendCfgInfo("aclnnSupport.value", "support_aclnn")
        .ExtendCfgInfo("prebuildPattern.value", "Opaque")
        .ExtendCfgInfo("jitCompile.flag", "static_true")
        .ExtendCfgInfo("multiKernelSupportDynamicGraph.value", "multi_kernel");
    AICore().AddConfig(kAtlasA3, config);

    MC2().HcclGroup({"group_ep", "group_tp"});
    ServeFromCores(MC2(), 0);
  }

 private:
  static OpParamDef& Fill(OpParamDef& tensor, const TensorRow& row) {
    return tensor.ParamType(row.presence).DataType({row.dtype}).Format({ge::FORMAT_ND});
  }

  void AddAttributes() {
    const char* const required[] = {"ep_world_size", "ep_rank_id", "moe_expert_num"};
    const char* const before_comm_alg[] = {
        "tp_world_size",          "tp_rank_id", "expert_shard_type", "shared_expert_num",
        "shared_expert_rank_num", "global_bs",  "out_dtype",         "comm_quant_mode",
        "group_list_type"};
    const char* const special_experts[] = {"zero_expert_num", "copy_expert_num",
                                           "const_expert_num"};
    Attr("group_ep").AttrType(REQUIRED).String();
    for (const char* attribute : required) Attr(attribute).AttrType(REQUIRED).Int();
    Attr("group_tp").AttrType(OPTIONAL).String("");
    for (const char* attribute : before_comm_alg) Attr(attribute).AttrType(OPTIONAL).Int(0);
    Attr("comm_alg").AttrType(OPTIONAL).String("");
    Attr("norm_eps").AttrType(OPTIONAL).Float(1e-6f);
    for (const char* attribute : special_experts) Attr(attribute).AttrType(OPTIONAL).Int(0);
  }
};

OP_ADD(MoeDistributeCombineAddRmsNorm);

}  // namespace ops
