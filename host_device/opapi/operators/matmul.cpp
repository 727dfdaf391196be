// SPDX-License-Identifier: Apache-2.0
// Products of matrices: out = beta * self + alpha * a b, for one pair or for a batch of them.
#include <algorithm>

#include "aclnnop/aclnn_addbmm.h"
#include "aclnnop/aclnn_addmm.h"
#include "aclnnop/aclnn_addmv.h"
#include "aclnnop/aclnn_addr.h"
#include "aclnnop/aclnn_baddbmm.h"
#include "aclnnop/aclnn_batch_matmul.h"
#include "aclnnop/aclnn_dot.h"
#include "aclnnop/aclnn_ger.h"
#include "aclnnop/aclnn_matmul.h"
#include "aclnnop/aclnn_mm.h"
#include "aclnnop/aclnn_mv.h"
#include "engine/elementwise.h"
#include "products/product.h"

namespace {

using opapi::Compute;
using opapi::FirstPhase;
using opapi::Matrix;
using opapi::Numbers;
using opapi::Product;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Verdict;

// What torch's cubeMathType may say without a change of what is computed.
constexpr int8_t kKeepDtype = 0;
constexpr int8_t kAllowDownPrecision = 1;
constexpr int8_t kUseHf32 = 3;

Verdict CheckCubeMathType(int8_t type) {
  if (type == kKeepDtype || type == kAllowDownPrecision || type == kUseHf32) return {};
  return Refuse(op_plan::kParamInvalid,
                "cubeMathType is %d: the host device computes float32 in float32, want 0, 1 or 3",
                type);
}

// How an operand of fewer dimensions than a batch of matrices is read.
enum class Reading { kMatrices, kRow, kColumn };

struct Terms {
  bool has_self;
  bool sums_batch;  // out is the sum over the batch
  Reading a;
  Reading b;
  HostScalarView beta;
  HostScalarView alpha;
};

// `view` with a dimension of 1 put in before dimension `dim`.
HostTensorView WithDim(HostTensorView view, uint32_t dim) {
  std::copy_backward(view.dims + dim, view.dims + view.dim_count, view.dims + view.dim_count + 1);
  std::copy_backward(view.strides + dim, view.strides + view.dim_count,
                     view.strides + view.dim_count + 1);
  view.dims[dim] = 1;
  view.strides[dim] = 0;
  ++view.dim_count;
  return view;
}

HostTensorView Read(const HostTensorView& view, Reading reading) {
  if (reading == Reading::kRow) return WithDim(view, view.dim_count - 1);
  if (reading == Reading::kColumn) return WithDim(view, view.dim_count);
  return view;
}

// out, or what broadcasts to it, as a batch of matrices.
HostTensorView ReadOut(HostTensorView view, uint32_t out_dims, const Terms& terms) {
  while (view.dim_count < out_dims) view = WithDim(view, 0);
  if (terms.b == Reading::kColumn) view = WithDim(view, view.dim_count);
  if (terms.a == Reading::kRow) view = WithDim(view, view.dim_count - 1);
  return view;
}

// Bytes from one index of dimension `from_last` (1: the last) to the next, 0 where it is broadcast.
int64_t StrideOf(const HostTensorView& view, uint32_t from_last) {
  if (from_last > view.dim_count) return 0;
  const uint32_t dim = view.dim_count - from_last;
  return view.dims[dim] == 1 ? 0 : view.strides[dim] * opapi::ElementBytes(view);
}

int64_t DimOf(const HostTensorView& view, uint32_t from_last) {
  return from_last > view.dim_count ? 1 : view.dims[view.dim_count - from_last];
}

// One matrix of the result and what is added to it.
struct Target {
  uint8_t* out;
  const uint8_t* self;
};

struct Plan {
  std::vector<Product> products;
  std::vector<Target> targets;
  aclDataType out_dtype, self_dtype;
  int64_t out_row, out_column;  // bytes
  int64_t self_row, self_column;
};

void Transpose(Plan* plan) {
  for (Product& product : plan->products) product = Transposed(product);
  std::swap(plan->out_row, plan->out_column);
  std::swap(plan->self_row, plan->self_column);
}

struct Operands {
  HostTensorView a, b, out, self;  // self is out where there is none
};

Operands ReadOperands(const HostLaunch& launch, const Terms& terms) {
  const HostTensorView* tensors = launch.tensors;
  const HostTensorView& out = tensors[launch.tensor_count - 1];
  const HostTensorView& self = terms.has_self ? *tensors++ : out;
  return {Read(tensors[0], terms.a), Read(tensors[1], terms.b), ReadOut(out, out.dim_count, terms),
          ReadOut(self, out.dim_count, terms)};
}

Matrix MatrixOf(const HostTensorView& view) {
  return {opapi::FirstElement(view), view.dtype, StrideOf(view, 2), StrideOf(view, 1)};
}

Plan MakePlan(const HostLaunch& launch, const Terms& terms) {
  const Operands operands = ReadOperands(launch, terms);
  const auto& [a, b, out, self] = operands;
  Plan plan{};
  plan.out_dtype = out.dtype;
  plan.self_dtype = self.dtype;
  plan.out_row = StrideOf(out, 2);
  plan.out_column = StrideOf(out, 1);
  plan.self_row = StrideOf(self, 2);
  plan.self_column = StrideOf(self, 1);
  Product whole{DimOf(out, 2), DimOf(out, 1), DimOf(a, 1), MatrixOf(a), MatrixOf(b)};
  if (terms.sums_batch) {
    whole.summands = DimOf(a, 3);
    whole.a_step = StrideOf(a, 3);
    whole.b_step = StrideOf(b, 3);
  }
  // The innermost dimensions of the batch are more rows, where they lie so and share one b.
  uint32_t inner = 2;
  for (; inner < out.dim_count && !terms.sums_batch; ++inner) {
    const auto continues = [&](const HostTensorView& view, int64_t row_stride) {
      return StrideOf(view, inner + 1) == row_stride * whole.rows;
    };
    const bool merges = StrideOf(b, inner + 1) == 0 && whole.rows > 1 &&
                        continues(a, whole.a.row_stride) && continues(out, plan.out_row) &&
                        continues(self, plan.self_row);
    if (!merges && DimOf(out, inner + 1) != 1) break;
    whole.rows *= DimOf(out, inner + 1);
  }
  int64_t count = 1;
  for (uint32_t dim = inner + 1; dim <= out.dim_count; ++dim) count *= DimOf(out, dim);
  plan.products.reserve(static_cast<size_t>(count));
  plan.targets.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    Product product = whole;
    Target target = {opapi::FirstElement(out), opapi::FirstElement(self)};
    int64_t rest = i;
    for (uint32_t dim = inner + 1; dim <= out.dim_count; ++dim) {
      const int64_t index = rest % DimOf(out, dim);
      rest /= DimOf(out, dim);
      product.a.data += index * StrideOf(a, dim);
      product.b.data += index * StrideOf(b, dim);
      target.out += index * StrideOf(out, dim);
      target.self += index * StrideOf(self, dim);
    }
    plan.products.push_back(product);
    plan.targets.push_back(target);
  }
  // One column is stored element by element, one row at a go.
  if (whole.columns == 1 && whole.rows > 1) Transpose(&plan);
  return plan;
}

template <typename T>
aclError Run(const Plan& plan, const Terms& terms, HostFailure* failure) {
  using opapi::Plus;
  using opapi::Times;
  const T alpha = terms.has_self ? opapi::ValueOf<T>(terms.alpha) : T{1};
  const T beta = terms.has_self ? opapi::ValueOf<T>(terms.beta) : T{0};
  return opapi::Multiply<T>(
      plan.products.data(), plan.products.size(), failure, [&](const opapi::SumsOfRow<T>& sums) {
        const Target& target = plan.targets[sums.product];
        if (alpha != T{1}) {
          for (int64_t i = 0; i < sums.count; ++i) sums.values[i] = Times(alpha, sums.values[i]);
        }
        T added[opapi::kRowElements];
        if (beta != T{0}) {
          opapi::Load(target.self + sums.row * plan.self_row + sums.column * plan.self_column,
                      plan.self_dtype, plan.self_column, sums.count, added);
          for (int64_t i = 0; i < sums.count; ++i) {
            sums.values[i] = Plus(sums.values[i], Times(beta, added[i]));
          }
        }
        opapi::Store(sums.values, sums.count, plan.out_dtype, plan.out_column,
                     target.out + sums.row * plan.out_row + sums.column * plan.out_column);
      });
}

aclError RunProducts(const HostLaunch& launch, const Terms& terms, HostFailure* failure) {
  aclDataType dtypes[4];
  for (uint32_t i = 0; i < launch.tensor_count; ++i) dtypes[i] = launch.tensors[i].dtype;
  const Plan plan = MakePlan(launch, terms);
  switch (opapi::ComputeOf(dtypes, launch.tensor_count, Numbers::kReal)) {
    case Compute::kInt64:
      return Run<int64_t>(plan, terms, failure);
    case Compute::kFloat:
      return Run<float>(plan, terms, failure);
    case Compute::kDouble:
      return Run<double>(plan, terms, failure);
  }
  return ACL_SUCCESS;
}

Verdict CheckOperands(const FirstPhase& phase) {
  for (size_t i = 0; i < phase.tensor_count(); ++i) {
    OP_PLAN_CHECK(CheckNumbers(phase, i, Numbers::kReal));
    if (phase.tensor(i).dtype == ACL_BOOL) {
      return Refuse(op_plan::kParamInvalid, "%s is bool: want a dtype of numbers", phase.name(i));
    }
    OP_PLAN_CHECK(opapi::CheckPlainFormat(phase, i));
  }
  return {};
}

Verdict CheckDims(const FirstPhase& phase, size_t index, uint32_t dims) {
  if (phase.tensor(index).dim_count == dims) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %u dimensions", phase.name(index),
                ShapeText(ShapeOf(phase.tensor(index))).c_str(), dims);
}

// The shape of a b, read as `terms` say. a is tensor `first`, b the next.
Verdict ShapeOfProduct(const FirstPhase& phase, size_t first, const Terms& terms, Shape* shape) {
  const HostTensorView a = Read(phase.tensor(first), terms.a);
  const HostTensorView b = Read(phase.tensor(first + 1), terms.b);
  const auto refuse = [&](const char* what) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s and %s has shape %s: %s",
                  phase.name(first), ShapeText(ShapeOf(phase.tensor(first))).c_str(),
                  phase.name(first + 1), ShapeText(ShapeOf(phase.tensor(first + 1))).c_str(), what);
  };
  if (DimOf(a, 1) != DimOf(b, 2)) return refuse("the dimensions to sum over differ");
  Shape batch = ShapeOf(a);
  batch.dim_count -= 2;
  Shape other = ShapeOf(b);
  other.dim_count -= 2;
  if (!opapi::Broadcast(other, &batch)) return refuse("the batches do not broadcast");
  if (terms.sums_batch) {
    if (!(other == batch) || DimOf(a, 3) != DimOf(b, 3)) return refuse("the batches differ");
    batch.dim_count = 0;
  }
  if (terms.a != Reading::kRow) batch.dims[batch.dim_count++] = DimOf(a, 2);
  if (terms.b != Reading::kColumn) batch.dims[batch.dim_count++] = DimOf(b, 1);
  *shape = batch;
  return {};
}

// All tensors are there and have their numbers of dimensions.
Verdict BindProduct(FirstPhase& phase, const Terms& terms) {
  OP_PLAN_CHECK(CheckOperands(phase));
  const size_t first = terms.has_self ? 1 : 0;
  const size_t out = first + 2;
  Shape shape;
  OP_PLAN_CHECK(ShapeOfProduct(phase, first, terms, &shape));
  if (!(ShapeOf(phase.tensor(out)) == shape)) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s: want %s", phase.name(out),
                  ShapeText(ShapeOf(phase.tensor(out))).c_str(), ShapeText(shape).c_str());
  }
  Shape widened = shape;
  if (terms.has_self &&
      (!opapi::Broadcast(ShapeOf(phase.tensor(0)), &widened) || !(widened == shape))) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s",
                  phase.name(0), ShapeText(ShapeOf(phase.tensor(0))).c_str(),
                  ShapeText(shape).c_str());
  }
  return phase.Bind([terms](const HostLaunch& launch, HostFailure* failure) {
    return RunProducts(launch, terms, failure);
  });
}

using opapi::NamedScalar;
using opapi::NamedTensor;
using opapi::Phase;

// out = a b, of exactly so many dimensions.
aclnnStatus Multiply(const Phase& call, const NamedTensor& a, uint32_t a_dims, const NamedTensor& b,
                     uint32_t b_dims, const aclTensor* out, int8_t cube_math_type,
                     Reading read_a = Reading::kMatrices, Reading read_b = Reading::kMatrices) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input(a.name, a.tensor));
    OP_PLAN_CHECK(phase.Input(b.name, b.tensor));
    OP_PLAN_CHECK(phase.Output("out", out));
    OP_PLAN_CHECK(CheckDims(phase, 0, a_dims));
    OP_PLAN_CHECK(CheckDims(phase, 1, b_dims));
    OP_PLAN_CHECK(CheckCubeMathType(cube_math_type));
    return BindProduct(phase, {false, false, read_a, read_b, {}, {}});
  });
}

struct Addition {
  NamedTensor self;
  NamedTensor a, b;
  NamedTensor out;
  const aclScalar* beta;
  const aclScalar* alpha;
  int8_t cube_math_type;
};

// out = beta * self + alpha * a b.
aclnnStatus MultiplyAndAdd(const Phase& call, const Addition& addition, uint32_t a_dims,
                           uint32_t b_dims, bool sums_batch = false,
                           Reading read_a = Reading::kMatrices,
                           Reading read_b = Reading::kMatrices) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input(addition.self.name, addition.self.tensor));
    OP_PLAN_CHECK(phase.Input(addition.a.name, addition.a.tensor));
    OP_PLAN_CHECK(phase.Input(addition.b.name, addition.b.tensor));
    OP_PLAN_CHECK(phase.Output(addition.out.name, addition.out.tensor));
    OP_PLAN_CHECK(CheckDims(phase, 1, a_dims));
    OP_PLAN_CHECK(CheckDims(phase, 2, b_dims));
    OP_PLAN_CHECK(CheckCubeMathType(addition.cube_math_type));
    Terms terms{true, sums_batch, read_a, read_b, {}, {}};
    OP_PLAN_CHECK(opapi::ReadScalar("beta", addition.beta, &terms.beta));
    OP_PLAN_CHECK(opapi::ReadScalar("alpha", addition.alpha, &terms.alpha));
    return BindProduct(phase, terms);
  });
}

}  // namespace

aclnnStatus aclnnMmGetWorkspaceSize(const aclTensor* self, const aclTensor* mat2, aclTensor* out,
                                    int8_t cubeMathType, uint64_t* workspaceSize,
                                    aclOpExecutor** executor) {
  return Multiply({"aclnnMm", workspaceSize, executor}, {"self", self}, 2, {"mat2", mat2}, 2, out,
                  cubeMathType);
}
ACLNN_SECOND_PHASE(aclnnMm)

aclnnStatus aclnnBatchMatMulGetWorkspaceSize(const aclTensor* self, const aclTensor* mat2,
                                             aclTensor* out, int8_t cubeMathType,
                                             uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Multiply({"aclnnBatchMatMul", workspaceSize, executor}, {"self", self}, 3, {"mat2", mat2},
                  3, out, cubeMathType);
}
ACLNN_SECOND_PHASE(aclnnBatchMatMul)

aclnnStatus aclnnMatmulGetWorkspaceSize(const aclTensor* self, const aclTensor* mat2,
                                        aclTensor* out, int8_t cubeMathType,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  FirstPhase first("aclnnMatmul", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(phase.Input("self", self));
    OP_PLAN_CHECK(phase.Input("mat2", mat2));
    OP_PLAN_CHECK(phase.Output("out", out));
    for (size_t i = 0; i < 2; ++i) {
      if (phase.tensor(i).dim_count > 0) continue;
      return Refuse(op_plan::kParamInvalid, "%s has no dimensions: want 1 or more", phase.name(i));
    }
    OP_PLAN_CHECK(CheckCubeMathType(cubeMathType));
    const Reading a = phase.tensor(0).dim_count == 1 ? Reading::kRow : Reading::kMatrices;
    const Reading b = phase.tensor(1).dim_count == 1 ? Reading::kColumn : Reading::kMatrices;
    return BindProduct(phase, {false, false, a, b, {}, {}});
  });
}
ACLNN_SECOND_PHASE(aclnnMatmul)

aclnnStatus aclnnMvGetWorkspaceSize(const aclTensor* self, const aclTensor* vec, aclTensor* out,
                                    int8_t cubeMathType, uint64_t* workspaceSize,
                                    aclOpExecutor** executor) {
  return Multiply({"aclnnMv", workspaceSize, executor}, {"self", self}, 2, {"vec", vec}, 1, out,
                  cubeMathType, Reading::kMatrices, Reading::kColumn);
}
ACLNN_SECOND_PHASE(aclnnMv)

aclnnStatus aclnnDotGetWorkspaceSize(const aclTensor* self, const aclTensor* tensor, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Multiply({"aclnnDot", workspaceSize, executor}, {"self", self}, 1, {"tensor", tensor}, 1,
                  out, kKeepDtype, Reading::kRow, Reading::kColumn);
}
ACLNN_SECOND_PHASE(aclnnDot)

// An outer product is a column times a row.
aclnnStatus aclnnGerGetWorkspaceSize(const aclTensor* self, const aclTensor* vec2, aclTensor* out,
                                     uint64_t* workspaceSize, aclOpExecutor** executor) {
  return Multiply({"aclnnGer", workspaceSize, executor}, {"self", self}, 1, {"vec2", vec2}, 1, out,
                  kKeepDtype, Reading::kColumn, Reading::kRow);
}
ACLNN_SECOND_PHASE(aclnnGer)

aclnnStatus aclnnAddrGetWorkspaceSize(const aclTensor* self, const aclTensor* vec1,
                                      const aclTensor* vec2, const aclScalar* beta,
                                      const aclScalar* alpha, aclTensor* out,
                                      uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd(
      {"aclnnAddr", workspaceSize, executor},
      {{"self", self}, {"vec1", vec1}, {"vec2", vec2}, {"out", out}, beta, alpha, kKeepDtype}, 1, 1,
      false, Reading::kColumn, Reading::kRow);
}
ACLNN_SECOND_PHASE(aclnnAddr)

aclnnStatus aclnnInplaceAddrGetWorkspaceSize(aclTensor* selfRef, const aclTensor* vec1,
                                             const aclTensor* vec2, const aclScalar* beta,
                                             const aclScalar* alpha, uint64_t* workspaceSize,
                                             aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceAddr", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"vec1", vec1},
                         {"vec2", vec2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         kKeepDtype},
                        1, 1, false, Reading::kColumn, Reading::kRow);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddr)

aclnnStatus aclnnAddmmGetWorkspaceSize(const aclTensor* self, const aclTensor* mat1,
                                       const aclTensor* mat2, const aclScalar* beta,
                                       const aclScalar* alpha, aclTensor* out, int8_t cubeMathType,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd(
      {"aclnnAddmm", workspaceSize, executor},
      {{"self", self}, {"mat1", mat1}, {"mat2", mat2}, {"out", out}, beta, alpha, cubeMathType}, 2,
      2);
}
ACLNN_SECOND_PHASE(aclnnAddmm)

aclnnStatus aclnnInplaceAddmmGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* mat1,
                                              const aclTensor* mat2, const aclScalar* beta,
                                              const aclScalar* alpha, int8_t cubeMathType,
                                              uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceAddmm", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"mat1", mat1},
                         {"mat2", mat2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         cubeMathType},
                        2, 2);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddmm)

aclnnStatus aclnnAddmvGetWorkspaceSize(const aclTensor* self, const aclTensor* mat,
                                       const aclTensor* vec, const aclScalar* alpha,
                                       const aclScalar* beta, aclTensor* out, int8_t cubeMathType,
                                       uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd(
      {"aclnnAddmv", workspaceSize, executor},
      {{"self", self}, {"mat", mat}, {"vec", vec}, {"out", out}, beta, alpha, cubeMathType}, 2, 1,
      false, Reading::kMatrices, Reading::kColumn);
}
ACLNN_SECOND_PHASE(aclnnAddmv)

aclnnStatus aclnnBaddbmmGetWorkspaceSize(const aclTensor* self, const aclTensor* batch1,
                                         const aclTensor* batch2, const aclScalar* beta,
                                         const aclScalar* alpha, aclTensor* out,
                                         int8_t cubeMathType, uint64_t* workspaceSize,
                                         aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnBaddbmm", workspaceSize, executor},
                        {{"self", self},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"out", out},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3);
}
ACLNN_SECOND_PHASE(aclnnBaddbmm)

aclnnStatus aclnnInplaceBaddbmmGetWorkspaceSize(const aclTensor* selfRef, const aclTensor* batch1,
                                                const aclTensor* batch2, const aclScalar* beta,
                                                const aclScalar* alpha, int8_t cubeMathType,
                                                uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceBaddbmm", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3);
}
ACLNN_SECOND_PHASE(aclnnInplaceBaddbmm)

aclnnStatus aclnnAddbmmGetWorkspaceSize(const aclTensor* self, const aclTensor* batch1,
                                        const aclTensor* batch2, const aclScalar* beta,
                                        const aclScalar* alpha, aclTensor* out, int8_t cubeMathType,
                                        uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnAddbmm", workspaceSize, executor},
                        {{"self", self},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"out", out},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3, true);
}
ACLNN_SECOND_PHASE(aclnnAddbmm)

aclnnStatus aclnnInplaceAddbmmGetWorkspaceSize(aclTensor* selfRef, const aclTensor* batch1,
                                               const aclTensor* batch2, const aclScalar* beta,
                                               const aclScalar* alpha, int8_t cubeMathType,
                                               uint64_t* workspaceSize, aclOpExecutor** executor) {
  return MultiplyAndAdd({"aclnnInplaceAddbmm", workspaceSize, executor},
                        {{"selfRef", selfRef},
                         {"batch1", batch1},
                         {"batch2", batch2},
                         {"selfRef", selfRef},
                         beta,
                         alpha,
                         cubeMathType},
                        3, 3, true);
}
ACLNN_SECOND_PHASE(aclnnInplaceAddbmm)
