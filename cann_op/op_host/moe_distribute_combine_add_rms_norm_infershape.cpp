// SPDX-License-Identifier: Apache-2.0
#include "op_host/moe_distribute_combine_add_rms_norm_infershape.h"

#include <cinttypes>
#include <cstdio>

#include "npu/error_report.h"
#include "op_plan/combine_plan.h"

namespace op_host {
namespace {

constexpr int64_t kUnknownDim = -1;
constexpr int64_t kUnknownRank = -2;

// Where one of the outputs' sizes can be read: `dim` of an input, from its last dim when negative.
struct Source {
  uint32_t input;
  int dim;
};
constexpr Source kBsSources[] = {
    {op_plan::kExpertIds, 0}, {op_plan::kExpertScales, 0}, {op_plan::kResidualX, 0}};
constexpr Source kHSources[] = {
    {op_plan::kExpandX, -1}, {op_plan::kResidualX, -1}, {op_plan::kGamma, -1}};

// kUnknownDim where the input does not say.
int64_t Read(const gert::InferShapeContext* context, const Source& source) {
  const gert::Shape* const shape = context->GetInputShape(source.input);
  if (shape == nullptr || shape->GetDimNum() == 0) return kUnknownDim;
  if (shape->GetDimNum() == 1 && shape->GetDim(0) == kUnknownRank) return kUnknownDim;
  return shape->GetDim(source.dim < 0 ? shape->GetDimNum() - 1 : 0);
}

// The size that all inputs which say it agree on. False: two of them differ.
template <size_t N>
bool Agree(const gert::InferShapeContext* context, const char* name, const Source (&sources)[N],
           int64_t* size) {
  const Source* first = nullptr;
  *size = kUnknownDim;
  for (const Source& source : sources) {
    const int64_t read = Read(context, source);
    if (read == kUnknownDim || read == *size) continue;
    if (first != nullptr) {
      char text[160];
      std::snprintf(text, sizeof(text), "%s is %" PRId64 " in %s, but %" PRId64 " in %s", name,
                    *size, op_plan::CombineTensorName(first->input), read,
                    op_plan::CombineTensorName(source.input));
      npu::ReportError(context->GetNodeName(), text);
      return false;
    }
    first = &source;
    *size = read;
  }
  return true;
}

void SetShape(gert::Shape* shape, int64_t tokens, int64_t width) {
  shape->SetDimNum(3);
  shape->SetDim(0, tokens);
  shape->SetDim(1, 1);
  shape->SetDim(2, width);
}

enum Output : uint32_t { kYOutput, kRstdOutput, kXOutput, kOutputs };

}  // namespace

ge::graphStatus InferShape(gert::InferShapeContext* context) {
  if (context == nullptr) return ge::GRAPH_FAILED;
  int64_t bs, h;
  if (!Agree(context, "BS", kBsSources, &bs) || !Agree(context, "H", kHSources, &h)) {
    return ge::GRAPH_FAILED;
  }
  gert::Shape* outputs[kOutputs];
  for (uint32_t i = 0; i < kOutputs; ++i) {
    outputs[i] = context->GetOutputShape(i);
    if (outputs[i] == nullptr) return ge::GRAPH_FAILED;
  }
  SetShape(outputs[kYOutput], bs, h);
  SetShape(outputs[kRstdOutput], bs, 1);
  SetShape(outputs[kXOutput], bs, h);
  return ge::GRAPH_SUCCESS;
}

ge::graphStatus InferDataType(gert::InferDataTypeContext* context) {
  if (context == nullptr) return ge::GRAPH_FAILED;
  context->SetOutputDataType(kYOutput, ge::DT_BF16);
  context->SetOutputDataType(kRstdOutput, ge::DT_FLOAT);
  context->SetOutputDataType(kXOutput, ge::DT_BF16);
  return ge::GRAPH_SUCCESS;
}

}  // namespace op_host
