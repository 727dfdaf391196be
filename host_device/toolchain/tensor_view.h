// SPDX-License-Identifier: Apache-2.0
// A view of memory as an aclop operator describes it, and the copy from one to another.
#pragma once

#include <cstdint>
#include <vector>

#include "aclop_call.h"

namespace host {

struct TensorView {
  const char* name;  // for messages
  void* data = nullptr;
  size_t bytes = 0;
  aclDataType type = ACL_DT_UNDEFINED;
  std::vector<int64_t> dims, strides;  // in elements
  int64_t offset = 0;                  // of the first element

  int64_t Elements() const;
};

// The whole of an operand, its elements in the order of its dimensions.
aclError WholeOf(const AclopCall& call, const char* name, const AclopOperand& operand,
                 TensorView* view);
// `dims` of elements that follow one another.
std::vector<int64_t> DenseStrides(const std::vector<int64_t>& dims);
// The numbers of an operand in host memory.
aclError ReadIntegers(const AclopCall& call, const char* name, const AclopOperand& operand,
                      std::vector<int64_t>* values);

// Queues the copy, with a cast where the dtypes differ.
aclError CopyView(const AclopCall& call, const TensorView& to, const TensorView& from);

}  // namespace host
