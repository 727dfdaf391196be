// SPDX-License-Identifier: Apache-2.0
// Rows that a rank lets its peers read in its device memory.
#pragma once

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "op_api/host_cpu/collective_kernel.h"
#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/refusal.h"

struct LentRows {
  uint64_t place;     // of the first in the rank's device memory
  int64_t row_bytes;  // from one to the next
};

// True when `address` lies where peers can read; `place` tells where.
inline bool FindPlace(const void* address, uint64_t* place) {
  HostDeviceHeap heap;
  const auto* byte = static_cast<const uint8_t*>(address);
  if (!HostGetDeviceHeap(&heap) || byte < heap.base || byte >= heap.base + heap.bytes) return false;
  *place = static_cast<uint64_t>(byte - heap.base);
  return true;
}

// Lends `count` rows of h elements from row `first` on: in place where that can be, else from
// `packed`.
template <typename T>
op_plan::Verdict LendRows(const StridedView<const T>& rows, int64_t first, int64_t count,
                          uint32_t h, T* packed, LentRows* lent) {
  lent->row_bytes = rows.RowStride() * static_cast<int64_t>(sizeof(T));
  if (rows.RowsAreContiguous() && lent->row_bytes >= 0 &&
      FindPlace(rows.Row(first), &lent->place)) {
    return {};
  }
  for (int64_t i = 0; i < count; ++i) {
    T* const target = packed + i * h;
    const T* const from = rows.Row(first + i, h, target);
    if (from != target) std::memcpy(target, from, h * sizeof(T));
  }
  lent->row_bytes = h * sizeof(T);
  OP_PLAN_REQUIRE(
      FindPlace(packed, &lent->place),
      "the workspace does not come from aclrtMalloc, so that the TP peer cannot read it");
  return {};
}

// The first of `count` rows that `rank` has lent; null with the reason where they cannot be.
inline const uint8_t* BorrowRows(const op_api::CollectiveKernel& kernel, uint32_t rank,
                                 const LentRows& lent, int64_t count, uint64_t row_size,
                                 HostFailure* failure) {
  const uint8_t* base = nullptr;
  uint64_t bytes = 0;
  if (HostCollectivePeerHeap(kernel.collective, kernel.ranks[rank], &base, &bytes, failure) !=
      ACL_SUCCESS) {
    return nullptr;
  }
  const uint64_t rows = static_cast<uint64_t>(count > 0 ? count : 1);
  const uint64_t step = static_cast<uint64_t>(lent.row_bytes);
  const uint64_t row_limit = bytes < lent.place ? 0 : (bytes - lent.place) / rows;
  if (lent.row_bytes < 0 || lent.place % 2 != 0 || step % 2 != 0 || row_limit < step ||
      row_limit < row_size) {
    std::snprintf(failure->text, HostFailure::kTextBytes,
                  "rank %u says that %" PRId64 " rows lie at byte %" PRIu64 " of its %" PRIu64,
                  rank, count, lent.place, bytes);
    return nullptr;
  }
  return base + lent.place;
}
