// SPDX-License-Identifier: Apache-2.0
// Scalars, arrays, and lists of tensors or scalars.
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "half_float.h"
#include "refuse.h"
#include "tensor.h"
#include "truncate.h"

namespace host {
namespace {

struct Scalar {
  aclDataType dtype;
  uint8_t bytes[16];
};

// Never destroyed, as the tensors'.
template <typename T, HandleKind kKind>
HandleTable<T>& Table() {
  static auto& table = *new HandleTable<T>(kKind);
  return table;
}

auto& Scalars() { return Table<Scalar, kScalarKind>(); }
auto& IntArrays() { return Table<std::vector<int64_t>, kIntArrayKind>(); }
auto& FloatArrays() { return Table<std::vector<float>, kFloatArrayKind>(); }
// Not vector<bool>, which has no array inside.
auto& BoolArrays() { return Table<std::vector<uint8_t>, kBoolArrayKind>(); }
auto& TensorLists() { return Table<std::vector<const aclTensor*>, kTensorListKind>(); }
auto& ScalarLists() { return Table<std::vector<const aclScalar*>, kScalarListKind>(); }

template <typename Handle, typename Element, typename Value>
Handle* Create(const char* function, HandleTable<std::vector<Element>>* table, const Value* values,
               uint64_t size) {
  void* handle = nullptr;
  Guard(function, [&] {
    if (values == nullptr && size > 0) {
      return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: value is null, but size is %llu", function,
                    static_cast<unsigned long long>(size));
    }
    auto array = std::make_shared<std::vector<Element>>();
    if (size > array->max_size()) throw std::bad_alloc();
    array->assign(values, values + size);
    handle = table->Add(std::move(array));
    return aclnnStatus{OK};
  });
  return static_cast<Handle*>(handle);
}

template <typename T>
aclnnStatus Destroy(const char* function, HandleTable<T>* table, const void* handle) {
  return Guard(function, [&] {
    if (handle == nullptr || table->Remove(handle) != nullptr) return aclnnStatus{OK};
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %p is not a live handle of this kind", function,
                  handle);
  });
}

// A list owns what is in it.
template <typename List, typename Member>
aclnnStatus DestroyList(const char* function, HandleTable<List>* lists,
                        HandleTable<Member>* members, const void* handle) {
  return Guard(function, [&] {
    if (handle == nullptr) return aclnnStatus{OK};
    const std::shared_ptr<List> list = lists->Remove(handle);
    if (list == nullptr) {
      return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %p is not a live handle of this kind", function,
                    handle);
    }
    for (const auto* member : *list) members->Remove(member);
    return aclnnStatus{OK};
  });
}

template <typename T>
aclnnStatus Size(const char* function, const HandleTable<T>& table, const void* handle,
                 uint64_t* size) {
  if (handle == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: array is null", function);
  if (size == nullptr) return Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: size is null", function);
  const std::shared_ptr<T> array = table.Find(handle);
  if (array == nullptr) {
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %p is not a live handle of this kind", function,
                  handle);
  }
  *size = array->size();
  return OK;
}

// Members must be alive when the list is made; null ones stand for tensors left out.
template <typename Handle, typename List, typename Member>
Handle* CreateList(const char* function, HandleTable<List>* lists,
                   const HandleTable<Member>& members, typename List::const_pointer values,
                   uint64_t size) {
  if (values != nullptr) {
    for (uint64_t i = 0; i < size; ++i) {
      if (values[i] != nullptr && members.Find(values[i]) == nullptr) {
        HostSetErrorText("%s: value[%llu] is %p, which is not a live handle of this kind", function,
                         static_cast<unsigned long long>(i), static_cast<const void*>(values[i]));
        return nullptr;
      }
    }
  }
  return Create<Handle>(function, lists, values, size);
}

template <typename T>
T ValueOf(const Scalar& scalar) {
  T value;
  std::memcpy(&value, scalar.bytes, sizeof(value));
  return value;
}

// False for what is no real number.
bool ReadNumber(const Scalar& scalar, HostScalarView* view) {
  const auto whole = [view](int64_t value) {
    view->integer = value;
    view->real = static_cast<double>(value);
    return true;
  };
  const auto real = [view](double value) {
    view->real = value;
    view->integer = Truncate(value);
    return true;
  };
  switch (scalar.dtype) {
    case ACL_BOOL:
    case ACL_UINT8:
      return whole(ValueOf<uint8_t>(scalar));
    case ACL_INT8:
      return whole(ValueOf<int8_t>(scalar));
    case ACL_INT16:
      return whole(ValueOf<int16_t>(scalar));
    case ACL_UINT16:
      return whole(ValueOf<uint16_t>(scalar));
    case ACL_INT32:
      return whole(ValueOf<int32_t>(scalar));
    case ACL_UINT32:
      return whole(ValueOf<uint32_t>(scalar));
    case ACL_INT64:
    case ACL_UINT64:
      return whole(ValueOf<int64_t>(scalar));
    case ACL_FLOAT16:
      return real(FloatOfFp16(ValueOf<uint16_t>(scalar)));
    case ACL_BF16:
      return real(FloatOfBf16(ValueOf<uint16_t>(scalar)));
    case ACL_FLOAT:
      return real(ValueOf<float>(scalar));
    case ACL_DOUBLE:
      return real(ValueOf<double>(scalar));
    default:
      return false;
  }
}

template <typename T, typename Value>
aclnnStatus Read(const char* function, const HandleTable<std::vector<T>>& table, const void* handle,
                 const Value** values, uint64_t* size) {
  static_assert(sizeof(T) == sizeof(Value));
  *values = nullptr;
  *size = 0;
  if (handle == nullptr) return OK;
  const std::shared_ptr<std::vector<T>> array = table.Find(handle);
  if (array == nullptr) {
    return Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %p is not a live handle of this kind", function,
                  handle);
  }
  *values = reinterpret_cast<const Value*>(array->data());
  *size = array->size();
  return OK;
}

}  // namespace
}  // namespace host

extern "C" {

aclnnStatus HostScalarRead(const aclScalar* scalar, HostScalarView* view) {
  *view = {};
  if (scalar == nullptr) return OK;
  const std::shared_ptr<host::Scalar> found = host::Scalars().Find(scalar);
  if (found == nullptr) {
    return host::Refuse(ACLNN_ERR_PARAM_INVALID, "%s: %p is not a live aclScalar", __func__,
                        static_cast<const void*>(scalar));
  }
  view->dtype = found->dtype;
  view->present = true;
  if (host::ReadNumber(*found, view)) return OK;
  return host::Refuse(ACLNN_ERR_PARAM_INVALID, "%s: dtype is %d, want a real number", __func__,
                      static_cast<int>(found->dtype));
}

aclnnStatus HostIntArrayRead(const aclIntArray* array, const int64_t** values, uint64_t* size) {
  return host::Read(__func__, host::IntArrays(), array, values, size);
}

aclnnStatus HostFloatArrayRead(const aclFloatArray* array, const float** values, uint64_t* size) {
  return host::Read(__func__, host::FloatArrays(), array, values, size);
}

aclnnStatus HostBoolArrayRead(const aclBoolArray* array, const bool** values, uint64_t* size) {
  return host::Read(__func__, host::BoolArrays(), array, values, size);
}

aclnnStatus HostTensorListRead(const aclTensorList* list, const aclTensor* const** values,
                               uint64_t* size) {
  return host::Read(__func__, host::TensorLists(), list, values, size);
}

aclScalar* aclCreateScalar(void* value, aclDataType dataType) {
  void* handle = nullptr;
  const char* const function = __func__;
  host::Guard(function, [&] {
    if (value == nullptr) {
      return host::Refuse(ACLNN_ERR_PARAM_NULLPTR, "%s: value is null", function);
    }
    const size_t bytes = aclDataTypeSize(dataType);
    if (bytes == 0 || bytes > sizeof(host::Scalar::bytes)) {
      return host::Refuse(ACLNN_ERR_PARAM_INVALID,
                          "%s: dataType is %d, want an aclDataType with a size", function,
                          static_cast<int>(dataType));
    }
    auto scalar = std::make_shared<host::Scalar>();
    scalar->dtype = dataType;
    std::memcpy(scalar->bytes, value, bytes);
    handle = host::Scalars().Add(std::move(scalar));
    return aclnnStatus{OK};
  });
  return static_cast<aclScalar*>(handle);
}

aclIntArray* aclCreateIntArray(const int64_t* value, uint64_t size) {
  return host::Create<aclIntArray>(__func__, &host::IntArrays(), value, size);
}

aclFloatArray* aclCreateFloatArray(const float* value, uint64_t size) {
  return host::Create<aclFloatArray>(__func__, &host::FloatArrays(), value, size);
}

aclBoolArray* aclCreateBoolArray(const bool* value, uint64_t size) {
  return host::Create<aclBoolArray>(__func__, &host::BoolArrays(), value, size);
}

aclTensorList* aclCreateTensorList(const aclTensor* const* value, uint64_t size) {
  return host::CreateList<aclTensorList>(__func__, &host::TensorLists(), host::Tensors(), value,
                                         size);
}

aclScalarList* aclCreateScalarList(const aclScalar* const* value, uint64_t size) {
  return host::CreateList<aclScalarList>(__func__, &host::ScalarLists(), host::Scalars(), value,
                                         size);
}

aclnnStatus aclDestroyScalar(const aclScalar* scalar) {
  return host::Destroy(__func__, &host::Scalars(), scalar);
}

aclnnStatus aclDestroyIntArray(const aclIntArray* array) {
  return host::Destroy(__func__, &host::IntArrays(), array);
}

aclnnStatus aclDestroyFloatArray(const aclFloatArray* array) {
  return host::Destroy(__func__, &host::FloatArrays(), array);
}

aclnnStatus aclDestroyBoolArray(const aclBoolArray* array) {
  return host::Destroy(__func__, &host::BoolArrays(), array);
}

aclnnStatus aclDestroyTensorList(const aclTensorList* array) {
  return host::DestroyList(__func__, &host::TensorLists(), &host::Tensors(), array);
}

aclnnStatus aclDestroyScalarList(const aclScalarList* array) {
  return host::DestroyList(__func__, &host::ScalarLists(), &host::Scalars(), array);
}

aclnnStatus aclGetIntArraySize(const aclIntArray* array, uint64_t* size) {
  return host::Size(__func__, host::IntArrays(), array, size);
}

aclnnStatus aclGetFloatArraySize(const aclFloatArray* array, uint64_t* size) {
  return host::Size(__func__, host::FloatArrays(), array, size);
}

aclnnStatus aclGetBoolArraySize(const aclBoolArray* array, uint64_t* size) {
  return host::Size(__func__, host::BoolArrays(), array, size);
}

aclnnStatus aclGetTensorListSize(const aclTensorList* tensorList, uint64_t* size) {
  return host::Size(__func__, host::TensorLists(), tensorList, size);
}

aclnnStatus aclGetScalarListSize(const aclScalarList* scalarList, uint64_t* size) {
  return host::Size(__func__, host::ScalarLists(), scalarList, size);
}

}  // extern "C"
