// SPDX-License-Identifier: Apache-2.0
// What each of HCCL's collectives moves where, in rounds of a transfer.
#pragma once

#include <cstdint>
#include <vector>

#include "transfer.h"

namespace host_hccl {

struct ReduceKind {
  HcclDataType type;
  HcclReduceOp op;
  uint64_t element;  // bytes
};

aclError MoveBarrier(Transfer* transfer);
aclError MoveBroadcast(Transfer* transfer, bool is_root, uint32_t root, uint8_t* buffer,
                       uint64_t bytes);
aclError MoveAllGather(Transfer* transfer, const uint8_t* send, uint8_t* receive, uint64_t bytes);
aclError MoveReduceScatter(Transfer* transfer, uint32_t rank, uint32_t ranks, const uint8_t* send,
                           uint8_t* receive, uint64_t count, ReduceKind kind);
aclError MoveAllReduce(Transfer* transfer, uint32_t rank, uint32_t ranks, const uint8_t* send,
                       uint8_t* receive, uint64_t count, ReduceKind kind);

// Bytes to and from each rank and where they begin.
struct Portions {
  std::vector<uint64_t> send_bytes;
  std::vector<uint64_t> send_offsets;
  std::vector<uint64_t> receive_bytes;
  std::vector<uint64_t> receive_offsets;
};
aclError MoveAllToAll(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                      const Portions& portions);

}  // namespace host_hccl
