// SPDX-License-Identifier: Apache-2.0
// Contexts: a device, its default stream, and the streams made while it was current.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "handle_table.h"
#include "host_runtime.h"
#include "system_option.h"

namespace host {

class Stream;

class Context {
 public:
  Context(int32_t device, bool is_primary) : device_(device), is_primary_(is_primary) {}

  int32_t device() const { return device_; }
  bool is_primary() const { return is_primary_; }
  aclrtContext handle() const { return handle_; }
  void set_handle(aclrtContext handle) { handle_ = handle; }

  SystemOptions& options() { return options_; }

  // Made when first asked for; null after CloseDefaultStream.
  std::shared_ptr<Stream> DefaultStream(aclrtStream* handle);
  void CloseDefaultStream();

 private:
  const int32_t device_;
  const bool is_primary_;
  aclrtContext handle_ = nullptr;
  SystemOptions options_;
  std::mutex mutex_;
  bool closed_ = false;
  aclrtStream stream_handle_ = nullptr;
  std::shared_ptr<Stream> stream_;
};

HandleTable<Context>& Contexts();

std::shared_ptr<Context> NewContext(int32_t device, bool is_primary);

// Takes a context out of the table and ends its streams; the reason why it could not, if so.
aclError EndContext(const std::shared_ptr<Context>& context, bool force);

// The calling thread's current context, or ACL_ERROR_RT_CONTEXT_NULL as its error.
aclError CurrentContext(std::shared_ptr<Context>* context);
void SetThreadContext(aclrtContext context);
aclrtContext ThreadContext();

}  // namespace host
