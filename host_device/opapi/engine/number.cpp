// SPDX-License-Identifier: Apache-2.0
#include "engine/number.h"

#include <cstring>

#include "half_float.h"
#include "truncate.h"

namespace opapi {

bool IsFloating(aclDataType dtype) {
  return dtype == ACL_FLOAT || dtype == ACL_FLOAT16 || dtype == ACL_BF16 || dtype == ACL_DOUBLE;
}

namespace {

bool IsWhole(aclDataType dtype) {
  switch (dtype) {
    case ACL_BOOL:
    case ACL_UINT8:
    case ACL_INT8:
    case ACL_INT16:
    case ACL_INT32:
    case ACL_INT64:
      return true;
    default:
      return false;
  }
}

}  // namespace

const char* DTypeName(aclDataType dtype) {
  switch (dtype) {
    case ACL_BOOL:
      return "bool";
    case ACL_UINT8:
      return "uint8";
    case ACL_INT8:
      return "int8";
    case ACL_INT16:
      return "int16";
    case ACL_UINT16:
      return "uint16";
    case ACL_INT32:
      return "int32";
    case ACL_UINT32:
      return "uint32";
    case ACL_INT64:
      return "int64";
    case ACL_UINT64:
      return "uint64";
    case ACL_FLOAT16:
      return "float16";
    case ACL_BF16:
      return "bf16";
    case ACL_FLOAT:
      return "float32";
    case ACL_DOUBLE:
      return "float64";
    case ACL_COMPLEX64:
      return "complex64";
    case ACL_COMPLEX128:
      return "complex128";
    default:
      return "a dtype of another kind";
  }
}

Verdict CheckNumbers(const FirstPhase& phase, size_t index, Numbers numbers) {
  const HostTensorView& view = phase.tensor(index);
  if (!view.present) return {};
  if (IsWhole(view.dtype)) return {};
  if (numbers != Numbers::kWhole && IsFloating(view.dtype)) return {};
  return Refuse(op_plan::kParamInvalid, "%s is %s (%d): want %s", phase.name(index),
                DTypeName(view.dtype), static_cast<int>(view.dtype),
                numbers == Numbers::kWhole
                    ? "bool, uint8, int8, int16, int32 or int64"
                    : "bool, uint8, int8, int16, int32, int64, float16, bf16, float32 or float64");
}

Verdict CheckFloating(const FirstPhase& phase) {
  for (size_t i = 0; i < phase.tensor_count(); ++i) {
    const HostTensorView& view = phase.tensor(i);
    if (!view.present || IsFloating(view.dtype)) continue;
    return Refuse(op_plan::kParamInvalid, "%s is %s (%d): want float16, bf16, float32 or float64",
                  phase.name(i), DTypeName(view.dtype), static_cast<int>(view.dtype));
  }
  return {};
}

Verdict CheckPlainFormat(const FirstPhase& phase, size_t index) {
  switch (phase.tensor(index).format) {
    case ACL_FORMAT_UNDEFINED:
    case ACL_FORMAT_NCHW:
    case ACL_FORMAT_NHWC:
    case ACL_FORMAT_ND:
    case ACL_FORMAT_NDHWC:
    case ACL_FORMAT_NCDHW:
    case ACL_FORMAT_NCL:
      return {};
    default:
      return Refuse(op_plan::kParamInvalid,
                    "%s has format %d, whose elements lie in blocks: want ND (%d)",
                    phase.name(index), static_cast<int>(phase.tensor(index).format),
                    static_cast<int>(ACL_FORMAT_ND));
  }
}

Compute ComputeOf(const aclDataType* dtypes, size_t count, Numbers numbers) {
  Compute compute = numbers == Numbers::kFloating ? Compute::kFloat : Compute::kInt64;
  for (size_t i = 0; i < count; ++i) {
    if (dtypes[i] == ACL_DOUBLE) return Compute::kDouble;
    if (IsFloating(dtypes[i])) compute = Compute::kFloat;
  }
  return compute;
}

namespace {

// How one element lies in memory. Narrow floating numbers pass through float32.
template <typename Stored, typename T>
T Widen(Stored value) {
  if constexpr (std::is_same_v<T, int64_t> && std::is_floating_point_v<Stored>) {
    return host::Truncate(value);
  } else {
    return static_cast<T>(value);
  }
}

template <typename Stored, typename T>
Stored Narrow(T value) {
  if constexpr (std::is_floating_point_v<Stored>) {
    return static_cast<Stored>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<Stored>(host::Truncate(value));
  } else {
    return static_cast<Stored>(value);
  }
}

template <typename T>
struct Fp16 {
  static T Get(uint16_t bits) { return Widen<float, T>(host::FloatOfFp16(bits)); }
  static uint16_t Put(T value) { return host::Fp16OfFloat(static_cast<float>(value)); }
};
template <typename T>
struct Bf16 {
  static T Get(uint16_t bits) { return Widen<float, T>(host::FloatOfBf16(bits)); }
  static uint16_t Put(T value) { return host::Bf16OfFloat(static_cast<float>(value)); }
};
template <typename T>
struct Bool {
  static T Get(uint8_t value) { return static_cast<T>(value != 0); }
  static uint8_t Put(T value) { return value != T{0}; }
};
template <typename Stored, typename T>
struct Plain {
  static T Get(Stored value) { return Widen<Stored, T>(value); }
  static Stored Put(T value) { return Narrow<Stored>(value); }
};

template <typename Stored, typename Format, typename T>
void LoadAs(const uint8_t* from, int64_t stride, int64_t count, T* to) {
  Stored value;
  if (stride == sizeof(Stored)) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(&value, from + i * int64_t{sizeof(Stored)}, sizeof(value));
      to[i] = Format::Get(value);
    }
    return;
  }
  if (stride == 0 && count > 0) {
    std::memcpy(&value, from, sizeof(value));
    const T same = Format::Get(value);
    for (int64_t i = 0; i < count; ++i) to[i] = same;
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(&value, from + i * stride, sizeof(value));
    to[i] = Format::Get(value);
  }
}

template <typename Stored, typename Format, typename T>
void StoreAs(const T* from, int64_t count, int64_t stride, uint8_t* to) {
  if (stride == sizeof(Stored)) {
    for (int64_t i = 0; i < count; ++i) {
      const Stored value = Format::Put(from[i]);
      std::memcpy(to + i * int64_t{sizeof(Stored)}, &value, sizeof(value));
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const Stored value = Format::Put(from[i]);
    std::memcpy(to + i * stride, &value, sizeof(value));
  }
}

// Calls visit with the stored type and the format of a dtype that CheckNumbers accepts.
template <typename T, typename Visit>
void WithFormat(aclDataType dtype, Visit visit) {
  switch (dtype) {
    case ACL_BOOL:
      return visit(uint8_t{}, Bool<T>{});
    case ACL_UINT8:
      return visit(uint8_t{}, Plain<uint8_t, T>{});
    case ACL_INT8:
      return visit(int8_t{}, Plain<int8_t, T>{});
    case ACL_INT16:
      return visit(int16_t{}, Plain<int16_t, T>{});
    case ACL_INT32:
      return visit(int32_t{}, Plain<int32_t, T>{});
    case ACL_INT64:
      return visit(int64_t{}, Plain<int64_t, T>{});
    case ACL_FLOAT16:
      return visit(uint16_t{}, Fp16<T>{});
    case ACL_BF16:
      return visit(uint16_t{}, Bf16<T>{});
    case ACL_FLOAT:
      return visit(float{}, Plain<float, T>{});
    case ACL_DOUBLE:
      return visit(double{}, Plain<double, T>{});
    default:
      return;
  }
}

}  // namespace

template <typename T>
void Load(const uint8_t* from, aclDataType dtype, int64_t stride, int64_t count, T* to) {
  WithFormat<T>(dtype, [&](auto stored, auto format) {
    LoadAs<decltype(stored), decltype(format)>(from, stride, count, to);
  });
}

template <typename T>
void Store(const T* from, int64_t count, aclDataType dtype, int64_t stride, uint8_t* to) {
  WithFormat<T>(dtype, [&](auto stored, auto format) {
    StoreAs<decltype(stored), decltype(format)>(from, count, stride, to);
  });
}

template void Load(const uint8_t*, aclDataType, int64_t, int64_t, float*);
template void Load(const uint8_t*, aclDataType, int64_t, int64_t, double*);
template void Load(const uint8_t*, aclDataType, int64_t, int64_t, int64_t*);
template void Store(const float*, int64_t, aclDataType, int64_t, uint8_t*);
template void Store(const double*, int64_t, aclDataType, int64_t, uint8_t*);
template void Store(const int64_t*, int64_t, aclDataType, int64_t, uint8_t*);

namespace {

template <typename T>
void RoundAs(aclDataType dtype, int64_t count, T* values) {
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(values[i]);
    if (dtype == ACL_BF16) values[i] = host::FloatOfBf16(host::Bf16OfFloat(value));
    if (dtype == ACL_FLOAT16) values[i] = host::FloatOfFp16(host::Fp16OfFloat(value));
    if (dtype == ACL_FLOAT) values[i] = value;
  }
}

}  // namespace

void RoundTo(aclDataType dtype, int64_t count, float* values) { RoundAs(dtype, count, values); }
void RoundTo(aclDataType dtype, int64_t count, double* values) { RoundAs(dtype, count, values); }

}  // namespace opapi
