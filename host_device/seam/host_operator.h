// SPDX-License-Identifier: Apache-2.0
// What libascendcl tells the libraries that refuse aclop operators.
#pragma once

#include "acl/acl_op.h"

#pragma GCC visibility push(default)
extern "C" {

// Writes "keep_dims=true, axis=[0, 1]" into text[bytes]; nothing for attributes that are not live.
void HostDescribeOpAttributes(const aclopAttr* attr, char* text, size_t bytes);

}  // extern "C"
#pragma GCC visibility pop
