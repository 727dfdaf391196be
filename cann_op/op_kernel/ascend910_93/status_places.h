// SPDX-License-Identifier: Apache-2.0
// Where things lie in the windows and status areas, and which half of them a launch uses. These are
// the places of CANN's own combine: its dispatch, which shares the communicator, keeps clear of
// them.
//
// Status area of a rank, 1 MB:
//   dispatch's flags | half 0: 64 KB arrivals, 384 KB positions, 408 KB messages between the
//   cores that share a token | half 1: the same 500 KB further on | 950 KB dispatch's state words |
//   975 KB combine's state words, one per core, 512 bytes apart
// Window of a rank, each half: row slots, one per copy of a token, then dispatch's rows; between
// dispatches these are idle, and V1's table of positions lies there.
#pragma once

#include <cstdint>

namespace combine_kernel {

constexpr uint64_t kKilobyte = 1024;
constexpr uint64_t kHalfStatus = 500 * kKilobyte;
constexpr uint64_t kArrivalFlags = 64 * kKilobyte;
constexpr uint64_t kPositionFlags = 384 * kKilobyte;
constexpr uint64_t kPartMessages = 408 * kKilobyte;
constexpr uint64_t kPartRoundStride = 16 * kKilobyte;
constexpr uint64_t kStateWords = 975 * kKilobyte;
constexpr uint64_t kStateWordStride = 512;
constexpr uint64_t kPairFlagStride = 512;  // in group_tp's status area, one flag per core

constexpr uint32_t kFlagBytes = 32;  // a flag is one block, so that one copy writes all of it
constexpr uint32_t kFlagFloats = 8;
// Of an arrival, in each float of the flag; 0 is "not yet".
constexpr float kAsAgreedFlag = 1.0f;  // bf16, or int8 where that is asked for
constexpr float kSpeltOutFlag =
    2.0f;  // bf16, although int8 is asked for: it holds NaN or infinities
constexpr int32_t kPairArrived = 1;

// Of a token that several cores share: each adds up a part of its columns.
constexpr uint32_t kMostParts = 8;
constexpr uint32_t kPartRounds = 2;  // of messages between them

}  // namespace combine_kernel
