// SPDX-License-Identifier: Apache-2.0
#include "launch.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core.h"
#include "core_memory.h"
#include "fault.h"
#include "gm_space.h"
#include "observer.h"
#include "rank_past.h"
#include "trace.h"

namespace host_ascendc {
namespace {

// Runs the cores of one launch in turns, each until it waits.
class CoreScheduler {
 public:
  CoreScheduler(const Launch& launch, const std::function<void()>& kernel_entry)
      : launch_(launch), kernel_entry_(kernel_entry), gm_(launch, Observed()) {}

  bool Run(Report* report, std::string* error);

 private:
  bool Observed() const { return launch_.checked || launch_.counted || launch_.trace != nullptr; }
  void MakeCores();
  void RunCore(Core* core);
  void Resume(Core* core);
  // False when no core could go on.
  bool Turn();
  bool ReleaseBarrier();
  // False, with error_, when the launch cannot go on.
  bool WaitForPeers();
  std::string WhoWaits(const std::string& why) const;
  void CancelAll();
  void Finish(Report* report);

  const Launch& launch_;
  const std::function<void()>& kernel_entry_;
  const GmSpace gm_;
  RankPast* past_ = nullptr;
  std::vector<std::unique_ptr<Core>> cores_;
  std::optional<std::string> error_;
};

void CoreScheduler::MakeCores() {
  CoreMemory& memory = CoreMemory::Own();
  memory.Reserve(launch_.cores);
  Clock before;
  if (Observed()) {
    past_ = &PastOf(launch_.device, launch_.rank);
    // A launch begins when all that its rank did before is complete.
    before = Clock(past_->FirstLane(0));
    for (const Observer::CorePast& core : past_->cores) before.Join(core.clock);
  }
  for (uint32_t index = 0; index < launch_.cores; ++index) {
    auto core = std::make_unique<Core>(&launch_, &gm_, index, memory.ub(index));
    if (Observed()) {
      auto observer = std::make_unique<Observer>(launch_.rank, index, past_->FirstLane(index),
                                                 launch_.checked, launch_.trace);
      Observer::CorePast past = past_->cores[index];
      past.clock.Join(before);
      observer->Resume(past);
      core->Observe(std::move(observer));
    }
    Core* self = core.get();
    core->fibre(memory.stack(index)).Start([this, self] { RunCore(self); });
    cores_.push_back(std::move(core));
  }
}

void CoreScheduler::RunCore(Core* core) {
  try {
    kernel_entry_();
    core->ExpectNothingLeft();
  } catch (const Fault& fault) {
    if (!error_) error_ = fault.text;
  } catch (const Cancelled&) {
  } catch (const std::exception& exception) {
    if (!error_) {
      error_ = Text("core %u of rank %u: %s", core->index(), core->rank(), exception.what());
    }
  }
  core->set_state(Core::State::kEnded);
}

void CoreScheduler::Resume(Core* core) {
  core->set_state(Core::State::kReady);
  Core::MakeCurrent(core);
  core->NoteResumed();
  core->fibre().Resume();
  Core::MakeCurrent(nullptr);
}

bool CoreScheduler::Turn() {
  bool went_on = false;
  for (const auto& core : cores_) {
    const bool can = core->state() == Core::State::kReady ||
                     (core->state() == Core::State::kParked && core->watch().Changed());
    if (!can) continue;
    went_on = true;
    Resume(core.get());
    if (error_) return true;
  }
  return went_on;
}

bool CoreScheduler::ReleaseBarrier() {
  const bool all = std::all_of(cores_.begin(), cores_.end(), [](const auto& core) {
    return core->state() == Core::State::kBarrier;
  });
  if (!all) return false;
  if (Observed()) {
    Clock together = cores_[0]->observer()->Everything();
    uint64_t cycle = 0;
    for (const auto& core : cores_) {
      together.Join(core->observer()->Everything());
      cycle = std::max(cycle, core->observer()->last_cycle());
    }
    for (const auto& core : cores_) core->observer()->Meet(together, cycle);
  }
  for (const auto& core : cores_) core->set_state(Core::State::kReady);
  return true;
}

std::string CoreScheduler::WhoWaits(const std::string& why) const {
  std::string text;
  size_t waiting = 0;
  for (const auto& core : cores_) {
    if (core->state() == Core::State::kEnded) continue;
    ++waiting;
    if (!text.empty()) continue;
    if (core->state() == Core::State::kBarrier) {
      text = Text("%s: core %u of rank %u waits in SyncAll", Show(core->meeting_place()).c_str(),
                  core->index(), launch_.rank);
    } else {
      const WaitingCore on = core->watch().Waits(core->index());
      text = Text("%s: core %u of rank %u waits for a change of %s at byte %llu",
                  Show(on.place).c_str(), core->index(), launch_.rank, on.region->name.c_str(),
                  static_cast<unsigned long long>(on.offset));
    }
  }
  return text + Text(", with %zu of %u cores waiting: ", waiting, launch_.cores) + why;
}

bool CoreScheduler::WaitForPeers() {
  Waiting waiting;
  for (const auto& core : cores_) {
    if (core->state() == Core::State::kParked) {
      waiting.push_back(core->watch().Waits(core->index()));
    }
  }
  if (waiting.empty()) {
    error_ = WhoWaits("the other cores have ended and will not come");
    return false;
  }
  std::string why = "no other core or rank can write it";
  if (launch_.wait && launch_.wait(waiting, &why)) return true;
  error_ = WhoWaits(why);
  return false;
}

void CoreScheduler::CancelAll() {
  for (const auto& core : cores_) {
    if (core->state() == Core::State::kEnded) continue;
    core->Cancel();
    if (core->fibre().ended()) continue;
    Resume(core.get());
  }
}

void CoreScheduler::Finish(Report* report) {
  if (!Observed()) return;
  Report all;
  for (const auto& core : cores_) {
    past_->cores[core->index()] = core->observer()->Finish();
    Counters counters = core->observer()->counters();
    counters.cycles = core->observer()->last_cycle();
    all.total.gm_read_bytes += counters.gm_read_bytes;
    all.total.gm_written_bytes += counters.gm_written_bytes;
    for (int pipe = 0; pipe < kPipes; ++pipe) {
      all.total.instructions[pipe] += counters.instructions[pipe];
      all.total.busy_cycles[pipe] += counters.busy_cycles[pipe];
    }
    all.total.cycles = std::max(all.total.cycles, counters.cycles);
    all.total.peak_ub_bytes = std::max(all.total.peak_ub_bytes, counters.peak_ub_bytes);
    all.cores.push_back(counters);
  }
  if (report != nullptr) *report = std::move(all);
}

bool CoreScheduler::Run(Report* report, std::string* error) {
  MakeCores();
  const auto ended = [](const auto& core) { return core->state() == Core::State::kEnded; };
  while (!error_ && !std::all_of(cores_.begin(), cores_.end(), ended)) {
    if (!Turn() && !ReleaseBarrier()) WaitForPeers();
  }
  if (error_) CancelAll();
  Finish(report);
  if (!error_) return true;
  *error = std::string(launch_.kernel) + ": " + *error_;
  return false;
}

}  // namespace

bool Run(const Launch& launch, const std::function<void()>& kernel_entry, Report* report,
         std::string* error) {
  if (launch.cores == 0 || launch.cores > kMaxCores) {
    *error = Text("%s: %u cores, want 1 to %u", launch.kernel, launch.cores, kMaxCores);
    return false;
  }
  try {
    return CoreScheduler(launch, kernel_entry).Run(report, error);
  } catch (const std::exception& exception) {
    *error = std::string(launch.kernel) + ": " + exception.what();
    return false;
  }
}

}  // namespace host_ascendc
