// SPDX-License-Identifier: Apache-2.0
// The dtypes that operators on plain tensors take, and what they are computed with.
#pragma once

#include "engine/first_phase.h"

namespace opapi {

enum class Numbers {
  kReal,      // every dtype of the table in number.cpp
  kFloating,  // the same, and integers are computed as float32
  kWhole,     // integers and bool alone
};

// What values are computed with: every dtype is loaded as one of these, and stored from it.
enum class Compute { kInt64, kFloat, kDouble };

bool IsFloating(aclDataType dtype);
// "float32", "bf16" ... for messages.
const char* DTypeName(aclDataType dtype);

// Refuses what is no number of that kind.
Verdict CheckNumbers(const FirstPhase& phase, size_t index, Numbers numbers);

// Every tensor that is there has floating numbers.
Verdict CheckFloating(const FirstPhase& phase);

// Refuses elements that lie in another order than the strides say (FRACTAL_NZ and its like).
Verdict CheckPlainFormat(const FirstPhase& phase, size_t index);

// What `dtypes` together are computed with.
Compute ComputeOf(const aclDataType* dtypes, size_t count, Numbers numbers);

// Calls visit(T{}) with the type that `compute` names.
template <typename Visit>
void WithType(Compute compute, const Visit& visit) {
  switch (compute) {
    case Compute::kInt64:
      return visit(int64_t{});
    case Compute::kFloat:
      return visit(float{});
    case Compute::kDouble:
      return visit(double{});
  }
}

// `count` elements, `stride` bytes apart, loaded as T (float, double or int64_t).
template <typename T>
void Load(const uint8_t* from, aclDataType dtype, int64_t stride, int64_t count, T* to);

// Stores round to nearest even, and truncate to integers; narrow integers wrap; bool is != 0.
template <typename T>
void Store(const T* from, int64_t count, aclDataType dtype, int64_t stride, uint8_t* to);

// Values as they would be after a store to `dtype` and a load.
void RoundTo(aclDataType dtype, int64_t count, float* values);
void RoundTo(aclDataType dtype, int64_t count, double* values);

}  // namespace opapi
