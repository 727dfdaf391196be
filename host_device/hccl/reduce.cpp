// SPDX-License-Identifier: Apache-2.0
#include "reduce.h"

#include <algorithm>

#include "half_float.h"

namespace host_hccl {
namespace {

// One block's sums stay in the first-level cache.
constexpr uint64_t kBlock = 1024;

struct Sum {
  template <typename T>
  T operator()(T a, T b) const {
    return a + b;
  }
};
struct Product {
  template <typename T>
  T operator()(T a, T b) const {
    return a * b;
  }
};
struct Maximum {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Minimum {
  template <typename T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};

// What is stored and what is computed with. Sums of integers are computed in 64 bits, which wraps
// to the same result, and unsigned, because signed overflow is undefined.
template <typename T>
struct Plain {
  using Stored = T;
  using Computed = T;
  static T Load(T value) { return value; }
  static T Store(T value) { return value; }
};
template <typename T>
struct Wrapping {
  using Stored = T;
  using Computed = uint64_t;
  static uint64_t Load(T value) { return static_cast<uint64_t>(static_cast<int64_t>(value)); }
  static T Store(uint64_t value) { return static_cast<T>(value); }
};
struct Fp16 {
  using Stored = uint16_t;
  using Computed = float;
  static float Load(uint16_t bits) { return host::FloatOfFp16(bits); }
  static uint16_t Store(float value) { return host::Fp16OfFloat(value); }
};
struct Bf16 {
  using Stored = uint16_t;
  using Computed = float;
  static float Load(uint16_t bits) { return host::FloatOfBf16(bits); }
  static uint16_t Store(float value) { return host::Bf16OfFloat(value); }
};

// Buffers of the user need not be aligned.
template <typename Format>
typename Format::Computed LoadAt(const uint8_t* from, uint64_t index) {
  typename Format::Stored value;
  memcpy(&value, from + index * sizeof(value), sizeof(value));
  return Format::Load(value);
}

template <typename Format, typename Op>
void ReduceAs(const std::vector<const uint8_t*>& inputs, uint64_t count, uint8_t* out) {
  using Stored = typename Format::Stored;
  typename Format::Computed sums[kBlock];
  for (uint64_t begin = 0; begin < count; begin += kBlock) {
    const uint64_t block = std::min(kBlock, count - begin);
    for (uint64_t i = 0; i < block; ++i) sums[i] = LoadAt<Format>(inputs[0], begin + i);
    for (size_t rank = 1; rank < inputs.size(); ++rank) {
      const uint8_t* input = inputs[rank];
      for (uint64_t i = 0; i < block; ++i) {
        sums[i] = Op()(sums[i], LoadAt<Format>(input, begin + i));
      }
    }
    for (uint64_t i = 0; i < block; ++i) {
      const Stored value = Format::Store(sums[i]);
      memcpy(out + (begin + i) * sizeof(value), &value, sizeof(value));
    }
  }
}

// `Arithmetic` for sum and product, `Order` for maximum and minimum.
template <typename Arithmetic, typename Order>
void ReduceWith(const std::vector<const uint8_t*>& inputs, uint64_t count, HcclReduceOp op,
                uint8_t* out) {
  switch (op) {
    case HCCL_REDUCE_SUM:
      return ReduceAs<Arithmetic, Sum>(inputs, count, out);
    case HCCL_REDUCE_PROD:
      return ReduceAs<Arithmetic, Product>(inputs, count, out);
    case HCCL_REDUCE_MAX:
      return ReduceAs<Order, Maximum>(inputs, count, out);
    case HCCL_REDUCE_MIN:
      return ReduceAs<Order, Minimum>(inputs, count, out);
    case HCCL_REDUCE_RESERVED:
      return;
  }
}

}  // namespace

bool CanReduce(HcclDataType type, HcclReduceOp op) {
  if (op != HCCL_REDUCE_SUM && op != HCCL_REDUCE_PROD && op != HCCL_REDUCE_MAX &&
      op != HCCL_REDUCE_MIN) {
    return false;
  }
  switch (type) {
    case HCCL_DATA_TYPE_INT8:
    case HCCL_DATA_TYPE_INT16:
    case HCCL_DATA_TYPE_INT32:
    case HCCL_DATA_TYPE_INT64:
    case HCCL_DATA_TYPE_FP16:
    case HCCL_DATA_TYPE_BFP16:
    case HCCL_DATA_TYPE_FP32:
    case HCCL_DATA_TYPE_FP64:
      return true;
    default:
      return false;
  }
}

void Reduce(const std::vector<const uint8_t*>& inputs, uint64_t count, HcclDataType type,
            HcclReduceOp op, uint8_t* out) {
  switch (type) {
    case HCCL_DATA_TYPE_INT8:
      return ReduceWith<Wrapping<int8_t>, Plain<int8_t>>(inputs, count, op, out);
    case HCCL_DATA_TYPE_INT16:
      return ReduceWith<Wrapping<int16_t>, Plain<int16_t>>(inputs, count, op, out);
    case HCCL_DATA_TYPE_INT32:
      return ReduceWith<Wrapping<int32_t>, Plain<int32_t>>(inputs, count, op, out);
    case HCCL_DATA_TYPE_INT64:
      return ReduceWith<Wrapping<int64_t>, Plain<int64_t>>(inputs, count, op, out);
    case HCCL_DATA_TYPE_FP16:
      return ReduceWith<Fp16, Fp16>(inputs, count, op, out);
    case HCCL_DATA_TYPE_BFP16:
      return ReduceWith<Bf16, Bf16>(inputs, count, op, out);
    case HCCL_DATA_TYPE_FP32:
      return ReduceWith<Plain<float>, Plain<float>>(inputs, count, op, out);
    case HCCL_DATA_TYPE_FP64:
      return ReduceWith<Plain<double>, Plain<double>>(inputs, count, op, out);
    default:
      return;
  }
}

}  // namespace host_hccl
