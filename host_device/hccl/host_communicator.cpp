// SPDX-License-Identifier: Apache-2.0
// The seam: see host_device/seam/host_communicator.h.
#include "host_communicator.h"

#include <cstdio>
#include <cstring>

#include "process_state.h"

struct HostComm {
  std::shared_ptr<host_hccl::Communicator> communicator;
};

extern "C" {

HcclResult HostCommAcquire(const char* name, int32_t device, HostComm** comm) try {
  if (!name || !comm) {
    HostSetErrorText("%s is null", name ? "comm" : "name");
    return HCCL_E_PTR;
  }
  std::shared_ptr<host_hccl::Communicator> found;
  const host_hccl::Outcome outcome =
      host_hccl::ProcessState::Get().communicators.FindByName(name, device, &found);
  if (!outcome.ok()) {
    HostSetErrorText("%s", outcome.text.c_str());
    return outcome.code;
  }
  *comm = std::make_unique<HostComm>(HostComm{std::move(found)}).release();
  return HCCL_SUCCESS;
} catch (...) {
  HostSetErrorText("out of memory");
  return HCCL_E_OOM;
}

void HostCommRelease(HostComm* comm) { delete comm; }

void HostCommGetInfo(const HostComm* comm, HostCommInfo* info) {
  const host_hccl::Communicator& communicator = *comm->communicator;
  memset(info, 0, sizeof(*info));
  snprintf(info->name, sizeof(info->name), "%s", communicator.name().c_str());
  info->rank = communicator.rank();
  info->size = communicator.size();
  info->local_size = communicator.size();
  info->window_bytes = communicator.segment().layout().window_bytes;
  info->status_bytes = host_hccl::kStatusBytes;
}

aclError HostCollectiveBegin(HostComm* comm, const HostCollectiveSignature* signature,
                             HostCollective** collective, HostFailure* failure) try {
  *collective = nullptr;
  HostCollective& flight = comm->communicator->collective();
  const aclError status = flight.Begin(signature, failure);
  if (status != ACL_SUCCESS) return status;
  flight.keeper = comm->communicator;
  *collective = &flight;
  return ACL_SUCCESS;
} catch (...) {
  snprintf(failure->text, sizeof(failure->text), "out of memory");
  return ACL_ERROR_RT_MEMORY_ALLOCATION;
}

uint32_t HostCollectiveEpoch(const HostCollective* collective) { return collective->epoch(); }

uint8_t* HostCollectiveWindow(const HostCollective* collective, uint32_t rank) {
  return collective->segment().window(rank);
}

uint8_t* HostCollectiveStatus(const HostCollective* collective, uint32_t rank) {
  return collective->segment().status(rank);
}

void HostCollectivePublish(HostCollective* collective) { collective->Publish(); }

void HostCollectivePublishFailure(HostCollective* collective, const char* text) {
  collective->PublishFailure(text);
}

aclError HostCollectiveAwait(HostCollective* collective, uint32_t rank, HostFailure* failure) try {
  return collective->Await(rank, failure);
} catch (...) {
  snprintf(failure->text, sizeof(failure->text), "out of memory while awaiting rank %u", rank);
  return ACL_ERROR_RT_MEMORY_ALLOCATION;
}

aclError HostCollectivePeerHeap(HostCollective* collective, uint32_t rank, const uint8_t** base,
                                uint64_t* bytes, HostFailure* failure) try {
  const host_hccl::PeerHeap* heap = nullptr;
  const host_hccl::Outcome outcome = collective->keeper->PeerHeapOf(rank, &heap);
  if (!outcome.ok()) {
    snprintf(failure->text, sizeof(failure->text), "rank %u: %s", rank, outcome.text.c_str());
    return ACL_ERROR_RT_VECTOR_CORE_EXCEPTION;
  }
  *base = heap->base();
  *bytes = heap->bytes();
  return ACL_SUCCESS;
} catch (...) {
  snprintf(failure->text, sizeof(failure->text), "out of memory while mapping rank %u's", rank);
  return ACL_ERROR_RT_MEMORY_ALLOCATION;
}

void HostCollectivePublishStep(HostCollective* collective, uint32_t step) {
  collective->PublishStep(step);
}

aclError HostCollectiveAwaitStep(HostCollective* collective, uint32_t rank, uint32_t step,
                                 HostFailure* failure) try {
  return collective->AwaitStep(rank, step, failure);
} catch (...) {
  snprintf(failure->text, sizeof(failure->text), "out of memory while awaiting rank %u", rank);
  return ACL_ERROR_RT_MEMORY_ALLOCATION;
}

void HostCollectiveEnd(HostCollective* collective) {
  // The communicator may end with this.
  const auto keeper = std::move(collective->keeper);
  collective->End();
}

}  // extern "C"
