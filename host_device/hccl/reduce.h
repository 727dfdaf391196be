// SPDX-License-Identifier: Apache-2.0
// The arithmetic of AllReduce and ReduceScatter.
#pragma once

#include <cstdint>
#include <vector>

#include "hccl/hccl_types.h"

namespace host_hccl {

bool CanReduce(HcclDataType type, HcclReduceOp op);

// out[i] = inputs[0][i] op inputs[1][i] op ..., in this order on every rank, so that all get the
// same bits. fp16 and bf16 are accumulated in float32 and rounded once; integers wrap around.
void Reduce(const std::vector<const uint8_t*>& inputs, uint64_t count, HcclDataType type,
            HcclReduceOp op, uint8_t* out);

}  // namespace host_hccl
