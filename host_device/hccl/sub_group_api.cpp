// SPDX-License-Identifier: Apache-2.0
// HcclCreateSubCommConfig: a communicator of some ranks of another.
#include <vector>

#include "api_call.h"
#include "board.h"
#include "hccl/hccl.h"
#include "process_state.h"

namespace host_hccl {
namespace {

constexpr uint64_t kNoGroup = 0xffffffff;  // subCommId of who is not in the group

Outcome CheckMembers(const Communicator& parent, const uint32_t* ranks, uint32_t count,
                     uint32_t sub_rank) {
  if (count == 0 || count > parent.size()) {
    return Failed(HCCL_E_PARA, "rankNum is %u: want 1 to %u, the size of '%s'", count,
                  parent.size(), parent.name().c_str());
  }
  std::vector<bool> used(parent.size());
  for (uint32_t i = 0; i < count; ++i) {
    if (ranks[i] >= parent.size()) {
      return Failed(HCCL_E_PARA, "rankIds[%u] is %u: want less than %u, the size of '%s'", i,
                    ranks[i], parent.size(), parent.name().c_str());
    }
    if (used[ranks[i]]) {
      return Failed(HCCL_E_PARA, "rankIds[%u] is %u, which is in the list before: want each once",
                    i, ranks[i]);
    }
    used[ranks[i]] = true;
  }
  if (sub_rank >= count) {
    return Failed(HCCL_E_PARA, "subCommRankId is %u: want less than rankNum, which is %u", sub_rank,
                  count);
  }
  if (ranks[sub_rank] != parent.rank()) {
    return Failed(HCCL_E_PARA,
                  "rankIds[%u], at subCommRankId, is %u, and this is rank %u of '%s': want its own",
                  sub_rank, ranks[sub_rank], parent.rank(), parent.name().c_str());
  }
  return {};
}

Outcome NameGroup(const Communicator& parent, uint64_t id, std::string* name) {
  if (!name->empty()) return {};
  *name = parent.name() + "_sub_" + std::to_string(id);
  if (name->size() < COMM_NAME_MAX_LENGTH) return {};
  return Failed(HCCL_E_PARA, "the name '%s' has more than %u bytes: set hcclCommName",
                name->c_str(), COMM_NAME_MAX_LENGTH - 1);
}

Outcome CreateGroup(Communicator* parent, const uint32_t* ranks, uint32_t count, uint64_t id,
                    uint32_t sub_rank, const HcclCommConfig* config, HcclComm* comm) {
  if (parent->part()) {
    return Failed(HCCL_E_NOT_SUPPORT,
                  "'%s' is a part of another communicator: HCCL makes groups of whole ones only",
                  parent->name().c_str());
  }
  Communicator::Request request = {};
  Outcome outcome = CheckMembers(*parent, ranks, count, sub_rank);
  if (outcome.ok()) outcome = ReadSettings(config, &request.settings);
  if (outcome.ok()) outcome = NameGroup(*parent, id, &request.settings.name);
  if (!outcome.ok()) return outcome;
  request.ranks = count;
  request.rank = sub_rank;
  request.device = parent->device();
  request.part = true;

  ProcessState& process = ProcessState::Get();
  const uint64_t key = GroupKey(id, ranks, count);
  std::shared_ptr<Communicator> communicator;
  BoardPost post;
  if (sub_rank == 0) {
    outcome = process.segments.CreateRoot(&request.root);
    if (!outcome.ok()) return outcome;
    outcome = Communicator::Enter(request, &communicator);
    if (outcome.ok()) outcome = post.Put(parent, key, request.root);
    if (!outcome.ok()) process.segments.DropRoot(request.root.nonce);
  } else {
    outcome =
        AwaitPost(parent, ranks[0], key, request.settings.connect_timeout_seconds, &request.root);
    if (outcome.ok()) outcome = Communicator::Enter(request, &communicator);
  }
  if (outcome.ok()) outcome = communicator->AwaitAll();
  if (outcome.ok()) *comm = process.communicators.Add(std::move(communicator));
  return outcome;
}

}  // namespace
}  // namespace host_hccl

extern "C" HcclResult HcclCreateSubCommConfig(HcclComm* comm, uint32_t rankNum, uint32_t* rankIds,
                                              uint64_t subCommId, uint32_t subCommRankId,
                                              HcclCommConfig* config, HcclComm* subComm) {
  using host_hccl::Failed;
  using host_hccl::Outcome;
  return host_hccl::ApiCall(__func__, [&]() -> Outcome {
    if (!comm) return Failed(HCCL_E_PTR, "comm is null");
    if (!subComm) return Failed(HCCL_E_PTR, "subComm is null");
    if (!config) return Failed(HCCL_E_PTR, "config is null");
    std::shared_ptr<host_hccl::Communicator> parent;
    Outcome outcome = host_hccl::ProcessState::Get().communicators.Find(*comm, &parent);
    if (!outcome.ok()) return outcome;
    if (!rankIds && subCommId == host_hccl::kNoGroup) {
      *subComm = nullptr;
      return {};
    }
    if (!rankIds || subCommId == host_hccl::kNoGroup) {
      return Failed(
          HCCL_E_PARA,
          "rankIds is %s and subCommId is %llu: want members to pass both, and others null "
          "and 0xFFFFFFFF",
          rankIds ? "given" : "null", static_cast<unsigned long long>(subCommId));
    }
    return host_hccl::CreateGroup(parent.get(), rankIds, rankNum, subCommId, subCommRankId, config,
                                  subComm);
  });
}
