// SPDX-License-Identifier: Apache-2.0
// Copies between global memory and UB in blocks at equal distances, and within UB.
#pragma once

#include <cstdint>

#include "core.h"
#include "place.h"

namespace host_ascendc {

struct GmBlocks {
  uint8_t* address;
  uint64_t gap;  // bytes from the end of a block to the begin of the next
};

struct UbBlocks {
  UbView view;
  uint64_t gap;  // bytes, from the padded end of a block to the begin of the next
};

struct BlockShape {
  uint32_t blocks;
  uint32_t bytes;  // of one block
};

// Bytes that a copy to UB puts around each block.
struct Padding {
  uint32_t left = 0;
  uint32_t right = 0;
  bool defined = false;  // value is written; else the content of left and right is void
  uint32_t value_bytes = 1;
  uint8_t value[8] = {};
};

void CopyToUb(const char* call, const UbBlocks& to, const GmBlocks& from, const BlockShape& shape,
              const Padding& padding, const Place& place);
void CopyToGm(const char* call, const GmBlocks& to, const UbBlocks& from, const BlockShape& shape,
              const Place& place);
void CopyWithinUb(const char* call, const UbBlocks& to, const UbBlocks& from,
                  const BlockShape& shape, const Place& place);

// Scalar accesses to global memory.
void ReadGmScalar(void* value, const void* address, uint32_t bytes, const char* call,
                  const Place& place);
void WriteGmScalar(void* address, const void* value, uint32_t bytes, const char* call,
                   const Place& place);
void CleanGmLine(const void* address, const Place& place);
void CleanWholeCache(const Place& place);

}  // namespace host_ascendc
