// SPDX-License-Identifier: Apache-2.0
// What libascendcl tells the library that takes aclop operators.
#pragma once

#include "acl/acl_base_mdl.h"
#include "acl/acl_op.h"

#pragma GCC visibility push(default)
extern "C" {

// Writes "keep_dims=true, axis=[0, 1]" into text[bytes]; nothing for attributes that are not live.
void HostDescribeOpAttributes(const aclopAttr* attr, char* text, size_t bytes);

// Writes one attribute's value; nothing where there is none of that name.
void HostOpAttributeText(const aclopAttr* attr, const char* name, char* text, size_t bytes);

// Whether the tensor's numbers are given in host memory.
bool HostIsInHostMemory(const aclTensorDesc* desc);

// How the tensor lies in memory; undefined for a description that is not live.
aclFormat HostStorageFormat(const aclTensorDesc* desc);

}  // extern "C"
#pragma GCC visibility pop
