// SPDX-License-Identifier: Apache-2.0
// The driver's library. There is no driver; only its version can be asked for, as one that has no
// service beyond it.
#include <cstdint>

namespace {

constexpr int32_t kNotSupported = 0xfffe;  // the driver's own number for it

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int32_t halGetDeviceInfo(uint32_t /*device*/, int32_t /*module*/, int32_t /*info*/,
                         int64_t* /*value*/) {
  return kNotSupported;
}

int32_t halGetAPIVersion(int32_t* /*version*/) { return kNotSupported; }

}  // extern "C"
#pragma GCC visibility pop
