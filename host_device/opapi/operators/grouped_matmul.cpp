// SPDX-License-Identifier: Apache-2.0
// The experts' products: rows of x in groups, each group times its own weight, as floating numbers
// or as int8 with scales.
#include <cstdio>
#include <cstring>

#include "aclnnop/aclnn_grouped_matmul_v4.h"
#include "aclnnop/aclnn_grouped_matmul_v5.h"
#include "engine/shape_check.h"
#include "engine/vectors.h"
#include "products/product.h"
#include "products/quantized.h"

namespace {

using opapi::FirstPhase;
using opapi::Matrix;
using opapi::Product;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Verdict;

// What group_list divides.
constexpr int64_t kNothing = -1;
constexpr int64_t kRows = 0;
constexpr int64_t kInner = 2;

constexpr int64_t kCumulative = 0;
constexpr int64_t kCounts = 1;

// How many tensors of each kind the launch has, in this order: x, weight, bias, scale,
// per_token_scale, group_list; y.
struct Counts {
  uint32_t x, weight, bias, scale, per_token_scale, group_list, y;
};

struct Grouping {
  Counts counts;
  int64_t group_type;
  int64_t group_list_type;
};

constexpr uint32_t kNoTensor = UINT32_MAX;

struct Layout {
  explicit Layout(const Counts& counts)
      : weight(counts.x),
        bias(weight + counts.weight),
        scale(bias + counts.bias),
        per_token_scale(scale + counts.scale),
        group_list(per_token_scale + counts.per_token_scale),
        y(group_list + counts.group_list) {}
  uint32_t weight, bias, scale, per_token_scale, group_list, y;
};

int64_t DimFromLast(const HostTensorView& view, uint32_t from_last) {
  return view.dims[view.dim_count - from_last];
}

// The matrix of a group: of its own, or one of a batch.
HostTensorView MatrixOfGroup(const HostTensorView* tensors, uint32_t count, int64_t group) {
  HostTensorView view = count == 1 ? tensors[0] : tensors[group];
  if (view.dim_count == 3) {
    view.offset += group * view.strides[0];
    for (uint32_t i = 0; i < 2; ++i) {
      view.dims[i] = view.dims[i + 1];
      view.strides[i] = view.strides[i + 1];
    }
    view.dim_count = 2;
  }
  return view;
}

// The vector of a group: one of several tensors, or a row of one.
HostTensorView VectorOfGroup(const HostTensorView* tensors, uint32_t count, int64_t group) {
  HostTensorView view = count == 1 ? tensors[0] : tensors[group];
  if (view.dim_count == 2) {
    view.offset += view.dims[0] == 1 ? 0 : group * view.strides[0];
    view.dims[0] = view.dims[1];
    view.strides[0] = view.strides[1];
    view.dim_count = 1;
  }
  return view;
}

Matrix MatrixOf(const HostTensorView& view) {
  const int64_t bytes = opapi::ElementBytes(view);
  return {opapi::FirstElement(view), view.dtype, view.strides[0] * bytes, view.strides[1] * bytes};
}

// x of more than two dimensions, with its leading ones as one; they lie so, or it is refused.
bool AsMatrix(HostTensorView* view) {
  while (view->dim_count > 2) {
    if (view->dims[0] != 1 && view->strides[0] != view->strides[1] * view->dims[1]) return false;
    view->dims[1] *= view->dims[0];
    for (uint32_t i = 0; i + 1 < view->dim_count; ++i) {
      view->dims[i] = view->dims[i + 1];
      view->strides[i] = view->strides[i + 1];
    }
    --view->dim_count;
  }
  return true;
}

// Where each group begins, and one past the last.
aclError Borders(const HostLaunch& launch, const Grouping& grouping, int64_t limit,
                 std::vector<int64_t>* borders, HostFailure* failure) {
  const Layout at(grouping.counts);
  borders->assign(1, 0);
  for (const int64_t value : opapi::ElementsOf<int64_t>(launch.tensors[at.group_list])) {
    const int64_t last = borders->back();
    const bool counts = grouping.group_list_type == kCounts;
    const bool fits =
        counts ? value >= 0 && value <= limit - last : value >= last && value <= limit;
    if (!fits) {
      std::snprintf(
          failure->text, sizeof(failure->text),
          "groupList[%zu] is %lld after %lld rows: want %s, and no more than %lld rows in "
          "all",
          borders->size() - 1, static_cast<long long>(value), static_cast<long long>(last),
          counts ? "counts" : "sums that do not fall", static_cast<long long>(limit));
      return ACL_ERROR_INVALID_PARAM;
    }
    borders->push_back(counts ? last + value : value);
  }
  return ACL_SUCCESS;
}

struct Plan {
  std::vector<Product> products;
  std::vector<opapi::ProductTarget> targets;
};

// One product, and what is added to it and it is scaled with.
void Append(const HostLaunch& launch, const Grouping& grouping, int64_t group,
            const Product& product, const HostTensorView& y, int64_t first_row, Plan* plan) {
  const Counts& counts = grouping.counts;
  const Layout at(counts);
  opapi::ProductTarget target{};
  const int64_t bytes = opapi::ElementBytes(y);
  target.out = opapi::FirstElement(y);
  target.dtype = y.dtype;
  target.row_stride = y.strides[0] * bytes;
  target.column_stride = y.strides[1] * bytes;
  if (counts.bias > 0) {
    target.bias = opapi::FactorsOf(VectorOfGroup(launch.tensors + at.bias, counts.bias, group));
  }
  if (counts.scale > 0) {
    target.scale = opapi::FactorsOf(VectorOfGroup(launch.tensors + at.scale, counts.scale, group));
  }
  if (counts.per_token_scale > 0) {
    const HostTensorView* const scales = launch.tensors + at.per_token_scale;
    target.row_scale = opapi::FactorsOf(counts.per_token_scale == 1 ? scales[0] : scales[group]);
    if (counts.per_token_scale == 1) target.row_scale.data += first_row * target.row_scale.stride;
  }
  plan->products.push_back(product);
  plan->targets.push_back(target);
}

aclError MakePlan(const HostLaunch& launch, const Grouping& grouping, Plan* plan,
                  HostFailure* failure) {
  const Counts& counts = grouping.counts;
  const Layout at(counts);
  const HostTensorView* const tensors = launch.tensors;
  std::vector<int64_t> borders;
  if (counts.group_list > 0) {
    HostTensorView x = tensors[0];
    AsMatrix(&x);
    int64_t limit = x.dims[grouping.group_type == kInner ? 1 : 0];
    for (uint32_t i = 1; i < counts.x; ++i) limit += tensors[i].dims[0];
    const aclError status = Borders(launch, grouping, limit, &borders, failure);
    if (status != ACL_SUCCESS) return status;
  }
  const int64_t groups = counts.group_list > 0 ? static_cast<int64_t>(borders.size()) - 1
                                               : static_cast<int64_t>(counts.x);
  int64_t first_row = 0;  // of this group, in what all groups have in common
  for (int64_t group = 0; group < groups; ++group) {
    HostTensorView x = counts.x == 1 ? tensors[0] : tensors[group];
    AsMatrix(&x);
    HostTensorView weight = grouping.group_type == kInner
                                ? tensors[at.weight]
                                : MatrixOfGroup(tensors + at.weight, counts.weight, group);
    HostTensorView y = MatrixOfGroup(tensors + at.y, counts.y, group);
    if (grouping.group_type != kInner) y = counts.y == 1 ? tensors[at.y] : tensors[at.y + group];
    AsMatrix(&y);
    if (counts.group_list > 0 && counts.x == 1) {
      const auto index = static_cast<size_t>(group);
      const int64_t begin = borders[index];
      const int64_t size = borders[index + 1] - begin;
      if (grouping.group_type == kInner) {
        x.offset += begin * x.strides[1];
        x.dims[1] = size;
        weight.offset += begin * weight.strides[0];
      } else {
        x.offset += begin * x.strides[0];
        x.dims[0] = size;
      }
      first_row = begin;
    }
    if (grouping.group_type == kRows && counts.y == 1) y.offset += first_row * y.strides[0];
    const Product product{x.dims[0], weight.dims[1], x.dims[1], MatrixOf(x), MatrixOf(weight)};
    Append(launch, grouping, group, product, y, first_row, plan);
    first_row += x.dims[0];
  }
  return ACL_SUCCESS;
}

aclError Run(const HostLaunch& launch, const Grouping& grouping, HostFailure* failure) {
  Plan plan;
  const aclError status = MakePlan(launch, grouping, &plan, failure);
  if (status != ACL_SUCCESS) return status;
  return opapi::MultiplyInto(plan.products, plan.targets, failure);
}

// Adds the tensors of a list, null or empty for none.
Verdict AddInputs(FirstPhase& phase, const char* name, const aclTensorList* list, uint32_t* count) {
  if (list == nullptr) return {};
  const size_t before = phase.tensor_count();
  OP_PLAN_CHECK(phase.InputList(name, list));
  *count = static_cast<uint32_t>(phase.tensor_count() - before);
  return {};
}

Verdict RefuseShape(const FirstPhase& phase, size_t index, const char* want) {
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %s", phase.name(index),
                ShapeText(ShapeOf(phase.tensor(index))).c_str(), want);
}

Verdict CheckTensors(const FirstPhase& phase, const Grouping& grouping) {
  const Counts& counts = grouping.counts;
  const Layout at(counts);
  for (size_t i = 0; i < phase.tensor_count(); ++i) {
    OP_PLAN_CHECK(opapi::CheckPlainFormat(phase, i));
  }
  for (uint32_t i = 0; i < counts.x; ++i) {
    HostTensorView x = phase.tensor(i);
    if (x.dim_count < 2 || !AsMatrix(&x)) {
      return RefuseShape(phase, i, "2 or more dimensions, the leading ones without gaps");
    }
    if (i > 0 && x.dim_count != 2) return RefuseShape(phase, i, "2 dimensions");
  }
  for (uint32_t i = 0; i < counts.y; ++i) {
    HostTensorView y = phase.tensor(at.y + i);
    const bool batch = grouping.group_type == kInner && counts.y == 1;
    if (batch ? y.dim_count != 3 : y.dim_count < 2 || !AsMatrix(&y)) {
      return RefuseShape(phase, at.y + i, batch ? "3 dimensions" : "2 or more dimensions");
    }
  }
  OP_PLAN_CHECK(opapi::CheckProductDtypes(phase, 0, at.weight, at.y, counts.scale > 0,
                                          counts.bias > 0 ? at.bias : kNoTensor));
  return {};
}

// Groups as far as they are known before group_list is: G of them.
Verdict CheckGroups(const FirstPhase& phase, const Grouping& grouping) {
  const Counts& counts = grouping.counts;
  const Layout at(counts);
  const auto refuse_count = [](const char* name, uint32_t count, int64_t want) {
    return Refuse(op_plan::kParamInvalid, "%s has %u tensors for %lld groups", name, count,
                  static_cast<long long>(want));
  };
  int64_t groups = counts.x;
  if (counts.group_list > 0) {
    OP_PLAN_CHECK(opapi::CheckDims(phase, at.group_list, 1));
    OP_PLAN_CHECK(opapi::CheckIndexDType(phase, at.group_list));
    groups = phase.tensor(at.group_list).dims[0];
    if (counts.x != 1 && counts.x != groups) return refuse_count("x", counts.x, groups);
  }
  const bool inner = grouping.group_type == kInner;
  const HostTensorView& weight = phase.tensor(at.weight);
  if (inner) {
    if (counts.x != 1 || counts.weight != 1 || weight.dim_count != 2) {
      return Refuse(op_plan::kParamInvalid,
                    "with groupType 2, want one x and one weight of 2 dimensions");
    }
  } else if (counts.weight == 1 && (weight.dim_count == 3 || groups > 1)) {
    if (weight.dim_count != 3) return RefuseShape(phase, at.weight, "(groups, K, N)");
    if (weight.dims[0] != groups) return RefuseShape(phase, at.weight, "a matrix for each group");
  } else {
    if (counts.weight != groups) return refuse_count("weight", counts.weight, groups);
    for (uint32_t i = 0; i < counts.weight; ++i) {
      OP_PLAN_CHECK(opapi::CheckDims(phase, at.weight + i, 2));
    }
  }
  if (counts.y != 1 && counts.y != groups) return refuse_count("out", counts.y, groups);
  if (inner && counts.y == 1 && phase.tensor(at.y).dims[0] != groups) {
    return RefuseShape(phase, at.y, "a matrix for each group");
  }
  return {};
}

Verdict CheckSizes(const FirstPhase& phase, const Grouping& grouping) {
  const Counts& counts = grouping.counts;
  const Layout at(counts);
  const bool inner = grouping.group_type == kInner;
  int64_t rows = 0;
  for (uint32_t i = 0; i < counts.x; ++i) {
    HostTensorView x = phase.tensor(i);
    AsMatrix(&x);
    rows += x.dims[0];
    const HostTensorView& weight = phase.tensor(at.weight + (counts.weight == 1 ? 0 : i));
    if (DimFromLast(weight, 2) != x.dims[1]) {
      return RefuseShape(phase, i, "as many columns as its weight has rows");
    }
  }
  for (uint32_t i = 0; i < counts.weight; ++i) {
    const HostTensorView& weight = phase.tensor(at.weight + i);
    if (DimFromLast(weight, 2) != DimFromLast(phase.tensor(at.weight), 2) && counts.x == 1) {
      return RefuseShape(phase, at.weight + i, "as many rows as x has columns");
    }
    const size_t y = at.y + (counts.y == 1 ? 0 : i);
    if (DimFromLast(phase.tensor(y), 1) != DimFromLast(weight, 1)) {
      return RefuseShape(phase, y, "as many columns as its weight");
    }
    const int64_t matrices = weight.dim_count == 3 ? weight.dims[0] : 1;
    const auto check_vectors = [&](uint32_t first, uint32_t count) -> Verdict {
      if (count == 0) return {};
      if (count != 1 && count != counts.weight) {
        return Refuse(op_plan::kParamInvalid, "%s and its like are %u: want 1 or %u",
                      phase.name(first), count, counts.weight);
      }
      const int64_t together = count == 1 ? matrices * counts.weight : 1;
      return opapi::CheckSize(phase, first + (count == 1 ? 0 : i),
                              together * DimFromLast(weight, 1));
    };
    OP_PLAN_CHECK(check_vectors(at.bias, counts.bias));
    OP_PLAN_CHECK(check_vectors(at.scale, counts.scale));
  }
  if (counts.y == 1 && !inner) {
    HostTensorView y = phase.tensor(at.y);
    AsMatrix(&y);
    if (y.dims[0] != rows) return RefuseShape(phase, at.y, "as many rows as x");
  }
  if (counts.per_token_scale == 1) {
    OP_PLAN_CHECK(opapi::CheckSize(phase, at.per_token_scale, rows));
    OP_PLAN_CHECK(opapi::CheckDims(phase, at.per_token_scale, 1));
  } else if (counts.per_token_scale > 1) {
    return Refuse(op_plan::kParamInvalid, "perTokenScale has %u tensors: want one",
                  counts.per_token_scale);
  }
  return {};
}

struct Lists {
  const aclTensorList* x;
  const aclTensorList* weight;
  const aclTensorList* bias;
  const aclTensorList* scale;
  const aclTensorList* per_token_scale;
  const aclTensor* group_list;
  const aclTensorList* out;
};

struct Unused {
  const aclTensorList* offset;
  const aclTensorList* antiquant_scale;
  const aclTensorList* antiquant_offset;
  const aclTensorList* activation_input;
  const aclTensorList* activation_quant_scale;
  const aclTensorList* activation_quant_offset;
  const aclTensorList* activation_feature_out;
  const aclTensorList* dyn_quant_scale_out;
};

Verdict CheckUnused(const Unused& unused) {
  OP_PLAN_CHECK(opapi::CheckAbsent("offset", unused.offset));
  OP_PLAN_CHECK(opapi::CheckAbsent("antiquantScale", unused.antiquant_scale));
  OP_PLAN_CHECK(opapi::CheckAbsent("antiquantOffset", unused.antiquant_offset));
  OP_PLAN_CHECK(opapi::CheckAbsent("activationInput", unused.activation_input));
  OP_PLAN_CHECK(opapi::CheckAbsent("activationQuantScale", unused.activation_quant_scale));
  OP_PLAN_CHECK(opapi::CheckAbsent("activationQuantOffset", unused.activation_quant_offset));
  OP_PLAN_CHECK(opapi::CheckAbsent("activationFeatureOut", unused.activation_feature_out));
  return opapi::CheckAbsent("dynQuantScaleOut", unused.dyn_quant_scale_out);
}

Verdict AddLists(FirstPhase& phase, const Lists& lists, Counts* counts) {
  OP_PLAN_CHECK(phase.InputList("x", lists.x));
  counts->x = static_cast<uint32_t>(phase.tensor_count());
  OP_PLAN_CHECK(phase.InputList("weight", lists.weight));
  counts->weight = static_cast<uint32_t>(phase.tensor_count()) - counts->x;
  if (counts->x == 0 || counts->weight == 0) {
    return Refuse(op_plan::kParamInvalid, "%s is an empty list", counts->x == 0 ? "x" : "weight");
  }
  OP_PLAN_CHECK(AddInputs(phase, "bias", lists.bias, &counts->bias));
  OP_PLAN_CHECK(AddInputs(phase, "scale", lists.scale, &counts->scale));
  OP_PLAN_CHECK(AddInputs(phase, "perTokenScale", lists.per_token_scale, &counts->per_token_scale));
  if (lists.group_list != nullptr) {
    OP_PLAN_CHECK(phase.Input("groupList", lists.group_list));
    counts->group_list = 1;
  }
  const size_t before = phase.tensor_count();
  OP_PLAN_CHECK(phase.OutputList("out", lists.out));
  counts->y = static_cast<uint32_t>(phase.tensor_count() - before);
  if (counts->y > 0) return {};
  return Refuse(op_plan::kParamInvalid, "out is an empty list");
}

struct Attributes {
  int64_t split_item;
  int64_t group_type;
  int64_t group_list_type;
  int64_t act_type;
};

Verdict Prepare(FirstPhase& phase, const Lists& lists, const Attributes& attributes) {
  OP_PLAN_CHECK(opapi::CheckRange("splitItem", attributes.split_item, 0, 3));
  OP_PLAN_CHECK(
      opapi::CheckRange("groupListType", attributes.group_list_type, kCumulative, kCounts));
  OP_PLAN_CHECK(opapi::CheckRange("actType", attributes.act_type, 0, 0));
  const int64_t type = attributes.group_type;
  if (type != kNothing && type != kRows && type != kInner) {
    return Refuse(op_plan::kParamInvalid, "groupType is %lld: want -1, 0 (rows) or 2 (inner)",
                  static_cast<long long>(type));
  }
  Grouping grouping{{}, type, attributes.group_list_type};
  OP_PLAN_CHECK(AddLists(phase, lists, &grouping.counts));
  if (type == kInner && grouping.counts.group_list == 0) {
    return Refuse(op_plan::kParamNullptr, "groupList is null, which groupType 2 needs");
  }
  OP_PLAN_CHECK(CheckTensors(phase, grouping));
  OP_PLAN_CHECK(CheckGroups(phase, grouping));
  OP_PLAN_CHECK(CheckSizes(phase, grouping));
  // Several tensors in, one out: rows one after the other.
  if (grouping.counts.y == 1 && type == kNothing) grouping.group_type = kRows;
  return phase.Bind([grouping](const HostLaunch& launch, HostFailure* failure) {
    return Run(launch, grouping, failure);
  });
}

}  // namespace

aclnnStatus aclnnGroupedMatmulV4GetWorkspaceSize(
    const aclTensorList* x, const aclTensorList* weight, const aclTensorList* biasOptional,
    const aclTensorList* scaleOptional, const aclTensorList* offsetOptional,
    const aclTensorList* antiquantScaleOptional, const aclTensorList* antiquantOffsetOptional,
    const aclTensorList* perTokenScaleOptional, const aclTensor* groupListOptional,
    const aclTensorList* activationInputOptional, const aclTensorList* activationQuantScaleOptional,
    const aclTensorList* activationQuantOffsetOptional, int64_t splitItem, int64_t groupType,
    int64_t groupListType, int64_t actType, aclTensorList* out,
    aclTensorList* activationFeatureOutOptional, aclTensorList* dynQuantScaleOutOptional,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnGroupedMatmulV4", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(CheckUnused({offsetOptional, antiquantScaleOptional, antiquantOffsetOptional,
                               activationInputOptional, activationQuantScaleOptional,
                               activationQuantOffsetOptional, activationFeatureOutOptional,
                               dynQuantScaleOutOptional}));
    return Prepare(
        phase,
        {x, weight, biasOptional, scaleOptional, perTokenScaleOptional, groupListOptional, out},
        {splitItem, groupType, groupListType, actType});
  });
}
ACLNN_SECOND_PHASE(aclnnGroupedMatmulV4)

// tuningConfigOptional says how large groups are to be expected, which changes no result.
aclnnStatus aclnnGroupedMatmulV5GetWorkspaceSize(
    const aclTensorList* x, const aclTensorList* weight, const aclTensorList* biasOptional,
    const aclTensorList* scaleOptional, const aclTensorList* offsetOptional,
    const aclTensorList* antiquantScaleOptional, const aclTensorList* antiquantOffsetOptional,
    const aclTensorList* perTokenScaleOptional, const aclTensor* groupListOptional,
    const aclTensorList* activationInputOptional, const aclTensorList* activationQuantScaleOptional,
    const aclTensorList* activationQuantOffsetOptional, int64_t splitItem, int64_t groupType,
    int64_t groupListType, int64_t actType, aclIntArray* tuningConfigOptional, aclTensorList* out,
    aclTensorList* activationFeatureOutOptional, aclTensorList* dynQuantScaleOutOptional,
    uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnGroupedMatmulV5", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    if (tuningConfigOptional != nullptr) {
      std::vector<int64_t> hints;
      OP_PLAN_CHECK(opapi::ReadIntArray("tuningConfig", tuningConfigOptional, &hints));
    }
    OP_PLAN_CHECK(CheckUnused({offsetOptional, antiquantScaleOptional, antiquantOffsetOptional,
                               activationInputOptional, activationQuantScaleOptional,
                               activationQuantOffsetOptional, activationFeatureOutOptional,
                               dynQuantScaleOutOptional}));
    return Prepare(
        phase,
        {x, weight, biasOptional, scaleOptional, perTokenScaleOptional, groupListOptional, out},
        {splitItem, groupType, groupListType, actType});
  });
}
ACLNN_SECOND_PHASE(aclnnGroupedMatmulV5)
