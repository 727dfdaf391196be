// SPDX-License-Identifier: Apache-2.0
#include "core.h"

#include <algorithm>
#include <cinttypes>

#include "fault.h"

namespace host_ascendc {

thread_local Core* Core::current_ = nullptr;

Core::Core(const Launch* launch, const GmSpace* gm, uint32_t index, uint8_t* ub)
    : launch_(launch), gm_(gm), index_(index), ub_(ub) {}

Fibre& Core::fibre(FibreStack* stack) {
  if (fibre_ == nullptr) fibre_ = std::make_unique<Fibre>(stack);
  return *fibre_;
}

void Core::GiveWay(State state) {
  state_ = state;
  fibre_->GiveWay();
  if (cancelled_) throw Cancelled{};
}

void Core::CheckPatience(const char* call, const Place& place) {
  const std::chrono::duration<double> running = std::chrono::steady_clock::now() - resumed_;
  if (running.count() < launch_->patience_seconds) return;
  Fail(place,
       "%s: the core runs for %.0f s without giving way: a loop without end, or a wait for "
       "something that is no status word",
       call, running.count());
}

void Core::FailUb(const UbView& view, uint64_t bytes, uint32_t alignment, const char* call,
                  const Place& place) const {
  if (view.end == 0) Fail(place, "%s on a LocalTensor that has no buffer", call);
  if (view.address % alignment != 0) {
    Fail(place, "%s: UB address %u, want a multiple of %u", call, view.address, alignment);
  }
  Fail(place, "%s touches UB bytes %u to %" PRIu64 ", outside of its buffer of bytes %u to %u",
       call, view.address, view.address + bytes - 1, view.begin, view.end - 1);
}

const GmSpace::Region& Core::Gm(const void* address, uint64_t bytes, bool writes, const char* call,
                                const Place& place) const {
  const GmSpace::Region* region = gm_->Find(address, bytes);
  if (region == nullptr) {
    const GmRegion* near = gm_->Nearest(address);
    if (near == nullptr) {
      Fail(place,
           "%s %s %" PRIu64
           " bytes of global memory at %p, which is in none of the kernel's "
           "tensors and windows",
           call, writes ? "writes" : "reads", bytes, address);
    }
    const uint64_t offset =
        static_cast<uint64_t>(static_cast<const uint8_t*>(address) - near->address);
    Fail(place, "%s %s %" PRIu64 " bytes at byte %" PRIu64 " of %s, which has %" PRIu64, call,
         writes ? "writes" : "reads", bytes, offset, near->name.c_str(), near->bytes);
  }
  if (writes && !region->of->writable) {
    Fail(place, "%s writes %s, which this kernel may only read", call, region->of->name.c_str());
  }
  return *region;
}

void Core::SetFlag(Event event, int id, const Place& place) {
  events_.Set(event, id, place);
  if (observer_ != nullptr) observer_->SetFlag(event, &events_.flag(event, id));
}

void Core::WaitFlag(Event event, int id, const Place& place) {
  events_.Wait(event, id, place);
  if (observer_ != nullptr) observer_->WaitFlag(event, events_.flag(event, id));
}

void Core::Barrier(Pipe pipe) {
  if (observer_ != nullptr) observer_->Barrier(pipe);
}

void Core::BarrierAll() {
  if (observer_ != nullptr) observer_->BarrierAll();
}

void Core::BeforeStatusRead(const StatusRange& range, const GmRegion* region, const Place& place) {
  switch (watch_.OnRead(range, region, place)) {
    case StatusWatch::Advice::kGoOn:
      return;
    case StatusWatch::Advice::kGiveWay:
      return GiveWay(State::kReady);
    case StatusWatch::Advice::kPark:
      return GiveWay(State::kParked);
  }
}

void Core::MeetAll(const Place& place) {
  meeting_place_ = place;
  BarrierAll();
  GiveWay(State::kBarrier);
}

void Core::NoteLeftover(const Place& place, const char* what) {
  if (leftover_ != nullptr) return;
  leftover_ = what;
  leftover_place_ = place;
}

void Core::ExpectNothingLeft() {
  if (leftover_ != nullptr) Fail(leftover_place_, "%s", leftover_);
  if (atomic_ != AtomicAdd::kNone) {
    Fail(atomic_place_,
         "SetAtomicAdd is still on at the end of the kernel: SetAtomicNone is missing");
  }
  events_.ExpectAllDone(checked());
  if (observer_ != nullptr) observer_->ExpectCacheClean();
}

uint32_t Core::TakeUb(uint32_t bytes, const char* call, const Place& place) {
  const uint32_t rounded = (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  const uint32_t all = std::min(launch_->ub_bytes, kUbBytes);
  if (rounded < bytes || rounded > all - ub_used_) {
    Fail(place, "%s of %u bytes: UB has %u bytes and %u are taken", call, bytes, all, ub_used_);
  }
  const uint32_t address = ub_used_;
  ub_used_ += rounded;
  if (observer_ != nullptr) observer_->CountUb(ub_used_);
  return address;
}

}  // namespace host_ascendc
