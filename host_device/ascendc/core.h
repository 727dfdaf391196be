// SPDX-License-Identifier: Apache-2.0
// One vector core of a launch: its unified buffer, its event flags, its place among the cores.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "events.h"
#include "fibre.h"
#include "gm_space.h"
#include "launch.h"
#include "observer.h"
#include "place.h"
#include "status_watch.h"

namespace AscendC {
class TPipe;
}

namespace host_ascendc {

class BufferQueue;

// Of every Atlas A3: CANN 8.1.RC1, platform_config/Ascend910_93*.ini, ub_size and ubblock_size.
constexpr uint32_t kUbBytes = 192 * 1024;
constexpr uint32_t kBlockBytes = 32;

// A place in UB and the buffer it lies in, from which an operand must not stray.
struct UbView {
  uint32_t address = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// What SetAtomicAdd has asked of copies to global memory.
enum class AtomicAdd : uint8_t { kNone, kFloat, kHalf, kBf16, kInt16, kInt32, kInt8 };

class Core {
 public:
  enum class State { kReady, kBarrier, kParked, kEnded };

  Core(const Launch* launch, const GmSpace* gm, uint32_t index, uint8_t* ub);

  // The core whose kernel runs on this thread now.
  static Core& Current() { return *current_; }
  static void MakeCurrent(Core* core) { current_ = core; }

  uint32_t index() const { return index_; }
  uint32_t rank() const { return launch_->rank; }
  uint32_t cores() const { return launch_->cores; }
  const void* hccl_context(int group) const { return launch_->hccl_contexts[group]; }

  uint64_t tiling_key() const { return launch_->tiling_key; }

  Events& events() { return events_; }
  Observer* observer() { return observer_.get(); }
  void Observe(std::unique_ptr<Observer> observer) { observer_ = std::move(observer); }
  bool checked() const { return launch_->checked; }
  bool fused_products() const { return launch_->fused_products; }
  StatusWatch& watch() { return watch_; }

  // Operands; fail where they stray or are not aligned.
  uint8_t* Ub(const UbView& view, uint64_t bytes, uint32_t alignment, const char* call,
              const Place& place) {
    if (view.address % alignment != 0 || view.address < view.begin ||
        view.address + bytes > view.end) {
      FailUb(view, bytes, alignment, call, place);
    }
    return ub_ + view.address;
  }
  uint8_t* UbBase() { return ub_; }
  const GmSpace::Region& Gm(const void* address, uint64_t bytes, bool writes, const char* call,
                            const Place& place) const;

  // Flags and barriers between the pipes of this core.
  void SetFlag(Event event, int id, const Place& place);
  void WaitFlag(Event event, int id, const Place& place);
  void Barrier(Pipe pipe);
  void BarrierAll();

  // Called by what a loop without end would call.
  void CountRead(const char* call, const Place& place) {
    if (++reads_ % kReadsPerLook == 0) CheckPatience(call, place);
  }
  // Gives way where the words are what they were when this core last looked.
  void BeforeStatusRead(const StatusRange& range, const GmRegion* region, const Place& place);
  AtomicAdd atomic() const { return atomic_; }
  void SetAtomic(AtomicAdd atomic, const Place& place) {
    atomic_ = atomic;
    atomic_place_ = place;
  }

  // Until all cores of the rank have come here.
  void MeetAll(const Place& place);
  const Place& meeting_place() const { return meeting_place_; }

  // TPipe's memory.
  uint32_t TakeUb(uint32_t bytes, const char* call, const Place& place);
  void FreeUb() { ub_used_ = 0; }
  uint32_t ub_used() const { return ub_used_; }

  AscendC::TPipe* pipe = nullptr;
  std::vector<BufferQueue*> queues;  // that have buffers

  // Something that should be gone by now; the first one fails the kernel at its end.
  void NoteLeftover(const Place& place, const char* what);
  void ExpectNothingLeft();

  // For the launch.
  Fibre& fibre(FibreStack* stack = nullptr);
  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  void NoteResumed() {
    reads_ = 0;
    resumed_ = std::chrono::steady_clock::now();
  }
  void Cancel() { cancelled_ = true; }
  void GiveWay(State state);

 private:
  static constexpr uint32_t kReadsPerLook = 1 << 16;

  void CheckPatience(const char* call, const Place& place);
  [[noreturn]] void FailUb(const UbView& view, uint64_t bytes, uint32_t alignment, const char* call,
                           const Place& place) const;

  static thread_local Core* current_;

  const Launch* const launch_;
  const GmSpace* const gm_;
  const uint32_t index_;
  uint8_t* const ub_;
  uint32_t ub_used_ = 0;
  Events events_;
  StatusWatch watch_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<Fibre> fibre_;
  State state_ = State::kReady;
  bool cancelled_ = false;
  uint32_t reads_ = 0;
  std::chrono::steady_clock::time_point resumed_;
  Place meeting_place_;
  AtomicAdd atomic_ = AtomicAdd::kNone;
  Place atomic_place_;
  const char* leftover_ = nullptr;
  Place leftover_place_;
};

}  // namespace host_ascendc
