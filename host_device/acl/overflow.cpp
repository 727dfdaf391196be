// SPDX-License-Identifier: Apache-2.0
// What becomes of numbers too large for their type. The CPU makes infinities and NaNs, as IEEE 754
// has it; saturation is another arithmetic.
#include "call.h"

using host::Call;
using host::Fail;

extern "C" {

aclError aclrtSetDeviceSatMode(aclrtFloatOverflowMode mode) {
  return Call(__func__, [&] {
    if (mode == ACL_RT_OVERFLOW_MODE_INFNAN) return ACL_SUCCESS;
    if (mode == ACL_RT_OVERFLOW_MODE_SATURATION) {
      return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                  "the host device does not saturate; want ACL_RT_OVERFLOW_MODE_INFNAN (with "
                  "torch_npu: unset INF_NAN_MODE_ENABLE)");
    }
    return Fail(ACL_ERROR_INVALID_PARAM, "mode is %d, want an aclrtFloatOverflowMode",
                static_cast<int>(mode));
  });
}

aclError aclrtGetDeviceSatMode(aclrtFloatOverflowMode* mode) {
  return Call(__func__, [&] {
    if (mode == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "mode is null");
    *mode = ACL_RT_OVERFLOW_MODE_INFNAN;
    return ACL_SUCCESS;
  });
}

}  // extern "C"
