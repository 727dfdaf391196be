// SPDX-License-Identifier: Apache-2.0
// What is wrong with the arguments of a collective or a message.
#pragma once

#include <memory>

#include "communicator.h"

namespace host_hccl {

// Sizes in bytes, over all ranks, stay far from overflow.
constexpr uint64_t kMaxCallBytes = uint64_t{1} << 46;

Outcome FindComm(HcclComm comm, std::shared_ptr<Communicator>* communicator);

// A null buffer is right where there are no bytes.
Outcome CheckBuffer(const char* parameter, const void* buffer, uint64_t bytes);

// `count` elements from or for each of `ranks`.
Outcome CheckCount(const char* parameter, uint64_t count, HcclDataType type, uint32_t ranks);

Outcome CheckReduce(HcclDataType type, HcclReduceOp op);

Outcome CheckRank(const char* parameter, uint32_t rank, uint32_t ranks);

bool Overlap(const void* a, uint64_t a_bytes, const void* b, uint64_t b_bytes);

}  // namespace host_hccl
