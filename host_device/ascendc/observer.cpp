// SPDX-License-Identifier: Apache-2.0
#include "observer.h"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <mutex>

#include "cost_model.h"
#include "fault.h"
#include "trace.h"

namespace host_ascendc {
namespace {

std::atomic<uint64_t> last_access{0};

std::string PipeOf(const Access& access) {
  return Name(static_cast<Pipe>(access.epoch.lane % kPipes));
}

// What would have ordered two accesses.
std::string Remedy(const Access& earlier, Pipe now, uint32_t rank, uint32_t core) {
  const Pipe before = static_cast<Pipe>(earlier.epoch.lane % kPipes);
  if (earlier.rank != rank) {
    return "it needs a status word that the other rank writes after its PipeBarrier and this core "
           "reads";
  }
  if (earlier.core != core) return "it needs SyncAll or a status word between the cores";
  if (before == now) return Text("PipeBarrier<PIPE_%s> is missing", Name(now));
  return Text("SetFlag and WaitFlag of HardEvent::%s_%s are missing", Name(before), Name(now));
}

}  // namespace

Observer::Observer(uint32_t rank, uint32_t core, Lane first_lane, bool checks, Trace* trace)
    : rank_(rank), core_(core), first_lane_(first_lane), checks_(checks), trace_(trace) {
  before_ = Clock(first_lane);
  for (PipeState& state : pipes_) state.ready = state.complete = Clock(first_lane);
  now_.core = core;
  now_.rank = rank;
}

void Observer::Resume(const CorePast& past) {
  before_ = past.clock;
  for (int pipe = 0; pipe < kPipes; ++pipe) {
    PipeState& state = pipes_[pipe];
    state.started = past.started[pipe];
    state.ready.Join(past.clock);
    state.complete.Join(past.clock);
  }
}

Observer::CorePast Observer::Finish() {
  CorePast past;
  for (int pipe = 0; pipe < kPipes; ++pipe) past.started[pipe] = pipes_[pipe].started;
  past.clock = Everything();
  return past;
}

Clock Observer::Everything() const {
  Clock all(first_lane_);
  for (int pipe = 0; pipe < kPipes; ++pipe) {
    all.Join(pipes_[pipe].complete);
    all.RaiseOwn(static_cast<Pipe>(pipe), pipes_[pipe].started);
  }
  return all;
}

void Observer::Learn(Pipe pipe, const Clock& clock) {
  PipeState& state = pipe_state(pipe);
  const bool learned = state.ready.Join(clock);
  state.complete.Join(clock);
  if (learned && pipe == Pipe::kScalar) ++scalar_version_;
}

void Observer::Begin(Pipe pipe, const char* call, const Place& place, double cycles) {
  PipeState& state = pipe_state(pipe);
  if (pipe == Pipe::kScalar) {
    ++state.started;
    state.ready.RaiseOwn(Pipe::kScalar, state.started);
    state.complete.RaiseOwn(Pipe::kScalar, state.started);
    start_cycle_ = scalar_cycle_;
  } else {
    // The scalar pipe has dispatched it: what that has waited for was complete before. Its own
    // accesses to UB may still be on their way.
    if (state.dispatched_version != scalar_version_) {
      const Clock& scalar = pipe_state(Pipe::kScalar).ready;
      state.ready.JoinExcept(scalar, Pipe::kScalar);
      state.complete.JoinExcept(scalar, Pipe::kScalar);
      state.dispatched_version = scalar_version_;
    }
    ++state.started;
    start_cycle_ = std::max(state.free_cycle, scalar_cycle_);
  }
  now_pipe_ = pipe;
  now_.epoch = {first_lane_ + static_cast<Lane>(pipe), state.started};
  now_.place = place;
  now_.call = call;
  now_.number = last_access.fetch_add(1, std::memory_order_relaxed) + 1;
  now_.atomic = false;
  now_.cached = false;
  now_.release = nullptr;
  cycles_ = std::max<uint64_t>(1, static_cast<uint64_t>(cycles));
}

void Observer::End() {
  const uint64_t end = start_cycle_ + cycles_;
  if (now_pipe_ == Pipe::kScalar) {
    scalar_cycle_ = end;
  } else {
    pipe_state(now_pipe_).free_cycle = end;
    scalar_cycle_ += static_cast<uint64_t>(ScalarCycles());
  }
  ++counters_.instructions[Index(now_pipe_)];
  counters_.busy_cycles[Index(now_pipe_)] += cycles_;
  if (trace_ != nullptr) {
    trace_->Add({now_.call, now_.place, core_, now_pipe_, start_cycle_, cycles_});
  }
}

uint64_t Observer::last_cycle() const {
  uint64_t last = scalar_cycle_;
  for (const PipeState& state : pipes_) last = std::max(last, state.free_cycle);
  return last;
}

void Observer::CountUb(uint32_t bytes_in_use) {
  counters_.peak_ub_bytes = std::max<uint64_t>(counters_.peak_ub_bytes, bytes_in_use);
}

void Observer::FailOrder(const Access& earlier, bool earlier_wrote, bool writes,
                         const std::string& memory, uint64_t offset) {
  const std::string where = earlier.rank != rank_
                                ? Text(" by core %u of rank %u", earlier.core, earlier.rank)
                            : earlier.core != core_ ? Text(" by core %u", earlier.core)
                                                    : std::string();
  Fail(now_.place,
       "%s on pipe %s %s %s at byte %" PRIu64
       ", which %s on pipe %s %s at %s%s, and "
       "nothing orders the two: %s",
       now_.call, Name(now_pipe_), writes ? "writes" : "reads", memory.c_str(), offset,
       earlier.call, PipeOf(earlier).c_str(), earlier_wrote ? "wrote" : "reads",
       Show(earlier.place).c_str(), where.c_str(),
       Remedy(earlier, now_pipe_, rank_, core_).c_str());
}

void Observer::CheckOrder(const Shadow::Encounter& met, bool writes, const std::string& memory,
                          uint64_t offset, bool own_core_only) {
  const Clock& known = pipe_state(now_pipe_).ready;
  const auto ordered = [&](const Access& earlier) {
    if (own_core_only && !IsOwn(earlier)) return true;
    if (earlier.epoch.lane == now_.epoch.lane && earlier.epoch.time == now_.epoch.time) return true;
    return known.Knows(earlier.epoch);
  };
  // Readers first: whoever comes after them comes after what they have read.
  for (const Access& read : *met.reads) {
    if (writes && !ordered(read)) FailOrder(read, false, writes, memory, offset);
  }
  if (met.written && !(writes && now_.atomic && met.write->atomic) && !ordered(*met.write)) {
    FailOrder(*met.write, true, writes, memory, offset);
  }
}

void Observer::ReadUb(uint32_t address, uint32_t bytes) {
  if (bytes == 0) return;
  if (checks_) {
    ub_.Meet(address, address + bytes, [&](const Shadow::Encounter& met) {
      if (!met.written) {
        Fail(now_.place,
             "%s on pipe %s reads UB bytes %" PRIu64 " to %" PRIu64 ", which nothing has written",
             now_.call, Name(now_pipe_), met.begin, met.end - 1);
      }
      if (!met.defined) {
        Fail(
            now_.place,
            "%s on pipe %s reads UB bytes %" PRIu64 " to %" PRIu64
            ", whose content is void: %s at %s wrote them, and FreeTensor or a copy's padding came "
            "after it",
            now_.call, Name(now_pipe_), met.begin, met.end - 1, met.write->call,
            Show(met.write->place).c_str());
      }
      CheckOrder(met, false, "UB", met.begin, false);
      return true;
    });
  }
  ub_.Read(address, address + bytes, now_);
}

void Observer::WriteUb(uint32_t address, uint32_t bytes) {
  if (bytes == 0) return;
  if (checks_) {
    ub_.Meet(address, address + bytes, [&](const Shadow::Encounter& met) {
      CheckOrder(met, true, "UB", met.begin, false);
      return true;
    });
  }
  ub_.Write(address, address + bytes, now_);
}

void Observer::Acquire(const Shadow::Encounter& met) {
  if (!met.written || met.write->release == nullptr) return;
  const Release& release = *met.write->release;
  // Cycles of an earlier launch are not those of this one.
  if (!before_.Knows(met.write->epoch)) start_cycle_ = std::max(start_cycle_, release.cycle);
  PipeState& state = pipe_state(now_pipe_);
  state.complete.Join(release.clock);
  if (now_pipe_ == Pipe::kScalar && state.ready.Join(release.clock)) ++scalar_version_;
}

void Observer::CheckCache(const Shadow::Encounter& met, const GmSpace::Region& region,
                          uint64_t line_number) {
  if (!met.written) return;
  const Access& write = *met.write;
  const bool own_scalar = write.epoch.lane == LaneOf(Pipe::kScalar);
  if (write.cached && !(own_scalar && now_pipe_ == Pipe::kScalar)) {
    Fail(now_.place,
         "%s on pipe %s reads %s at byte %" PRIu64
         ", which %s at %s left in the data "
         "cache of core %u: DataCacheCleanAndInvalid is missing after it",
         now_.call, Name(now_pipe_), region.of->name.c_str(), met.begin, write.call,
         Show(write.place).c_str(), write.core);
  }
  if (now_pipe_ == Pipe::kScalar && !own_scalar && write.number > line_number) {
    Fail(now_.place,
         "%s reads %s at byte %" PRIu64
         " through the data cache, and %s at %s on pipe %s "
         "of core %u of rank %u wrote it since this core's last DataCacheCleanAndInvalid of that "
         "line",
         now_.call, region.of->name.c_str(), met.begin, write.call, Show(write.place).c_str(),
         PipeOf(write).c_str(), write.core, write.rank);
  }
}

void Observer::ReadGm(const GmSpace::Region& region, uint64_t offset, uint64_t bytes) {
  counters_.gm_read_bytes += bytes;
  if (region.history == nullptr || bytes == 0) return;
  const bool status = region.of->kind == Kind::kStatus;
  const std::lock_guard<std::mutex> lock(region.history->mutex);
  Shadow& shadow = region.history->shadow;
  shadow.Meet(offset, offset + bytes, [&](const Shadow::Encounter& met) {
    if (status) Acquire(met);
    if (checks_) {
      // A poll is not in order with the write that it waits for.
      if (!status) CheckOrder(met, false, region.of->name, met.begin, false);
      CheckCache(met, region, cache_.CleanSince(region, met.begin));
    }
    return true;
  });
  shadow.Read(offset, offset + bytes, now_);
}

void Observer::WriteGm(const GmSpace::Region& region, uint64_t offset, uint64_t bytes,
                       bool atomic) {
  counters_.gm_written_bytes += bytes;
  if (region.history == nullptr || bytes == 0) return;
  const bool status = region.of->kind == Kind::kStatus;
  const bool scalar = now_pipe_ == Pipe::kScalar;
  now_.atomic = atomic;
  now_.cached = scalar;
  if (status && !scalar) {
    auto release = std::make_shared<Release>();
    release->clock = pipe_state(now_pipe_).ready;
    release->cycle = start_cycle_ + cycles_;
    now_.release = std::move(release);
  }
  const std::lock_guard<std::mutex> lock(region.history->mutex);
  Shadow& shadow = region.history->shadow;
  if (checks_) {
    shadow.Meet(offset, offset + bytes, [&](const Shadow::Encounter& met) {
      CheckOrder(met, true, region.of->name, met.begin, status);
      return true;
    });
  }
  if (scalar) {
    if (checks_) CheckNeighbours(region, offset);
    cache_.NoteWrite(region, offset, now_.place);
  }
  shadow.Write(offset, offset + bytes, now_);
}

void Observer::SetFlag(Event event, Flag* flag) {
  PipeState& from = pipe_state(event.from);
  flag->clock = from.complete;
  flag->clock.RaiseOwn(event.from, from.started);
  flag->cycle = std::max(from.free_cycle, scalar_cycle_);
}

void Observer::WaitFlag(Event event, const Flag& flag) {
  Learn(event.to, flag.clock);
  if (event.to == Pipe::kScalar) {
    scalar_cycle_ = std::max(scalar_cycle_, flag.cycle);
  } else {
    PipeState& to = pipe_state(event.to);
    to.free_cycle = std::max(to.free_cycle, flag.cycle);
  }
}

void Observer::Barrier(Pipe pipe) {
  PipeState& state = pipe_state(pipe);
  state.complete.RaiseOwn(pipe, state.started);
  state.ready.Join(state.complete);
}

void Observer::BarrierAll() { Meet(Everything(), last_cycle()); }

void Observer::Meet(const Clock& all, uint64_t cycle) {
  for (int pipe = 0; pipe < kPipes; ++pipe) {
    Learn(static_cast<Pipe>(pipe), all);
    pipes_[pipe].free_cycle = std::max(pipes_[pipe].free_cycle, cycle);
  }
  scalar_cycle_ = std::max(scalar_cycle_, cycle);
}

// The cache writes whole lines back: a neighbour's bytes in the line would be lost.
void Observer::CheckNeighbours(const GmSpace::Region& region, uint64_t offset) {
  const DataCache::Line line = DataCache::LineOf(region, offset);
  region.history->shadow.Meet(line.begin, line.end, [&](const Shadow::Encounter& met) {
    if (!met.written || IsOwn(*met.write)) return true;
    if (pipe_state(now_pipe_).ready.Knows(met.write->epoch)) return true;
    Fail(now_.place,
         "%s writes %s at byte %" PRIu64 ", and core %u of rank %u wrote byte %" PRIu64
         " of the same cache line of 64 bytes at %s: one of the two is lost",
         now_.call, region.of->name.c_str(), offset, met.write->core, met.write->rank, met.begin,
         Show(met.write->place).c_str());
  });
}

std::shared_ptr<const Release> Observer::ScalarRelease() const {
  auto release = std::make_shared<Release>();
  release->clock = pipes_[Index(Pipe::kScalar)].ready;
  release->cycle = scalar_cycle_;
  return release;
}

void Observer::CleanLine(const GmSpace::Region& region, uint64_t offset, const Place& place) {
  Begin(Pipe::kScalar, "DataCacheCleanAndInvalid", place, ScalarCycles());
  cache_.Clean(region, offset, LaneOf(Pipe::kScalar), ScalarRelease(), now_.number);
  End();
}

void Observer::CleanAll(const Place& place) {
  Begin(Pipe::kScalar, "DataCacheCleanAndInvalid", place, ScalarCycles());
  cache_.CleanAll(LaneOf(Pipe::kScalar), ScalarRelease(), now_.number);
  End();
}

void Observer::ExpectCacheClean() const {
  if (checks_) cache_.ExpectClean();
}

}  // namespace host_ascendc
