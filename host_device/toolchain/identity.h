// SPDX-License-Identifier: Apache-2.0
// The one aclop operator that needs no compiler.
#pragma once

#include "acl/acl_op_compiler.h"

namespace host {

// What an operator is called with, one input and one output.
struct CopyArguments {
  const aclTensorDesc* from_description;
  const aclDataBuffer* from;
  const aclTensorDesc* to_description;
  const aclDataBuffer* to;
};

// Identity: torch_npu sends it to change a tensor's format. Between formats that keep elements in
// the order of the dimensions it is a copy, queued on the stream; any other is refused by name.
aclError Identity(const char* function, const CopyArguments& arguments, aclrtStream stream);

}  // namespace host
