// SPDX-License-Identifier: Apache-2.0
// Element by element on two tensors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernel_vector_forms.h"

namespace host_ascendc {

// half computes in float and rounds once, integers wrap around.
struct AddElements {
  float operator()(float a, float b) const { return a + b; }
  half operator()(half a, half b) const { return half(float{a} + float{b}); }
  int16_t operator()(int16_t a, int16_t b) const { return static_cast<int16_t>(a + b); }
  int32_t operator()(int32_t a, int32_t b) const {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
  }
};
struct SubElements {
  float operator()(float a, float b) const { return a - b; }
  half operator()(half a, half b) const { return half(float{a} - float{b}); }
  int16_t operator()(int16_t a, int16_t b) const { return static_cast<int16_t>(a - b); }
  int32_t operator()(int32_t a, int32_t b) const {
    return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
  }
};
struct MulElements {
  float operator()(float a, float b) const { return a * b; }
  half operator()(half a, half b) const { return half(float{a} * float{b}); }
  int16_t operator()(int16_t a, int16_t b) const { return static_cast<int16_t>(a * b); }
  int32_t operator()(int32_t a, int32_t b) const {
    return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
  }
};
struct DivElements {
  float operator()(float a, float b) const { return a / b; }
  half operator()(half a, half b) const { return half(float{a} / float{b}); }
};
struct MaxElements {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct MinElements {
  template <typename T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
// The product is rounded, then the sum; a product of halves is exact in float.
struct MulAddElements {
  float operator()(float to, float a, float b) const { return to + a * b; }
  float operator()(float to, half a, half b) const { return to + float{a} * float{b}; }
  half operator()(half to, half a, half b) const {
    return half(float{to} + float{half(float{a} * float{b})});
  }
};
// Where the launch wants products of floats that are not rounded.
struct FusedMulAddElements : MulAddElements {
  using MulAddElements::operator();
  float operator()(float to, float a, float b) const { return std::fma(a, b, to); }
};
template <typename Use>
void WithMulAdd(Use use) {
  if (Core::Current().fused_products()) {
    use(FusedMulAddElements());
  } else {
    use(MulAddElements());
  }
}
struct AndElements {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct OrElements {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};

}  // namespace host_ascendc

namespace AscendC {

// Declares the three forms of one call.
#define HOST_ASCENDC_BINARY(Call, ...)                                                           \
  template <typename T, bool isSetMask = true>                                                   \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src0,                        \
                   const LocalTensor<T>& src1, const uint64_t mask[], const uint8_t repeat_time, \
                   const BinaryRepeatParams& repeat_params,                                      \
                   host_ascendc::Place place = host_ascendc::Place()) {                          \
    static_assert(kIsOneOf<T, __VA_ARGS__>, #Call " is for " #__VA_ARGS__);                      \
    static_assert(isSetMask, "a mask set outside is not there");                                 \
    host_ascendc::Binary(#Call, dst, src0, src1, mask, repeat_time, repeat_params, place,        \
                         host_ascendc::Call##Elements());                                        \
  }                                                                                              \
  template <typename T, bool isSetMask = true>                                                   \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src0,                        \
                   const LocalTensor<T>& src1, uint64_t mask, const uint8_t repeat_time,         \
                   const BinaryRepeatParams& repeat_params,                                      \
                   host_ascendc::Place place = host_ascendc::Place()) {                          \
    static_assert(kIsOneOf<T, __VA_ARGS__>, #Call " is for " #__VA_ARGS__);                      \
    static_assert(isSetMask, "a mask set outside is not there");                                 \
    host_ascendc::Binary(#Call, dst, src0, src1, mask, repeat_time, repeat_params, place,        \
                         host_ascendc::Call##Elements());                                        \
  }                                                                                              \
  template <typename T>                                                                          \
  inline void Call(const LocalTensor<T>& dst, const LocalTensor<T>& src0,                        \
                   const LocalTensor<T>& src1, const int32_t& count,                             \
                   host_ascendc::Place place = host_ascendc::Place()) {                          \
    static_assert(kIsOneOf<T, __VA_ARGS__>, #Call " is for " #__VA_ARGS__);                      \
    host_ascendc::Elementwise(#Call, place, int64_t{count}, host_ascendc::Call##Elements(),      \
                              OperandOf(dst), OperandOf(src0), OperandOf(src1));                 \
  }

HOST_ASCENDC_BINARY(Add, half, float, int16_t, int32_t)
HOST_ASCENDC_BINARY(Sub, half, float, int16_t, int32_t)
HOST_ASCENDC_BINARY(Mul, half, float, int16_t, int32_t)
HOST_ASCENDC_BINARY(Div, half, float)
HOST_ASCENDC_BINARY(Max, half, float, int16_t, int32_t)
HOST_ASCENDC_BINARY(Min, half, float, int16_t, int32_t)
HOST_ASCENDC_BINARY(And, int16_t, uint16_t)
HOST_ASCENDC_BINARY(Or, int16_t, uint16_t)
#undef HOST_ASCENDC_BINARY

template <typename T, typename U>
constexpr bool kIsMulAddDstPair = (std::is_same_v<T, U> && kIsOneOf<T, half, float>) ||
                                  (std::is_same_v<T, float> && std::is_same_v<U, half>);

template <typename T, typename U>
inline void MulAddDst(const LocalTensor<T>& dst, const LocalTensor<U>& src0,
                      const LocalTensor<U>& src1, const int32_t& count,
                      host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(kIsMulAddDstPair<T, U>, "MulAddDst is for half, float, and half into float");
  host_ascendc::WithMulAdd([&](auto operation) {
    host_ascendc::Elementwise<true>("MulAddDst", place, int64_t{count}, operation, OperandOf(dst),
                                    OperandOf(src0), OperandOf(src1));
  });
}

}  // namespace AscendC
