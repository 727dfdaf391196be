// SPDX-License-Identifier: Apache-2.0
// Copies and fills. What a call says of its addresses is held against what they are.
#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "allocation.h"
#include "call.h"
#include "context.h"
#include "stream.h"

namespace host {
namespace {

// `height` rows of `width` bytes; a plain copy is one row.
struct Copy {
  uint8_t* dst;
  const uint8_t* src;
  size_t dst_pitch;
  size_t src_pitch;
  size_t width;
  size_t height;

  size_t dst_bytes() const { return (height - 1) * dst_pitch + width; }
  size_t src_bytes() const { return (height - 1) * src_pitch + width; }

  void Do() const {
    for (size_t row = 0; row < height; ++row) {
      std::memmove(dst + row * dst_pitch, src + row * src_pitch, width);
    }
  }
};

const char* KindName(aclrtMemcpyKind kind) {
  switch (kind) {
    case ACL_MEMCPY_HOST_TO_HOST:
      return "ACL_MEMCPY_HOST_TO_HOST";
    case ACL_MEMCPY_HOST_TO_DEVICE:
      return "ACL_MEMCPY_HOST_TO_DEVICE";
    case ACL_MEMCPY_DEVICE_TO_HOST:
      return "ACL_MEMCPY_DEVICE_TO_HOST";
    case ACL_MEMCPY_DEVICE_TO_DEVICE:
      return "ACL_MEMCPY_DEVICE_TO_DEVICE";
    case ACL_MEMCPY_DEFAULT:
      return "ACL_MEMCPY_DEFAULT";
    case ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE:
      return "ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE";
    case ACL_MEMCPY_INNER_DEVICE_TO_DEVICE:
      return "ACL_MEMCPY_INNER_DEVICE_TO_DEVICE";
    case ACL_MEMCPY_INTER_DEVICE_TO_DEVICE:
      return "ACL_MEMCPY_INTER_DEVICE_TO_DEVICE";
  }
  return nullptr;
}

enum class Side { kAny, kHost, kDevice };

std::pair<Side, Side> SidesOf(aclrtMemcpyKind kind) {  // dst, src
  switch (kind) {
    case ACL_MEMCPY_HOST_TO_HOST:
      return {Side::kHost, Side::kHost};
    case ACL_MEMCPY_HOST_TO_DEVICE:
    case ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE:
      return {Side::kDevice, Side::kHost};
    case ACL_MEMCPY_DEVICE_TO_HOST:
      return {Side::kHost, Side::kDevice};
    case ACL_MEMCPY_DEVICE_TO_DEVICE:
    case ACL_MEMCPY_INNER_DEVICE_TO_DEVICE:
    case ACL_MEMCPY_INTER_DEVICE_TO_DEVICE:
      return {Side::kDevice, Side::kDevice};
    case ACL_MEMCPY_DEFAULT:
      break;
  }
  return {Side::kAny, Side::kAny};
}

aclError CheckRange(const char* parameter, const void* address, size_t bytes,
                    const MemoryRange& range, Side side) {
  if (bytes > UINTPTR_MAX - reinterpret_cast<uintptr_t>(address)) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "%s %p with %zu bytes goes beyond the address space",
                parameter, address, bytes);
  }
  // Around registered memory is the program's own: together they are host memory.
  if (range.inside || (range.kind == MemoryKind::kRegistered && side != Side::kDevice)) {
    return ACL_SUCCESS;
  }
  return Fail(ACL_ERROR_RT_PARAM_INVALID, "%s %p with %zu bytes does not lie inside %s", parameter,
              address, bytes, range.Describe().c_str());
}

aclError CheckSide(const char* parameter, const void* address, const MemoryRange& range, Side side,
                   aclrtMemcpyKind kind) {
  const bool right = side == Side::kAny || (side == Side::kHost && range.host_side()) ||
                     (side == Side::kDevice && range.device_side());
  if (right) return ACL_SUCCESS;
  return Fail(
      ACL_ERROR_RT_PARAM_INVALID, "kind is %s, but %s %p is %s, want %s memory", KindName(kind),
      parameter, address,
      range.kind == MemoryKind::kUnknown ? "not live device memory" : MemoryName(range.kind),
      side == Side::kHost ? "host" : "device");
}

aclError CheckCopy(const Copy& copy, aclrtMemcpyKind kind) {
  if (KindName(kind) == nullptr) {
    return Fail(ACL_ERROR_INVALID_PARAM, "kind is %d, want an aclrtMemcpyKind",
                static_cast<int>(kind));
  }
  const MemoryRange dst = FindMemory(copy.dst, copy.dst_bytes());
  const MemoryRange src = FindMemory(copy.src, copy.src_bytes());
  const auto [dst_side, src_side] = SidesOf(kind);
  aclError status = CheckSide("dst", copy.dst, dst, dst_side, kind);
  if (status == ACL_SUCCESS) status = CheckSide("src", copy.src, src, src_side, kind);
  if (status == ACL_SUCCESS) status = CheckRange("dst", copy.dst, copy.dst_bytes(), dst, dst_side);
  if (status == ACL_SUCCESS) status = CheckRange("src", copy.src, copy.src_bytes(), src, src_side);
  if (status != ACL_SUCCESS) return status;
  const bool same_device = dst.device == src.device;
  if ((kind == ACL_MEMCPY_INNER_DEVICE_TO_DEVICE && !same_device) ||
      (kind == ACL_MEMCPY_INTER_DEVICE_TO_DEVICE && same_device)) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "kind is %s, but dst is on device %d and src on %d",
                KindName(kind), dst.device, src.device);
  }
  return ACL_SUCCESS;
}

// Not for registered memory: that is the program's own, and there with or without a registration.
bool IsAllocated(const void* address, size_t bytes) {
  const MemoryRange range = FindMemory(address, bytes);
  return range.inside && range.device_side() && range.kind != MemoryKind::kRegistered;
}

// What was device memory when the call was made must still be there when its turn comes.
bool StillThere(const void* address, size_t bytes, bool allocated) {
  return !allocated || IsAllocated(address, bytes);
}

class CopyTask : public Task {
 public:
  CopyTask(const char* name, const Copy& copy, aclrtMemcpyKind kind)
      : Task(name),
        copy_(copy),
        dst_on_device_(IsAllocated(copy.dst, copy.dst_bytes())),
        src_on_device_(IsAllocated(copy.src, copy.src_bytes())) {
    if (kind != ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE) return;
    // This kind lets the program use src again at once.
    buffer_.assign(copy.src, copy.src + copy.src_bytes());
    copy_.src = buffer_.data();
    src_on_device_ = false;
  }

  aclError Run(HostFailure* failure) override {
    if (!StillThere(copy_.dst, copy_.dst_bytes(), dst_on_device_)) {
      return TaskFails(failure, ACL_ERROR_RT_PARAM_INVALID,
                       "dst %p (%zu bytes) was freed before the copy ran",
                       static_cast<const void*>(copy_.dst), copy_.dst_bytes());
    }
    if (!StillThere(copy_.src, copy_.src_bytes(), src_on_device_)) {
      return TaskFails(failure, ACL_ERROR_RT_PARAM_INVALID,
                       "src %p (%zu bytes) was freed before the copy ran",
                       static_cast<const void*>(copy_.src), copy_.src_bytes());
    }
    copy_.Do();
    return ACL_SUCCESS;
  }

 private:
  Copy copy_;
  const bool dst_on_device_;
  bool src_on_device_;
  std::vector<uint8_t> buffer_;
};

class FillTask : public Task {
 public:
  FillTask(void* address, int32_t value, size_t bytes)
      : Task("aclrtMemsetAsync"),
        address_(address),
        value_(value),
        bytes_(bytes),
        on_device_(IsAllocated(address, bytes)) {}

  aclError Run(HostFailure* failure) override {
    if (!StillThere(address_, bytes_, on_device_)) {
      return TaskFails(failure, ACL_ERROR_RT_PARAM_INVALID,
                       "devPtr %p (%zu bytes) was freed before the fill ran",
                       static_cast<const void*>(address_), bytes_);
    }
    std::memset(address_, value_, bytes_);
    return ACL_SUCCESS;
  }

 private:
  void* const address_;
  const int32_t value_;
  const size_t bytes_;
  const bool on_device_;
};

aclError CheckContext() {
  std::shared_ptr<Context> context;
  return CurrentContext(&context);
}

aclError PlainCopy(void* dst, size_t dst_max, const void* src, size_t count, aclrtMemcpyKind kind,
                   Copy* copy) {
  if (dst == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "dst is null");
  if (src == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "src is null");
  if (count == 0) return Fail(ACL_ERROR_INVALID_PARAM, "count is 0, want at least 1");
  if (dst_max < count) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "destMax is %zu, want at least count, %zu", dst_max,
                count);
  }
  *copy = {static_cast<uint8_t*>(dst), static_cast<const uint8_t*>(src), count, count, count, 1};
  return CheckCopy(*copy, kind);
}

aclError PitchedCopy(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                     size_t height, aclrtMemcpyKind kind, Copy* copy) {
  if (dst == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "dst is null");
  if (src == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "src is null");
  if (width == 0) return Fail(ACL_ERROR_INVALID_PARAM, "width is 0, want at least 1");
  if (height == 0) return Fail(ACL_ERROR_INVALID_PARAM, "height is 0, want at least 1");
  if (dst_pitch < width) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "dpitch is %zu, want at least width, %zu", dst_pitch,
                width);
  }
  if (src_pitch < width) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "spitch is %zu, want at least width, %zu", src_pitch,
                width);
  }
  size_t reach = 0;
  if (__builtin_mul_overflow(height, std::max(dst_pitch, src_pitch), &reach)) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID,
                "height %zu times a pitch goes beyond the address space", height);
  }
  *copy = {static_cast<uint8_t*>(dst),
           static_cast<const uint8_t*>(src),
           dst_pitch,
           src_pitch,
           width,
           height};
  return CheckCopy(*copy, kind);
}

aclError EnqueueCopy(const char* name, const Copy& copy, aclrtMemcpyKind kind, aclrtStream handle) {
  std::shared_ptr<Stream> stream;
  const aclError status = FindStream(handle, &stream);
  if (status != ACL_SUCCESS) return status;
  std::unique_ptr<Task> task = std::make_unique<CopyTask>(name, copy, kind);
  return stream->Enqueue(&task);
}

aclError CheckFill(void* address, size_t max, size_t count) {
  if (address == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "devPtr is null");
  if (count == 0) return Fail(ACL_ERROR_INVALID_PARAM, "count is 0, want at least 1");
  if (max < count) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "maxCount is %zu, want at least count, %zu", max,
                count);
  }
  return CheckRange("devPtr", address, count, FindMemory(address, count), Side::kAny);
}

}  // namespace
}  // namespace host

using host::Call;
using host::Copy;

extern "C" {

aclError aclrtMemcpy(void* dst, size_t destMax, const void* src, size_t count,
                     aclrtMemcpyKind kind) {
  return Call(__func__, [&] {
    Copy copy;
    aclError status = host::CheckContext();
    if (status == ACL_SUCCESS) status = host::PlainCopy(dst, destMax, src, count, kind, &copy);
    if (status == ACL_SUCCESS) copy.Do();
    return status;
  });
}

aclError aclrtMemcpyAsync(void* dst, size_t destMax, const void* src, size_t count,
                          aclrtMemcpyKind kind, aclrtStream stream) {
  return Call(__func__, [&] {
    Copy copy;
    const aclError status = host::PlainCopy(dst, destMax, src, count, kind, &copy);
    if (status != ACL_SUCCESS) return status;
    return host::EnqueueCopy("aclrtMemcpyAsync", copy, kind, stream);
  });
}

aclError aclrtMemcpy2d(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width,
                       size_t height, aclrtMemcpyKind kind) {
  return Call(__func__, [&] {
    Copy copy;
    aclError status = host::CheckContext();
    if (status == ACL_SUCCESS) {
      status = host::PitchedCopy(dst, dpitch, src, spitch, width, height, kind, &copy);
    }
    if (status == ACL_SUCCESS) copy.Do();
    return status;
  });
}

aclError aclrtMemcpy2dAsync(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width,
                            size_t height, aclrtMemcpyKind kind, aclrtStream stream) {
  return Call(__func__, [&] {
    Copy copy;
    const aclError status = host::PitchedCopy(dst, dpitch, src, spitch, width, height, kind, &copy);
    if (status != ACL_SUCCESS) return status;
    return host::EnqueueCopy("aclrtMemcpy2dAsync", copy, kind, stream);
  });
}

aclError aclrtMemset(void* devPtr, size_t maxCount, int32_t value, size_t count) {
  return Call(__func__, [&] {
    aclError status = host::CheckContext();
    if (status == ACL_SUCCESS) status = host::CheckFill(devPtr, maxCount, count);
    if (status == ACL_SUCCESS) std::memset(devPtr, value, count);
    return status;
  });
}

aclError aclrtMemsetAsync(void* devPtr, size_t maxCount, int32_t value, size_t count,
                          aclrtStream stream) {
  return Call(__func__, [&] {
    aclError status = host::CheckFill(devPtr, maxCount, count);
    if (status != ACL_SUCCESS) return status;
    std::shared_ptr<host::Stream> found;
    status = host::FindStream(stream, &found);
    if (status != ACL_SUCCESS) return status;
    std::unique_ptr<host::Task> task = std::make_unique<host::FillTask>(devPtr, value, count);
    return found->Enqueue(&task);
  });
}

}  // extern "C"
