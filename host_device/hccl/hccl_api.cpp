// SPDX-License-Identifier: Apache-2.0
// HCCL's functions that make, describe and end communicators.
#include <cstring>
#include <set>
#include <vector>

#include "api_call.h"
#include "hccl/hccl.h"
#include "process_state.h"

using host_hccl::ApiCall;
using host_hccl::CommSettings;
using host_hccl::Communicator;
using host_hccl::Failed;
using host_hccl::Outcome;
using host_hccl::ProcessState;
using host_hccl::RuntimeFailed;

namespace {

Outcome Null(const char* parameter) { return Failed(HCCL_E_PTR, "%s is null", parameter); }

Outcome CurrentDevice(int32_t* device) {
  if (HostCurrentDevice(device) == ACL_SUCCESS) return {};
  return RuntimeFailed();
}

Outcome InitRootInfo(uint32_t ranks, const HcclRootInfo* bytes, uint32_t rank,
                     const HcclCommConfig* config, HcclComm* comm) {
  if (!bytes) return Null("rootInfo");
  if (!comm) return Null("comm");
  Communicator::Request request = {};
  request.ranks = ranks;
  request.rank = rank;
  Outcome outcome = ReadSettings(config, &request.settings);
  if (outcome.ok()) outcome = CurrentDevice(&request.device);
  if (outcome.ok()) outcome = DecodeRootInfo(*bytes, &request.root);
  std::shared_ptr<Communicator> communicator;
  if (outcome.ok()) outcome = Communicator::Enter(request, &communicator);
  if (outcome.ok()) outcome = communicator->AwaitAll();
  if (outcome.ok()) *comm = ProcessState::Get().communicators.Add(std::move(communicator));
  return outcome;
}

Outcome CheckDevices(uint32_t count, const int32_t* devices) {
  uint32_t known = 0;
  if (aclrtGetDeviceCount(&known) != ACL_SUCCESS) return RuntimeFailed();
  std::set<int32_t> used;
  for (uint32_t i = 0; i < count; ++i) {
    if (devices[i] < 0 || static_cast<uint32_t>(devices[i]) >= known) {
      return Failed(HCCL_E_PARA, "devices[%u] is %d: want 0 to %u", i, devices[i], known - 1);
    }
    if (!used.insert(devices[i]).second) {
      return Failed(HCCL_E_PARA, "devices[%u] is %d, which is in the list before: want each once",
                    i, devices[i]);
    }
  }
  return {};
}

Outcome InitAll(uint32_t count, const int32_t* devices, HcclComm* comms) {
  if (!devices) return Null("devices");
  if (!comms) return Null("comms");
  if (count == 0) return Failed(HCCL_E_PARA, "ndev is 0: want 1 or more");
  Communicator::Request request = {};
  Outcome outcome = CheckDevices(count, devices);
  if (outcome.ok()) outcome = ReadSettings(nullptr, &request.settings);
  if (outcome.ok()) outcome = ProcessState::Get().segments.CreateRoot(&request.root);
  request.ranks = count;
  std::vector<std::shared_ptr<Communicator>> made(count);
  for (uint32_t rank = 0; outcome.ok() && rank < count; ++rank) {
    request.rank = rank;
    request.device = devices[rank];
    outcome = Communicator::Enter(request, &made[rank]);
  }
  if (!outcome.ok()) {
    ProcessState::Get().segments.DropRoot(request.root.nonce);
    return outcome;
  }
  for (uint32_t rank = 0; outcome.ok() && rank < count; ++rank) outcome = made[rank]->AwaitAll();
  for (uint32_t rank = 0; outcome.ok() && rank < count; ++rank) {
    comms[rank] = ProcessState::Get().communicators.Add(std::move(made[rank]));
  }
  return outcome;
}

Outcome FindComm(HcclComm comm, std::shared_ptr<Communicator>* communicator) {
  return ProcessState::Get().communicators.Find(comm, communicator);
}

HcclResult NoClusterInfo(const char* function) {
  return ApiCall(function, [] {
    return Failed(HCCL_E_NOT_SUPPORT,
                  "rank table files are not supported on the host device: use HcclGetRootInfo and "
                  "HcclCommInitRootInfo, or HcclCommInitAll");
  });
}

}  // namespace

extern "C" {

HcclResult HcclGetRootInfo(HcclRootInfo* rootInfo) {
  return ApiCall(__func__, [&]() -> Outcome {
    if (!rootInfo) return Null("rootInfo");
    host_hccl::RootInfo root;
    Outcome outcome = ProcessState::Get().segments.CreateRoot(&root);
    if (outcome.ok()) host_hccl::EncodeRootInfo(root, rootInfo);
    return outcome;
  });
}

HcclResult HcclCommInitRootInfo(uint32_t nRanks, const HcclRootInfo* rootInfo, uint32_t rank,
                                HcclComm* comm) {
  return ApiCall(__func__, [&] { return InitRootInfo(nRanks, rootInfo, rank, nullptr, comm); });
}

HcclResult HcclCommInitRootInfoConfig(uint32_t nRanks, const HcclRootInfo* rootInfo, uint32_t rank,
                                      const HcclCommConfig* config, HcclComm* comm) {
  return ApiCall(__func__, [&] {
    if (!config) return Null("config");
    return InitRootInfo(nRanks, rootInfo, rank, config, comm);
  });
}

HcclResult HcclCommInitAll(uint32_t ndev, int32_t* devices, HcclComm* comms) {
  return ApiCall(__func__, [&] { return InitAll(ndev, devices, comms); });
}

HcclResult HcclCommInitClusterInfo(const char*, uint32_t, HcclComm*) {
  return NoClusterInfo(__func__);
}

HcclResult HcclCommInitClusterInfoConfig(const char*, uint32_t, HcclCommConfig*, HcclComm*) {
  return NoClusterInfo(__func__);
}

HcclResult HcclCommDestroy(HcclComm comm) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = communicator->Close();
    if (outcome.ok()) ProcessState::Get().communicators.Remove(comm);
    return outcome;
  });
}

HcclResult HcclGetCommName(HcclComm comm, char* commName) {
  return ApiCall(__func__, [&]() -> Outcome {
    if (!commName) return Null("commName");
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok())
      memcpy(commName, communicator->name().c_str(), communicator->name().size() + 1);
    return outcome;
  });
}

HcclResult HcclGetRankSize(HcclComm comm, uint32_t* rankSize) {
  return ApiCall(__func__, [&]() -> Outcome {
    if (!rankSize) return Null("rankSize");
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) *rankSize = communicator->size();
    return outcome;
  });
}

HcclResult HcclGetRankId(HcclComm comm, uint32_t* rank) {
  return ApiCall(__func__, [&]() -> Outcome {
    if (!rank) return Null("rank");
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) *rank = communicator->rank();
    return outcome;
  });
}

HcclResult HcclGetCommAsyncError(HcclComm comm, HcclResult* asyncError) {
  return ApiCall(__func__, [&]() -> Outcome {
    if (!asyncError) return Null("asyncError");
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (!outcome.ok()) return outcome;
    std::string text;
    *asyncError = communicator->collective().LastResult(&text);
    // Who looks after the errors of all threads has this thread's text only.
    if (*asyncError != HCCL_SUCCESS) HostSetErrorText("HcclGetCommAsyncError: %s", text.c_str());
    return outcome;
  });
}

uint32_t HcclGetCommConfigCapability(void) { return host_hccl::kConfigCapability; }

}  // extern "C"
