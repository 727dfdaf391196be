// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "hccl/hccl_types.h"

namespace host_hccl {

// Bytes of one element; 0 for a type that the host device does not know.
size_t ElementBytes(HcclDataType type);
const char* DataTypeName(HcclDataType type);
const char* ReduceOpName(HcclReduceOp op);

}  // namespace host_hccl
