// SPDX-License-Identifier: Apache-2.0
#include "engine/copying.h"

#include <algorithm>
#include <cstring>

namespace opapi {

namespace {

template <typename T>
void MoveStrided(const Row& row) {
  for (int64_t i = 0; i < row.count; ++i) {
    std::memcpy(row.data[1] + i * row.strides[1], row.data[0] + i * row.strides[0], sizeof(T));
  }
}

void CopyBytes(const Row& row, int64_t bytes) {
  if (row.strides[0] == bytes && row.strides[1] == bytes) {
    std::memmove(row.data[1], row.data[0], static_cast<size_t>(row.count * bytes));
    return;
  }
  switch (bytes) {
    case 1:
      return MoveStrided<uint8_t>(row);
    case 2:
      return MoveStrided<uint16_t>(row);
    case 4:
      return MoveStrided<uint32_t>(row);
    case 8:
      return MoveStrided<uint64_t>(row);
    default:
      for (int64_t i = 0; i < row.count; ++i) {
        std::memcpy(row.data[1] + i * row.strides[1], row.data[0] + i * row.strides[0],
                    static_cast<size_t>(bytes));
      }
  }
}

template <typename T>
void Convert(const Row& row, aclDataType from, aclDataType to) {
  T values[kRowElements];
  Load(row.data[0], from, row.strides[0], row.count, values);
  Store(values, row.count, to, row.strides[1], row.data[1]);
}

template <typename T>
void Fill(T value, const HostTensorView& to) {
  T values[kRowElements];
  std::fill_n(values, kRowElements, value);
  const HostTensorView* const views[] = {&to};
  ForEachRow(ShapeOf(to), views, [&](const Row& row) {
    Store(values, row.count, to.dtype, row.strides[0], row.data[0]);
  });
}

}  // namespace

void CopyElements(const HostTensorView& from, const HostTensorView& to) {
  const HostTensorView* const views[] = {&from, &to};
  // A cast to bool asks whether the number, not what it truncates to, is 0.
  const aclDataType dtypes[] = {from.dtype, to.dtype};
  const Compute compute = ComputeOf(dtypes, 2, Numbers::kReal);
  ForEachRow(ShapeOf(to), views, [&](const Row& row) {
    if (from.dtype == to.dtype) return CopyBytes(row, ElementBytes(to));
    switch (compute) {
      case Compute::kInt64:
        return Convert<int64_t>(row, from.dtype, to.dtype);
      case Compute::kFloat:
        return Convert<float>(row, from.dtype, to.dtype);
      case Compute::kDouble:
        return Convert<double>(row, from.dtype, to.dtype);
    }
  });
}

Verdict CheckCopy(const FirstPhase& phase, size_t from, size_t to) {
  if (phase.tensor(from).dtype == phase.tensor(to).dtype && ElementBytes(phase.tensor(from)) > 0) {
    return {};
  }
  OP_PLAN_CHECK(CheckNumbers(phase, from, Numbers::kReal));
  return CheckNumbers(phase, to, Numbers::kReal);
}

HostTensorView ContiguousView(void* address, aclDataType dtype, const Shape& shape) {
  HostTensorView view{};
  view.storage = address;
  view.dtype = dtype;
  view.format = ACL_FORMAT_ND;
  view.present = true;
  view.dim_count = shape.dim_count;
  int64_t step = 1;
  for (uint32_t d = shape.dim_count; d-- > 0;) {
    view.dims[d] = shape.dims[d];
    view.strides[d] = step;
    step *= shape.dims[d];
  }
  return view;
}

HostTensorView Flattened(const HostTensorView& view, void* room) {
  Shape flat;
  flat.dim_count = 1;
  flat.dims[0] = ShapeOf(view).size();
  if (IsContiguous(view)) return ContiguousView(FirstElement(view), view.dtype, flat);
  CopyElements(view, ContiguousView(room, view.dtype, ShapeOf(view)));
  return ContiguousView(room, view.dtype, flat);
}

void FillElements(const HostScalarView& value, const HostTensorView& to) {
  if (IsFloating(value.dtype)) return Fill(value.real, to);
  Fill(value.integer, to);
}

Verdict BindCopy(FirstPhase& phase) {
  const HostTensorView& from = phase.tensor(0);
  const HostTensorView& to = phase.tensor(1);
  OP_PLAN_CHECK(CheckCopy(phase, 0, 1));
  Shape shape = ShapeOf(from);
  if (!Broadcast(ShapeOf(to), &shape) || !(shape == ShapeOf(to))) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s of %s",
                  phase.name(0), ShapeText(ShapeOf(from)).c_str(), ShapeText(ShapeOf(to)).c_str(),
                  phase.name(1));
  }
  return phase.Bind([](const HostLaunch& launch, HostFailure*) {
    CopyElements(launch.tensors[0], launch.tensors[1]);
    return ACL_SUCCESS;
  });
}

}  // namespace opapi
