// SPDX-License-Identifier: Apache-2.0
// Counts and displacements, one per rank, that a caller passes as arrays of uint64_t.
#pragma once

#include <string>
#include <vector>

#include "data_movement.h"

namespace host_hccl {

struct CountTable {
  const char* counts_name;
  const void* counts;
  const char* displacements_name;
  const void* displacements;

  Outcome Read(uint32_t ranks, uint64_t element, Shares* shares) const;

  // The count that the table has for this rank has to be the one that the call gives apart from it.
  Outcome CheckOwn(const char* parameter, uint64_t count, uint32_t rank) const;

  // As fields to be compared between the ranks; where there are too many, the last stands for the
  // rest.
  void AddTo(uint32_t ranks, std::string* names, std::vector<int64_t>* fields) const;
};

// Row i, column j: elements from rank i to rank j; in the buffers they lie one after the other.
Outcome ReadCountMatrix(const void* matrix, uint32_t rank, uint32_t ranks, uint64_t element,
                        Shares* sent, Shares* received);

Outcome CheckTypes(HcclDataType send_type, HcclDataType receive_type);

}  // namespace host_hccl
