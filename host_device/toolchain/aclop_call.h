// SPDX-License-Identifier: Apache-2.0
// One call of an aclop operator, as the program gave it.
#pragma once

#include "acl/acl_op_compiler.h"

namespace host {

struct AclopOperand {
  const aclTensorDesc* description;
  const aclDataBuffer* buffer;
};

struct AclopCall {
  const char* function;
  const char* type;
  int input_count, output_count;
  const aclTensorDesc* const* input_descriptions;
  const aclDataBuffer* const* input_buffers;
  const aclTensorDesc* const* output_descriptions;
  const aclDataBuffer* const* output_buffers;
  const aclopAttr* attributes;
  aclrtStream stream;

  bool Complete() const {
    return type != nullptr && input_descriptions != nullptr && input_buffers != nullptr &&
           output_descriptions != nullptr && output_buffers != nullptr;
  }
  AclopOperand Input(int i) const { return {input_descriptions[i], input_buffers[i]}; }
  AclopOperand Output(int i) const { return {output_descriptions[i], output_buffers[i]}; }
};

}  // namespace host
