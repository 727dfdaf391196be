// SPDX-License-Identifier: Apache-2.0
// Operators whose every element of `out` depends on the elements of the inputs at the same place,
// after broadcasting. Values are computed as int64, float32 or float64, whatever the dtypes are,
// and rounded once, to out's dtype.
//
//   return Map<Numbers::kReal>({"aclnnAdd", workspaceSize, executor},
//                              Inputs({"self", self}, {"other", other}), Scalars({"alpha", alpha}),
//                              {"out", out},
//                              [](auto self, auto other, auto alpha) { ... });
#pragma once

#include <array>
#include <utility>

#include "engine/rows.h"

namespace opapi {

struct NamedTensor {
  const char* name;
  const aclTensor* tensor;
};

// What becomes of a scalar before it meets the elements.
enum class ScalarUse {
  kAsGiven,
  kPromoted,  // takes the dtype of the first input where torch's promotion would give both that one
  kCast,      // takes the dtype of the first input
};

struct NamedScalar {
  const char* name;
  const aclScalar* scalar;
  ScalarUse use = ScalarUse::kAsGiven;
};

inline std::array<NamedTensor, 1> Inputs(NamedTensor first) { return {first}; }
inline std::array<NamedTensor, 2> Inputs(NamedTensor first, NamedTensor second) {
  return {first, second};
}
inline std::array<NamedTensor, 3> Inputs(NamedTensor first, NamedTensor second, NamedTensor third) {
  return {first, second, third};
}
inline std::array<NamedTensor, 0> NoInputs() { return {}; }

inline std::array<NamedScalar, 0> NoScalars() { return {}; }
inline std::array<NamedScalar, 1> Scalars(NamedScalar first) { return {first}; }
inline std::array<NamedScalar, 2> Scalars(NamedScalar first, NamedScalar second) {
  return {first, second};
}
inline std::array<NamedScalar, 3> Scalars(NamedScalar first, NamedScalar second,
                                          NamedScalar third) {
  return {first, second, third};
}

// The scalar after its use beside an input of `dtype`.
HostScalarView Converted(const HostScalarView& scalar, ScalarUse use, aclDataType dtype);

// What the tensors of `phase` (the last is the output) must be: numbers, and out of the shape that
// the inputs broadcast to.
Verdict CheckElementwise(const FirstPhase& phase, Numbers numbers);

// What the launch's tensors and scalars are computed with. A bool result says nothing of it, and a
// 0-dim floating input nothing beside a floating input that has dims.
Compute ComputeElementwise(const HostLaunch& launch, const HostScalarView* scalars, size_t count,
                           Numbers numbers);

template <typename T>
T ValueOf(const HostScalarView& scalar) {
  if constexpr (std::is_same_v<T, int64_t>) return scalar.integer;
  return static_cast<T>(scalar.real);
}

template <typename T, size_t kScalars, typename F, size_t... kIn, size_t... kS>
void MapRows(const HostLaunch& launch, const std::array<HostScalarView, kScalars>& scalars,
             const F& f, std::index_sequence<kIn...>, std::index_sequence<kS...>) {
  constexpr size_t kInputs = sizeof...(kIn);
  const HostTensorView* const views[] = {&launch.tensors[kIn]..., &launch.tensors[kInputs]};
  [[maybe_unused]] const std::array<T, kScalars> values = {ValueOf<T>(scalars[kS])...};
  ForEachRow(ShapeOf(*views[kInputs]), views, [&](const Row& row) {
    [[maybe_unused]] T in[kInputs + 1][kRowElements];
    (Load(row.data[kIn], views[kIn]->dtype, row.strides[kIn], row.count, in[kIn]), ...);
    T* const out = in[kInputs];
    for (int64_t i = 0; i < row.count; ++i) {
      out[i] = static_cast<T>(f(in[kIn][i]..., values[kS]...));
    }
    Store(out, row.count, views[kInputs]->dtype, row.strides[kInputs], row.data[kInputs]);
  });
}

template <Numbers kNumbers, size_t kInputs, size_t kScalars, typename F>
struct MapKernel {
  std::array<HostScalarView, kScalars> scalars;
  F f;

  aclError operator()(const HostLaunch& launch, HostFailure*) const {
    constexpr std::make_index_sequence<kInputs> inputs{};
    constexpr std::make_index_sequence<kScalars> constants{};
    const Compute compute = ComputeElementwise(launch, scalars.data(), kScalars, kNumbers);
    if constexpr (kNumbers != Numbers::kFloating) {
      if (compute == Compute::kInt64) MapRows<int64_t>(launch, scalars, f, inputs, constants);
    }
    if constexpr (kNumbers != Numbers::kWhole) {
      if (compute == Compute::kFloat) MapRows<float>(launch, scalars, f, inputs, constants);
      if (compute == Compute::kDouble) MapRows<double>(launch, scalars, f, inputs, constants);
    }
    return ACL_SUCCESS;
  }
};

// The first phase of such an operator. `f` takes the inputs' values, then the scalars', all of one
// type.
template <Numbers kNumbers, size_t kInputs, size_t kScalars, typename F>
aclnnStatus Map(const Phase& call, const std::array<NamedTensor, kInputs>& inputs,
                const std::array<NamedScalar, kScalars>& scalars, const NamedTensor& out, F f) {
  FirstPhase first(call.op_name, call.workspace_size, call.executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    for (const NamedTensor& input : inputs) OP_PLAN_CHECK(phase.Input(input.name, input.tensor));
    OP_PLAN_CHECK(phase.Output(out.name, out.tensor));
    MapKernel<kNumbers, kInputs, kScalars, F> kernel{{}, f};
    for (size_t i = 0; i < kScalars; ++i) {
      OP_PLAN_CHECK(ReadScalar(scalars[i].name, scalars[i].scalar, &kernel.scalars[i]));
    }
    OP_PLAN_CHECK(CheckElementwise(phase, kNumbers));
    for (size_t i = 0; i < kScalars; ++i) {
      kernel.scalars[i] = Converted(kernel.scalars[i], scalars[i].use, phase.tensor(0).dtype);
    }
    return phase.Bind(kernel);
  });
}

// Integers wrap, as on every device.
template <typename T>
T Plus(T a, T b) {
  if constexpr (std::is_same_v<T, int64_t>) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}

template <typename T>
T Minus(T a, T b) {
  if constexpr (std::is_same_v<T, int64_t>) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  } else {
    return a - b;
  }
}

template <typename T>
T Times(T a, T b) {
  if constexpr (std::is_same_v<T, int64_t>) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return a * b;
  }
}

}  // namespace opapi
