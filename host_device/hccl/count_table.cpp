// SPDX-License-Identifier: Apache-2.0
#include "count_table.h"

#include "argument_check.h"
#include "data_type.h"
#include "hash.h"

namespace host_hccl {
namespace {

Outcome AddShare(const char* name, uint32_t rank, uint64_t count, uint64_t displacement,
                 uint64_t element, Shares* shares) {
  const uint64_t limit = kMaxCallBytes / element / kMaxRanks;
  if (count > limit || displacement > limit * kMaxRanks) {
    return Failed(HCCL_E_PARA, "%s[%u] is %llu at displacement %llu: want at most %llu", name, rank,
                  static_cast<unsigned long long>(count),
                  static_cast<unsigned long long>(displacement),
                  static_cast<unsigned long long>(limit));
  }
  shares->bytes.push_back(count * element);
  shares->offsets.push_back(displacement * element);
  return {};
}

}  // namespace

Outcome CountTable::Read(uint32_t ranks, uint64_t element, Shares* shares) const {
  if (!counts || !displacements) {
    return Failed(HCCL_E_PTR, "%s is null: want an array of %u uint64_t",
                  counts ? displacements_name : counts_name, ranks);
  }
  const auto* count = static_cast<const uint64_t*>(counts);
  const auto* displacement = static_cast<const uint64_t*>(displacements);
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    Outcome outcome = AddShare(counts_name, rank, count[rank], displacement[rank], element, shares);
    if (!outcome.ok()) return outcome;
  }
  return {};
}

Outcome CountTable::CheckOwn(const char* parameter, uint64_t count, uint32_t rank) const {
  const uint64_t own = static_cast<const uint64_t*>(counts)[rank];
  if (count == own) return {};
  return Failed(HCCL_E_PARA, "%s is %llu and %s[%u], of this rank, is %llu: want the same",
                parameter, static_cast<unsigned long long>(count), counts_name, rank,
                static_cast<unsigned long long>(own));
}

void CountTable::AddTo(uint32_t ranks, std::string* names, std::vector<int64_t>* fields) const {
  const auto* count = static_cast<const uint64_t*>(counts);
  const size_t room = HostCollectiveSignature::kMaxFields - fields->size();
  const uint32_t listed = ranks <= room ? ranks : static_cast<uint32_t>(room) - 1;
  for (uint32_t rank = 0; rank < listed; ++rank) {
    *names += std::string(",") + counts_name + "[" + std::to_string(rank) + "]";
    fields->push_back(static_cast<int64_t>(count[rank]));
  }
  if (listed == ranks) return;
  *names += std::string(",hash of ") + counts_name;
  fields->push_back(static_cast<int64_t>(Hash(count, ranks * sizeof(*count))));
}

Outcome ReadCountMatrix(const void* matrix, uint32_t rank, uint32_t ranks, uint64_t element,
                        Shares* sent, Shares* received) {
  if (!matrix) {
    return Failed(HCCL_E_PTR, "sendCountMatrix is null: want %u x %u uint64_t", ranks, ranks);
  }
  const auto* count = static_cast<const uint64_t*>(matrix);
  uint64_t send_at = 0;
  uint64_t receive_at = 0;
  for (uint32_t peer = 0; peer < ranks; ++peer) {
    const uint64_t to = count[uint64_t{rank} * ranks + peer];
    const uint64_t from = count[uint64_t{peer} * ranks + rank];
    Outcome outcome = AddShare("sendCountMatrix[this rank]", peer, to, send_at, element, sent);
    if (outcome.ok()) {
      outcome = AddShare("column of this rank in sendCountMatrix", peer, from, receive_at, element,
                         received);
    }
    if (!outcome.ok()) return outcome;
    send_at += to;
    receive_at += from;
  }
  return {};
}

Outcome CheckTypes(HcclDataType send_type, HcclDataType receive_type) {
  Outcome outcome = CheckCount("sendType", 0, send_type, 1);
  if (!outcome.ok() || send_type == receive_type) return outcome;
  return Failed(HCCL_E_PARA, "it sends %s and receives %s: want the same type",
                DataTypeName(send_type), DataTypeName(receive_type));
}

}  // namespace host_hccl
