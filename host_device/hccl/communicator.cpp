// SPDX-License-Identifier: Apache-2.0
#include "communicator.h"

#include <cinttypes>
#include <cstdio>

#include "formation.h"
#include "process_state.h"

namespace host_hccl {
namespace {

std::string DerivedName(const Nonce& nonce) {
  char name[64];
  snprintf(name, sizeof(name), "host_%016" PRIx64, nonce.words[0]);
  return name;
}

}  // namespace

Communicator::Communicator(std::shared_ptr<SharedSegment> segment, const Request& request,
                           std::string name)
    : segment_(std::move(segment)),
      rank_(request.rank),
      device_(request.device),
      part_(request.part),
      name_(std::move(name)),
      connect_timeout_seconds_(request.settings.connect_timeout_seconds),
      collective_(segment_, rank_, name_, request.settings.exec_timeout_seconds),
      directions_(2 * size_t{request.ranks}),
      heaps_(request.ranks) {}

Outcome Communicator::Enter(const Request& request, std::shared_ptr<Communicator>* communicator) {
  if (request.rank >= request.ranks) {
    return Failed(HCCL_E_PARA, "rank is %u: want less than nRanks, which is %u", request.rank,
                  request.ranks);
  }
  const std::string name =
      request.settings.name.empty() ? DerivedName(request.root.nonce) : request.settings.name;
  ProcessState& process = ProcessState::Get();
  // Before the slot is taken, so that a refusal here does not disturb the others.
  Outcome outcome = process.communicators.Reserve(name, request.device);
  if (!outcome.ok()) return outcome;
  std::shared_ptr<SharedSegment> segment;
  outcome = process.segments.Attach(request.root, request.ranks, request.settings.window_megabytes,
                                    &segment);
  std::shared_ptr<Communicator> made;
  if (outcome.ok()) made.reset(new Communicator(segment, request, name));
  if (outcome.ok()) outcome = ClaimRank(*segment, request.rank, name);
  if (!outcome.ok()) {
    if (made) made->left_ = true;  // the slot is another's
    process.communicators.Unreserve(name, request.device);
    return outcome;
  }
  *communicator = std::move(made);
  return {};
}

Outcome Communicator::AwaitAll() {
  Outcome outcome = AwaitFormation(segment_.get(), rank_, connect_timeout_seconds_);
  ProcessState& process = ProcessState::Get();
  // Formed or broken: nobody else can come.
  process.segments.DropRoot(segment_->nonce());
  if (outcome.ok()) return outcome;
  std::lock_guard<std::mutex> lock(leave_mutex_);
  left_ = true;
  process.communicators.Unreserve(name_, device_);
  return outcome;
}

Communicator::~Communicator() {
  if (segment_->InOwnerProcess()) Leave();
}

void Communicator::Leave() {
  std::lock_guard<std::mutex> lock(leave_mutex_);
  if (left_) return;
  left_ = true;
  LeaveRank(*segment_, rank_);
  ProcessState::Get().communicators.Unreserve(name_, device_);
}

Outcome Communicator::Close() {
  if (!collective_.Close()) {
    return Failed(
        HCCL_E_UNAVAIL,
        "a collective of rank %u on '%s' is still in flight; synchronise its stream first", rank_,
        name_.c_str());
  }
  Leave();
  return {};
}

Outcome Communicator::PeerHeapOf(uint32_t rank, const PeerHeap** heap) {
  const std::lock_guard<std::mutex> lock(heaps_mutex_);
  std::shared_ptr<PeerHeap>& found = heaps_[rank];
  if (found == nullptr) {
    Outcome outcome = ProcessState::Get().heaps.Open(segment_->slot(rank), &found);
    if (!outcome.ok()) return outcome;
  }
  *heap = found.get();
  return {};
}

}  // namespace host_hccl
