// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include <utility>
#include <vector>

#include "call.h"
#include "device.h"
#include "stream.h"

namespace host {
namespace {

thread_local aclrtContext thread_context = nullptr;

}  // namespace

HandleTable<Context>& Contexts() {
  // Never destroyed: workers may outlive static objects.
  static auto& contexts = *new HandleTable<Context>(kContextKind);
  return contexts;
}

std::shared_ptr<Stream> Context::DefaultStream(aclrtStream* handle) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stream_ == nullptr && !closed_) {
    auto stream = std::make_shared<Stream>(device_, handle_, true, 0, 0);
    stream_handle_ = Streams().Add(stream);
    stream_ = std::move(stream);
  }
  if (handle != nullptr) *handle = stream_handle_;
  return stream_;
}

void Context::CloseDefaultStream() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  stream_ = nullptr;
}

std::shared_ptr<Context> NewContext(int32_t device, bool is_primary) {
  WatchProcess();
  auto context = std::make_shared<Context>(device, is_primary);
  context->set_handle(Contexts().Add(context));
  return context;
}

aclError EndContext(const std::shared_ptr<Context>& context, bool force) {
  Contexts().Remove(context->handle());
  context->CloseDefaultStream();
  std::vector<std::shared_ptr<Stream>> streams;
  for (const auto& [handle, stream] : Streams().All()) {
    if (stream->context() == context->handle() && Streams().Remove(handle) != nullptr) {
      streams.push_back(stream);
    }
  }
  return EndStreams(streams, force);
}

aclError CurrentContext(std::shared_ptr<Context>* context) {
  if (thread_context == nullptr) {
    return Fail(ACL_ERROR_RT_CONTEXT_NULL,
                "this thread has no current context; call aclrtSetDevice or "
                "aclrtSetCurrentContext on it first");
  }
  *context = Contexts().Find(thread_context);
  if (*context == nullptr) {
    return Fail(ACL_ERROR_RT_CONTEXT_NULL,
                "the current context of this thread has been destroyed; call aclrtSetDevice or "
                "aclrtSetCurrentContext again");
  }
  return ACL_SUCCESS;
}

void SetThreadContext(aclrtContext context) { thread_context = context; }

aclrtContext ThreadContext() { return thread_context; }

}  // namespace host

using host::Call;
using host::Context;
using host::Contexts;
using host::Fail;

extern "C" {

aclError aclrtCreateContext(aclrtContext* context, int32_t deviceId) {
  return Call(__func__, [&] {
    if (context == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "context is null");
    const aclError status = host::CheckDevice("deviceId", deviceId);
    if (status != ACL_SUCCESS) return status;
    *context = host::NewExplicitContext(deviceId)->handle();
    host::SetThreadContext(*context);
    return ACL_SUCCESS;
  });
}

aclError aclrtDestroyContext(aclrtContext context) {
  return Call(__func__, [&] {
    const std::shared_ptr<Context> found = Contexts().Find(context);
    if (found == nullptr) {
      return Fail(ACL_ERROR_RT_INVALID_HANDLE, "context %p is not a live context", context);
    }
    if (found->is_primary()) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID,
                  "context %p is the default context of device %d; aclrtResetDevice ends it",
                  context, found->device());
    }
    if (host::ThreadContext() == context) host::SetThreadContext(nullptr);
    return host::EndContext(found, false);
  });
}

aclError aclrtSetCurrentContext(aclrtContext context) {
  return Call(__func__, [&] {
    if (Contexts().Find(context) == nullptr) {
      return Fail(ACL_ERROR_RT_INVALID_HANDLE, "context %p is not a live context", context);
    }
    host::SetThreadContext(context);
    return ACL_SUCCESS;
  });
}

aclError aclrtGetCurrentContext(aclrtContext* context) {
  return Call(__func__, [&] {
    if (context == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "context is null");
    std::shared_ptr<Context> current;
    const aclError status = host::CurrentContext(&current);
    if (status == ACL_SUCCESS) *context = current->handle();
    return status;
  });
}

aclError aclrtCtxGetCurrentDefaultStream(aclrtStream* stream) {
  return Call(__func__, [&] {
    if (stream == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "stream is null");
    std::shared_ptr<Context> current;
    const aclError status = host::CurrentContext(&current);
    if (status != ACL_SUCCESS) return status;
    current->DefaultStream(stream);
    return ACL_SUCCESS;
  });
}

aclError HostCurrentDevice(int32_t* device) {
  return host::SeamCall([&] {
    if (device == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "device is null");
    std::shared_ptr<Context> current;
    const aclError status = host::CurrentContext(&current);
    if (status == ACL_SUCCESS) *device = current->device();
    return status;
  });
}

}  // extern "C"
