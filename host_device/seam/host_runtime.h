// SPDX-License-Identifier: Apache-2.0
// What libascendcl gives the other libraries of the host device beyond CANN's own interface.
#pragma once

#include <cstddef>
#include <cstdint>

#include "acl/acl.h"

// A failure travels as a status and this text; the stream that failed keeps both. Texts of failures and
// those that functions of the seam leave begin with no function's name: that of the C function that was
// called is put by its frame, that of work by the stream it fails in.
struct HostFailure {
  static constexpr size_t kTextBytes = 1024;
  char text[kTextBytes];
};

// One piece of queued work. `run` is called once, on the worker of the stream, unless the stream has
// failed before; it returns ACL_SUCCESS, or a status with the reason in `failure`. `release` is called
// exactly once in every case, after `run`, also when the stream is destroyed with work in it.
struct HostTask {
  const char* name;  // static text, for messages
  aclError (*run)(void* state, HostFailure* failure);
  void (*release)(void* state);
  void* state;
};

#pragma GCC visibility push(default)
extern "C" {

// Sets the text that aclGetRecentErrMsg gives to the calling thread next.
void HostSetErrorText(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Queues `task`. Takes over `task.state` on success only. A null stream is the default stream of the
// current context.
aclError HostStreamEnqueue(aclrtStream stream, const HostTask* task);

// The device that a stream works on (null: that of the current context).
aclError HostStreamDevice(aclrtStream stream, int32_t* device);

// Device of the calling thread's current context, or ACL_ERROR_RT_CONTEXT_NULL with a text.
aclError HostCurrentDevice(int32_t* device);

// True when [address, address + bytes) lies inside one live device allocation (or a range that
// aclrtHostRegister made known to the device). Kernels check their tensors with it before they touch them.
bool HostIsDeviceMemory(const void* address, size_t bytes);

// The memory file that holds what aclrtMalloc gives out in this process. False where there is none.
struct HostDeviceHeap {
  int fd;
  uint8_t* base;
  uint64_t bytes;
};
bool HostGetDeviceHeap(HostDeviceHeap* heap);

// Calls body(state, i) for i in [0, count) on up to `cores` threads, the caller among them, and returns
// when all are done. The order is not defined.
void HostParallelFor(uint32_t count, uint32_t cores, void (*body)(void* state, uint32_t index), void* state);

// CPU cores that this process may use (scheduler affinity), at least 1.
uint32_t HostCoreCount();

}  // extern "C"
#pragma GCC visibility pop
