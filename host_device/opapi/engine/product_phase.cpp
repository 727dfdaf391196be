// SPDX-License-Identifier: Apache-2.0
#include "engine/product_phase.h"

#include <algorithm>

#include "engine/elementwise.h"
#include "products/product.h"

namespace opapi {
namespace {

constexpr int8_t kAllowDownPrecision = 1;
constexpr int8_t kUseHf32 = 3;

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
  return view.dims[dim] == 1 ? 0 : view.strides[dim] * ElementBytes(view);
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
  return {FirstElement(view), view.dtype, StrideOf(view, 2), StrideOf(view, 1)};
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
    Target target = {FirstElement(out), FirstElement(self)};
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
  const T alpha = terms.has_self ? ValueOf<T>(terms.alpha) : T{1};
  const T beta = terms.has_self ? ValueOf<T>(terms.beta) : T{0};
  return Multiply<T>(
      plan.products.data(), plan.products.size(), failure, [&](const SumsOfRow<T>& sums) {
        const Target& target = plan.targets[sums.product];
        if (alpha != T{1}) {
          for (int64_t i = 0; i < sums.count; ++i) sums.values[i] = Times(alpha, sums.values[i]);
        }
        T added[kRowElements];
        if (beta != T{0}) {
          Load(target.self + sums.row * plan.self_row + sums.column * plan.self_column,
               plan.self_dtype, plan.self_column, sums.count, added);
          for (int64_t i = 0; i < sums.count; ++i) {
            sums.values[i] = Plus(sums.values[i], Times(beta, added[i]));
          }
        }
        Store(sums.values, sums.count, plan.out_dtype, plan.out_column,
              target.out + sums.row * plan.out_row + sums.column * plan.out_column);
      });
}

aclError RunProducts(const HostLaunch& launch, const Terms& terms, HostFailure* failure) {
  aclDataType dtypes[4];
  for (uint32_t i = 0; i < launch.tensor_count; ++i) dtypes[i] = launch.tensors[i].dtype;
  const Plan plan = MakePlan(launch, terms);
  switch (ComputeOf(dtypes, launch.tensor_count, Numbers::kReal)) {
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
    OP_PLAN_CHECK(CheckPlainFormat(phase, i));
  }
  return {};
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
  if (!Broadcast(other, &batch)) return refuse("the batches do not broadcast");
  if (terms.sums_batch) {
    if (!(other == batch) || DimOf(a, 3) != DimOf(b, 3)) return refuse("the batches differ");
    batch.dim_count = 0;
  }
  if (terms.a != Reading::kRow) batch.dims[batch.dim_count++] = DimOf(a, 2);
  if (terms.b != Reading::kColumn) batch.dims[batch.dim_count++] = DimOf(b, 1);
  *shape = batch;
  return {};
}

}  // namespace

Verdict CheckCubeMathType(int8_t type) {
  if (type == kKeepDtype || type == kAllowDownPrecision || type == kUseHf32) return {};
  return Refuse(op_plan::kParamInvalid,
                "cubeMathType is %d: the host device computes float32 in float32, want 0, 1 or 3",
                type);
}

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
  if (terms.has_self && (!Broadcast(ShapeOf(phase.tensor(0)), &widened) || !(widened == shape))) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s",
                  phase.name(0), ShapeText(ShapeOf(phase.tensor(0))).c_str(),
                  ShapeText(shape).c_str());
  }
  return phase.Bind([terms](const HostLaunch& launch, HostFailure* failure) {
    return RunProducts(launch, terms, failure);
  });
}

}  // namespace opapi
