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

// For each rank, how many bytes, and where they begin in a buffer.
struct Shares {
  std::vector<uint64_t> bytes;
  std::vector<uint64_t> offsets;

  // The same for all, one after the other.
  static Shares Even(uint64_t ranks, uint64_t bytes);
  // Bytes from the first of the buffer to the last that belongs to a rank.
  uint64_t Extent() const;
  uint64_t Longest() const;
};

aclError MoveBarrier(Transfer* transfer);
aclError MoveBroadcast(Transfer* transfer, bool is_root, uint32_t root, uint8_t* buffer,
                       uint64_t bytes);
// `send` is read on the root only.
aclError MoveScatter(Transfer* transfer, uint32_t rank, uint32_t ranks, uint32_t root,
                     const uint8_t* send, uint8_t* receive, uint64_t bytes);
// What each rank sends has the size of its share.
aclError MoveAllGather(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                       const Shares& shares);
aclError MoveReduceScatter(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                           const Shares& shares, ReduceKind kind);
// `receive` is null on a rank that does not want the result.
aclError MoveReduce(Transfer* transfer, uint32_t rank, uint32_t ranks, const uint8_t* send,
                    uint8_t* receive, uint64_t count, ReduceKind kind);
// `agreed`: all ranks have shares that fit one another, which else they tell one another first.
aclError MoveAllToAll(Transfer* transfer, uint32_t rank, const uint8_t* send, uint8_t* receive,
                      const Shares& sent, const Shares& received, bool agreed);

}  // namespace host_hccl
