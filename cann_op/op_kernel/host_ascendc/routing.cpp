// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/routing.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <vector>

#include "op_kernel/host_cpu/routing_check.h"

namespace host_ascendc_kernel {

bool Routing::Check(HostFailure* failure) const {
  return choices_.Check(failure) && CheckCounts(failure) &&
         (HasTriples() ? CheckTriples(failure) : CheckPositions(failure));
}

bool Routing::CheckCounts(HostFailure* failure) const {
  int64_t rows_max = tensors_[op_plan::kExpandX].dims[0];
  if (HasTriples()) rows_max = std::min(rows_max, tensors_[op_plan::kExpandIdx].dims[0] / 3);
  return combine::CheckSendCounts(ep_, StridedView<const int32_t>(tensors_[op_plan::kEpSendCounts]),
                                  rows_max, failure);
}

bool Routing::CheckTriples(HostFailure* failure) const {
  const StridedView<const int32_t> counts(tensors_[op_plan::kEpSendCounts]);
  const StridedView<const int32_t> triples(tensors_[op_plan::kExpandIdx]);
  const uint32_t blocks = ep_.LocalExpertNum(ep_.ep_rank_id) * ep_.ep_world_size;
  std::unordered_set<uint64_t> claimed;
  int64_t row = 0;
  for (uint32_t block = 0; block < blocks; ++block) {
    const uint32_t owner = block % ep_.ep_world_size;
    for (; row < counts(block); ++row) {
      const combine::RowSource source = {triples(3 * row), triples(3 * row + 1),
                                         triples(3 * row + 2)};
      if (!combine::CheckRowSource(ep_, row, source, owner, failure)) return false;
      const uint64_t slot =
          (uint64_t{owner} * ep_.max_bs + source.token) * ep_.CopiesPerToken() + source.copy;
      if (!claimed.insert(slot).second) {
        combine::SayClaimedTwice(row, source, failure);
        return false;
      }
    }
  }
  return true;
}

bool Routing::CheckPositions(HostFailure* failure) const {
  const StridedView<const int32_t> positions(tensors_[op_plan::kExpandIdx]);
  std::vector<uint32_t> earlier(ep_.moe_expert_num);
  for (uint32_t token = 0; token < ep_.bs; ++token) {
    for (uint32_t k = 0; k < ep_.k; ++k) {
      if (!choices_.Routed(token, k)) continue;
      const uint32_t index = token * ep_.k + k;
      const uint32_t expert = choices_.Expert(token, k);
      const uint32_t position = earlier[expert]++;
      if (!combine::CheckPosition(index, positions(index), position, expert, failure)) return false;
    }
  }
  return true;
}

bool Routing::SayMissingRow(uint32_t token, const uint8_t* flags, uint32_t flag_bytes,
                            HostFailure* failure) const {
  for (uint32_t copy = 0; copy < ep_.CopiesPerToken(); ++copy) {
    if (copy < ep_.k && !choices_.Routed(token, copy)) continue;
    uint32_t flag;
    std::memcpy(&flag, flags + uint64_t{copy} * flag_bytes, sizeof(flag));
    if (flag != 0) continue;
    combine::SayMissing(
        combine::Want(ep_, token, copy, copy < ep_.k ? choices_.Expert(token, copy) : 0), failure);
    return true;
  }
  return false;
}

}  // namespace host_ascendc_kernel
