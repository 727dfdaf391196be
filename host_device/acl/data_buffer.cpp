// SPDX-License-Identifier: Apache-2.0
// Data buffers: an address and a size that travel together. The memory is not looked at.
#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>

#include "call.h"
#include "handle_table.h"

namespace host {
namespace {

struct DataBuffer {
  std::mutex mutex;
  void* data;
  size_t bytes;
};

HandleTable<DataBuffer>& DataBuffers() {
  // Never destroyed: workers may outlive static objects.
  static auto& buffers = *new HandleTable<DataBuffer>(kDataBufferKind);
  return buffers;
}

aclError NoDataBuffer(const aclDataBuffer* buffer) {
  return Fail(ACL_ERROR_INVALID_PARAM, "dataBuffer %p is not a live data buffer",
              static_cast<const void*>(buffer));
}

struct Content {
  void* data = nullptr;
  size_t bytes = 0;
};

Content Read(const char* function, const aclDataBuffer* handle) {
  Content content;
  Call(function, [&] {
    const std::shared_ptr<DataBuffer> buffer = DataBuffers().Find(handle);
    if (buffer == nullptr) return NoDataBuffer(handle);
    const std::lock_guard<std::mutex> lock(buffer->mutex);
    content = {buffer->data, buffer->bytes};
    return ACL_SUCCESS;
  });
  return content;
}

}  // namespace
}  // namespace host

using host::Call;
using host::DataBuffer;
using host::DataBuffers;

extern "C" {

aclDataBuffer* aclCreateDataBuffer(void* data, size_t size) {
  void* handle = nullptr;
  Call(__func__, [&] {
    auto buffer = std::make_shared<DataBuffer>();
    buffer->data = data;
    buffer->bytes = size;
    handle = DataBuffers().Add(std::move(buffer));
    return ACL_SUCCESS;
  });
  return static_cast<aclDataBuffer*>(handle);
}

aclError aclDestroyDataBuffer(const aclDataBuffer* dataBuffer) {
  return Call(__func__, [&] {
    if (DataBuffers().Remove(dataBuffer) == nullptr) return host::NoDataBuffer(dataBuffer);
    return ACL_SUCCESS;
  });
}

aclError aclUpdateDataBuffer(aclDataBuffer* dataBuffer, void* data, size_t size) {
  return Call(__func__, [&] {
    const std::shared_ptr<DataBuffer> buffer = DataBuffers().Find(dataBuffer);
    if (buffer == nullptr) return host::NoDataBuffer(dataBuffer);
    const std::lock_guard<std::mutex> lock(buffer->mutex);
    buffer->data = data;
    buffer->bytes = size;
    return ACL_SUCCESS;
  });
}

void* aclGetDataBufferAddr(const aclDataBuffer* dataBuffer) {
  return host::Read(__func__, dataBuffer).data;
}

size_t aclGetDataBufferSizeV2(const aclDataBuffer* dataBuffer) {
  return host::Read(__func__, dataBuffer).bytes;
}

// Of a larger buffer, what fits into the old type.
uint32_t aclGetDataBufferSize(const aclDataBuffer* dataBuffer) {
  return static_cast<uint32_t>(std::min<size_t>(host::Read(__func__, dataBuffer).bytes,
                                                std::numeric_limits<uint32_t>::max()));
}

}  // extern "C"
