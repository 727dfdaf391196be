// SPDX-License-Identifier: Apache-2.0
// Watches one core of a launch that is checked, counted or traced: what orders its instructions,
// what they touch, and when they could run. An instruction is Begin, its reads, its writes, End.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data_cache.h"
#include "events.h"
#include "gm_space.h"
#include "launch.h"
#include "pipe_clock.h"
#include "shadow.h"

namespace host_ascendc {

class Observer {
 public:
  // What the ranks of a process keep from launch to launch: time goes on, and a launch begins after
  // all that earlier ones of its rank did.
  struct CorePast {
    uint32_t started[kPipes] = {};
    Clock clock;
  };

  Observer(uint32_t rank, uint32_t core, Lane first_lane, bool checks, Trace* trace);

  void Resume(const CorePast& past);
  CorePast Finish();

  void Begin(Pipe pipe, const char* call, const Place& place, double cycles);
  void ReadUb(uint32_t address, uint32_t bytes);
  void WriteUb(uint32_t address, uint32_t bytes);
  // The content is void from now on.
  void SpoilUb(uint32_t address, uint32_t bytes) { ub_.Spoil(address, address + bytes); }
  void ReadGm(const GmSpace::Region& region, uint64_t offset, uint64_t bytes);
  void WriteGm(const GmSpace::Region& region, uint64_t offset, uint64_t bytes, bool atomic);
  void End();

  void SetFlag(Event event, Flag* flag);
  void WaitFlag(Event event, const Flag& flag);
  void Barrier(Pipe pipe);
  void BarrierAll();
  // All cores of the rank have met; earliest is the cycle at which the last one came.
  Clock Everything() const;
  void Meet(const Clock& all, uint64_t cycle);
  uint64_t scalar_cycle() const { return scalar_cycle_; }
  uint64_t last_cycle() const;

  // DataCacheCleanAndInvalid.
  void CleanLine(const GmSpace::Region& region, uint64_t offset, const Place& place);
  void CleanAll(const Place& place);
  void ExpectCacheClean() const;

  void CountUb(uint32_t bytes_in_use);
  const Counters& counters() const { return counters_; }

 private:
  struct PipeState {
    uint32_t started = 0;
    Clock ready;     // what the next instruction may rely on
    Clock complete;  // and once all that has started is complete
    uint64_t free_cycle = 0;
    uint64_t dispatched_version = 0;
  };
  PipeState& pipe_state(Pipe pipe) { return pipes_[Index(pipe)]; }
  void Learn(Pipe pipe, const Clock& clock);
  void Acquire(const Shadow::Encounter& met);
  void CheckOrder(const Shadow::Encounter& met, bool writes, const std::string& memory,
                  uint64_t offset, bool own_core_only);
  void CheckCache(const Shadow::Encounter& met, const GmSpace::Region& region,
                  uint64_t line_number);
  [[noreturn]] void FailOrder(const Access& earlier, bool earlier_wrote, bool writes,
                              const std::string& memory, uint64_t offset);
  void CheckNeighbours(const GmSpace::Region& region, uint64_t offset);
  std::shared_ptr<const Release> ScalarRelease() const;
  bool IsOwn(const Access& access) const {
    return access.epoch.lane - first_lane_ < static_cast<Lane>(kPipes);
  }
  Lane LaneOf(Pipe pipe) const { return first_lane_ + static_cast<Lane>(pipe); }

  const uint32_t rank_;
  const uint32_t core_;
  const Lane first_lane_;
  const bool checks_;
  Trace* const trace_;

  Clock before_;  // what was done when the launch began
  PipeState pipes_[kPipes];
  uint64_t scalar_version_ = 1;
  uint64_t scalar_cycle_ = 0;
  Shadow ub_;

  Pipe now_pipe_ = Pipe::kScalar;
  Access now_;
  uint64_t start_cycle_ = 0;
  uint64_t cycles_ = 0;

  DataCache cache_;
  Counters counters_;
};

}  // namespace host_ascendc
