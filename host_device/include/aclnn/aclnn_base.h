// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aclnn/acl_meta.h"

extern "C" {

// Optional on the host device, and harmless beside aclInit. configPath may be null.
ACL_FUNC_VISIBILITY aclnnStatus aclnnInit(const char* configPath);
ACL_FUNC_VISIBILITY aclnnStatus aclnnFinalize();

}  // extern "C"
