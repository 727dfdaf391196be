// SPDX-License-Identifier: Apache-2.0
#include "identity.h"

#include <algorithm>
#include <array>

#include "host_operator.h"
#include "refuse.h"

namespace host {
namespace {

// Formats whose elements lie in the order of the dimensions.
constexpr std::array<aclFormat, 5> kBaseFormats = {ACL_FORMAT_ND, ACL_FORMAT_NCHW, ACL_FORMAT_NC,
                                                   ACL_FORMAT_NCL, ACL_FORMAT_NCDHW};

struct Side {
  const char* name;
  const aclTensorDesc* description;
  const aclDataBuffer* buffer;
};

aclError CheckSide(const char* function, const Side& side) {
  const aclFormat format = HostStorageFormat(side.description);
  if (std::find(kBaseFormats.begin(), kBaseFormats.end(), format) == kBaseFormats.end()) {
    return Refuse(ACL_ERROR_OP_NOT_FOUND,
                  "%s: operator 'Identity': the %s's format is %d, but the host device keeps "
                  "tensors in the order of their dimensions (ND, NCHW, NCDHW, ...); leave "
                  "torch.npu.config.allow_internal_format at False, or do not cast",
                  function, side.name, static_cast<int>(format));
  }
  const size_t bytes = aclGetTensorDescSize(side.description);
  if (aclGetDataBufferSizeV2(side.buffer) < bytes) {
    return Refuse(ACL_ERROR_INVALID_PARAM,
                  "%s: operator 'Identity': the %s's buffer has %zu bytes, but its tensor %zu",
                  function, side.name, aclGetDataBufferSizeV2(side.buffer), bytes);
  }
  return ACL_SUCCESS;
}

}  // namespace

aclError Identity(const char* function, const CopyArguments& arguments, aclrtStream stream) {
  const Side from{"input", arguments.from_description, arguments.from};
  const Side to{"output", arguments.to_description, arguments.to};
  for (const Side& side : {from, to}) {
    const aclError status = CheckSide(function, side);
    if (status != ACL_SUCCESS) return status;
  }
  const size_t bytes = aclGetTensorDescSize(from.description);
  if (aclGetTensorDescType(from.description) != aclGetTensorDescType(to.description) ||
      aclGetTensorDescSize(to.description) != bytes) {
    return Refuse(ACL_ERROR_INVALID_PARAM,
                  "%s: operator 'Identity': input and output must have one dtype and as many "
                  "elements, got aclDataType %d with %zu bytes and %d with %zu",
                  function, static_cast<int>(aclGetTensorDescType(from.description)), bytes,
                  static_cast<int>(aclGetTensorDescType(to.description)),
                  aclGetTensorDescSize(to.description));
  }
  if (bytes == 0) return ACL_SUCCESS;
  return aclrtMemcpyAsync(aclGetDataBufferAddr(to.buffer), bytes, aclGetDataBufferAddr(from.buffer),
                          bytes, ACL_MEMCPY_DEVICE_TO_DEVICE, stream);
}

}  // namespace host
