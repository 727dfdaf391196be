// SPDX-License-Identifier: Apache-2.0
// Descriptions of tensors, as the aclop interface takes them.
#include <cinttypes>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "acl/acl_base_mdl.h"
#include "call.h"
#include "handle_table.h"
#include "host_operator.h"

namespace host {
namespace {

// The single dimension of a shape whose rank is unknown.
constexpr int64_t kUnknownRank = -2;

struct TensorDescription {
  std::mutex mutex;
  aclDataType type = ACL_DT_UNDEFINED;
  aclFormat format = ACL_FORMAT_UNDEFINED;
  std::vector<int64_t> dims;
  aclFormat storage_format = ACL_FORMAT_UNDEFINED;
  std::vector<int64_t> storage_dims;
  aclMemType placement = ACL_MEMTYPE_DEVICE;
  std::string name;
};

HandleTable<TensorDescription>& Descriptions() {
  // Never destroyed: workers may outlive static objects.
  static auto& descriptions = *new HandleTable<TensorDescription>(kTensorDescriptionKind);
  return descriptions;
}

aclError CheckDims(int count, const int64_t* dims) {
  if (count < 0) return Fail(ACL_ERROR_INVALID_PARAM, "numDims is %d, want at least 0", count);
  if (count > 0 && dims == nullptr) {
    return Fail(ACL_ERROR_INVALID_PARAM, "dims is null, but numDims is %d", count);
  }
  for (int i = 0; i < count; ++i) {
    if (dims[i] >= -1 || (dims[i] == kUnknownRank && count == 1)) continue;
    return Fail(ACL_ERROR_INVALID_PARAM,
                "dims[%d] is %" PRId64 ", want a size, -1 (unknown), or -2 alone (unknown rank)", i,
                dims[i]);
  }
  return ACL_SUCCESS;
}

// Calls body(description) with the description locked.
template <typename Body>
aclError With(const char* function, const aclTensorDesc* handle, Body&& body) {
  return Call(function, [&] {
    const std::shared_ptr<TensorDescription> found = Descriptions().Find(handle);
    if (found == nullptr) {
      return Fail(ACL_ERROR_INVALID_PARAM, "desc %p is not a live tensor description",
                  static_cast<const void*>(handle));
    }
    const std::lock_guard<std::mutex> lock(found->mutex);
    return body(*found);
  });
}

// 0 where a dimension is unknown, as CANN has it.
aclError CountElements(const TensorDescription& description, size_t* count) {
  size_t elements = 1;
  for (const int64_t dim : description.dims) {
    if (dim < 0) {
      *count = 0;
      return ACL_SUCCESS;
    }
    if (__builtin_mul_overflow(elements, static_cast<size_t>(dim), &elements)) {
      return Fail(ACL_ERROR_INVALID_PARAM, "the shape has more elements than fit into size_t");
    }
  }
  *count = elements;
  return ACL_SUCCESS;
}

aclError Dimension(const TensorDescription& description, size_t index, int64_t* size) {
  if (index >= description.dims.size()) {
    return Fail(ACL_ERROR_INVALID_PARAM, "index is %zu, but the description has %zu dimensions",
                index, description.dims.size());
  }
  *size = description.dims[index];
  return ACL_SUCCESS;
}

}  // namespace
}  // namespace host

using host::Call;
using host::Descriptions;
using host::Fail;
using host::TensorDescription;
using host::With;

extern "C" {

aclTensorDesc* aclCreateTensorDesc(aclDataType dataType, int numDims, const int64_t* dims,
                                   aclFormat format) {
  void* handle = nullptr;
  Call(__func__, [&] {
    const aclError status = host::CheckDims(numDims, dims);
    if (status != ACL_SUCCESS) return status;
    auto description = std::make_shared<TensorDescription>();
    description->type = dataType;
    description->format = format;
    description->dims.assign(dims, dims + numDims);
    handle = Descriptions().Add(std::move(description));
    return ACL_SUCCESS;
  });
  return static_cast<aclTensorDesc*>(handle);
}

void aclDestroyTensorDesc(const aclTensorDesc* desc) {
  Call(__func__, [&] {
    if (desc == nullptr || Descriptions().Remove(desc) != nullptr) return ACL_SUCCESS;
    return Fail(ACL_ERROR_INVALID_PARAM, "desc %p is not a live tensor description",
                static_cast<const void*>(desc));
  });
}

aclDataType aclGetTensorDescType(const aclTensorDesc* desc) {
  aclDataType type = ACL_DT_UNDEFINED;
  With(__func__, desc, [&](const TensorDescription& description) {
    type = description.type;
    return ACL_SUCCESS;
  });
  return type;
}

aclFormat aclGetTensorDescFormat(const aclTensorDesc* desc) {
  aclFormat format = ACL_FORMAT_UNDEFINED;
  With(__func__, desc, [&](const TensorDescription& description) {
    format = description.format;
    return ACL_SUCCESS;
  });
  return format;
}

size_t aclGetTensorDescSize(const aclTensorDesc* desc) {
  size_t bytes = 0;
  With(__func__, desc, [&](const TensorDescription& description) {
    size_t count = 0;
    const aclError status = host::CountElements(description, &count);
    if (status != ACL_SUCCESS) return status;
    if (__builtin_mul_overflow(count, aclDataTypeSize(description.type), &bytes)) {
      bytes = 0;
      return Fail(ACL_ERROR_INVALID_PARAM, "the shape has more bytes than fit into size_t");
    }
    return ACL_SUCCESS;
  });
  return bytes;
}

size_t aclGetTensorDescElementCount(const aclTensorDesc* desc) {
  size_t count = 0;
  With(__func__, desc, [&](const TensorDescription& description) {
    return host::CountElements(description, &count);
  });
  return count;
}

size_t aclGetTensorDescNumDims(const aclTensorDesc* desc) {
  size_t count = 0;
  With(__func__, desc, [&](const TensorDescription& description) {
    const bool unknown = description.dims.size() == 1 && description.dims[0] == host::kUnknownRank;
    count = unknown ? ACL_UNKNOWN_RANK : description.dims.size();
    return ACL_SUCCESS;
  });
  return count;
}

int64_t aclGetTensorDescDim(const aclTensorDesc* desc, size_t index) {
  int64_t size = -1;
  With(__func__, desc, [&](const TensorDescription& description) {
    return host::Dimension(description, index, &size);
  });
  return size;
}

aclError aclGetTensorDescDimV2(const aclTensorDesc* desc, size_t index, int64_t* dimSize) {
  return With(__func__, desc, [&](const TensorDescription& description) {
    if (dimSize == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "dimSize is null");
    return host::Dimension(description, index, dimSize);
  });
}

void aclSetTensorDescName(aclTensorDesc* desc, const char* name) {
  With(__func__, desc, [&](TensorDescription& description) {
    description.name = name == nullptr ? "" : name;
    return ACL_SUCCESS;
  });
}

// Valid until the name is set again or the description is destroyed.
const char* aclGetTensorDescName(aclTensorDesc* desc) {
  const char* name = "";
  With(__func__, desc, [&](const TensorDescription& description) {
    name = description.name.c_str();
    return ACL_SUCCESS;
  });
  return name;
}

aclError aclSetTensorFormat(aclTensorDesc* desc, aclFormat format) {
  return With(__func__, desc, [&](TensorDescription& description) {
    description.storage_format = format;
    return ACL_SUCCESS;
  });
}

aclError aclSetTensorShape(aclTensorDesc* desc, int numDims, const int64_t* dims) {
  return With(__func__, desc, [&](TensorDescription& description) {
    const aclError status = host::CheckDims(numDims, dims);
    if (status == ACL_SUCCESS) description.storage_dims.assign(dims, dims + numDims);
    return status;
  });
}

aclFormat HostStorageFormat(const aclTensorDesc* desc) {
  aclFormat format = ACL_FORMAT_UNDEFINED;
  With(__func__, desc, [&](const TensorDescription& description) {
    const bool own = description.storage_format != ACL_FORMAT_UNDEFINED;
    format = own ? description.storage_format : description.format;
    return ACL_SUCCESS;
  });
  return format;
}

bool HostIsInHostMemory(const aclTensorDesc* desc) {
  bool in_host = false;
  With(__func__, desc, [&](const TensorDescription& description) {
    in_host = description.placement != ACL_MEMTYPE_DEVICE;
    return ACL_SUCCESS;
  });
  return in_host;
}

aclError aclSetTensorPlaceMent(aclTensorDesc* desc, aclMemType memType) {
  return With(__func__, desc, [&](TensorDescription& description) {
    if (memType < ACL_MEMTYPE_DEVICE || memType > ACL_MEMTYPE_HOST_COMPILE_INDEPENDENT) {
      return Fail(ACL_ERROR_INVALID_PARAM, "memType is %d, want an aclMemType",
                  static_cast<int>(memType));
    }
    description.placement = memType;
    return ACL_SUCCESS;
  });
}

}  // extern "C"
