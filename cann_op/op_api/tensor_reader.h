// SPDX-License-Identifier: Apache-2.0
// An aclTensor as the checks see it, read through CANN's public interface: the same on every
// device.
#pragma once

#include "aclnn/acl_meta.h"
#include "op_plan/tensor_spec.h"

namespace op_api {

op_plan::DType DTypeOf(aclDataType dtype);
// Formats in which the elements lie as the strides say.
bool IsPlain(aclFormat format);

// A null tensor is absent, which the checks judge.
op_plan::Verdict ReadAclTensor(const aclTensor* tensor, const char* name,
                               op_plan::TensorSpec* spec);

}  // namespace op_api
