// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/group_memory.h"

#include <cstring>
#include <string>

#include "op_kernel/ascend910_93/hccl_context.h"

namespace host_ascendc_kernel {

using combine_kernel::HcclContext;
using combine_kernel::HcclRemotePointer;
using combine_kernel::HcclRemoteRank;
using host_ascendc::GmRegion;
using host_ascendc::Kind;

namespace {

uint64_t AddressWord(const void* address) { return reinterpret_cast<uintptr_t>(address); }

// The same number wherever the memory is mapped: FNV of the communicator's name, then which rank's
// and which part.
uint64_t MemoryNumber(const HostCommInfo& comm, uint32_t rank, Kind kind) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char* c = comm.name; *c != '\0'; ++c) {
    hash = (hash ^ static_cast<uint8_t>(*c)) * 0x100000001B3;
  }
  return (hash << 12) + rank * 2 + (kind == Kind::kStatus ? 1 : 0);
}

}  // namespace

GroupMemory::GroupMemory(const op_api::CollectiveKernel& kernel) : kernel_(kernel) {
  const HostCommInfo& comm = kernel.comm;
  const size_t head = offsetof(HcclContext, remote) + comm.size * sizeof(HcclRemotePointer);
  context_.resize((head + comm.size * sizeof(HcclRemoteRank)) / sizeof(uint64_t) + 1);
  auto* const context = reinterpret_cast<HcclContext*>(context_.data());
  auto* const remotes =
      reinterpret_cast<HcclRemoteRank*>(reinterpret_cast<uint8_t*>(context) + (head + 7) / 8 * 8);
  context->rank = comm.rank;
  context->rank_size = comm.size;
  context->window_bytes = comm.window_bytes;
  context->window_in = AddressWord(HostCollectiveWindow(kernel.collective, comm.rank));
  std::memcpy(context->name, comm.name, sizeof(context->name));
  context->status_bytes = comm.status_bytes;
  context->status = AddressWord(status());
  auto* const pointers =
      reinterpret_cast<HcclRemotePointer*>(context_.data() + offsetof(HcclContext, remote) / 8);
  // A rank that is gone has memory still, but no region: who writes there is told so.
  for (uint32_t rank = 0; rank < comm.size; ++rank) {
    remotes[rank].rank = rank;
    remotes[rank].window_in = AddressWord(HostCollectiveWindow(kernel.collective, rank));
    remotes[rank].status = AddressWord(HostCollectiveStatus(kernel.collective, rank));
    pointers[rank].device = AddressWord(&remotes[rank]);
  }
}

void GroupMemory::AddRegions(const char* parameter, std::vector<GmRegion>* regions) const {
  const HostCommInfo& comm = kernel_.comm;
  for (const uint32_t rank : kernel_.ranks) {
    GmRegion region;
    region.writable = true;
    region.rank = rank;
    region.name = std::string("window of ") + parameter + " rank " + std::to_string(rank);
    region.address = HostCollectiveWindow(kernel_.collective, rank);
    region.bytes = comm.window_bytes;
    region.kind = Kind::kWindow;
    region.memory = MemoryNumber(comm, rank, region.kind);
    regions->push_back(region);
    region.name = std::string("status area of ") + parameter + " rank " + std::to_string(rank);
    region.address = HostCollectiveStatus(kernel_.collective, rank);
    region.bytes = comm.status_bytes;
    region.kind = Kind::kStatus;
    region.memory = MemoryNumber(comm, rank, region.kind);
    regions->push_back(region);
  }
}

void GroupMemory::ForgetOwn() const {
  std::vector<GmRegion> regions;
  AddRegions("", &regions);
  for (const GmRegion& region : regions) {
    if (region.rank == kernel_.comm.rank) host_ascendc::ForgetMemory(region);
  }
}

}  // namespace host_ascendc_kernel
