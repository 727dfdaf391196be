// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "launch.h"
#include "op_kernel/ascend910_93/hccl_context.h"
#include "op_kernel/ascend910_93/status_places.h"
#include "op_kernel/host_ascendc/kernel_entry.h"
#include "op_plan/window_layout.h"

namespace kernel_test {

using combine_kernel::HcclContext;
using combine_kernel::HcclRemotePointer;
using combine_kernel::HcclRemoteRank;
using host_ascendc::GmRegion;
using host_ascendc::Kind;
using op_plan::CombineTensor;

namespace {

constexpr uint64_t kStatusBytes = op_plan::kStatusBytesPerRank;
constexpr uint64_t kLineBytes = 512;

// Memory that begins at a multiple of what a window is aligned to.
class Memory {
 public:
  explicit Memory(uint64_t bytes)
      : words_(bytes / 8 + kLineBytes / 8, 0), address_(Align(words_.data())), bytes_(bytes) {}
  uint8_t* address() const { return address_; }
  uint64_t bytes() const { return bytes_; }

 private:
  static uint8_t* Align(uint64_t* words) {
    const auto address = reinterpret_cast<uintptr_t>(words);
    return reinterpret_cast<uint8_t*>((address + kLineBytes - 1) / kLineBytes * kLineBytes);
  }
  std::vector<uint64_t> words_;
  uint8_t* const address_;
  const uint64_t bytes_;
};

// One communicator.
class Group {
 public:
  Group(uint32_t size, uint64_t window_bytes, std::vector<uint32_t> live, const char* name)
      : size_(size), live_(std::move(live)), name_(name) {
    for (uint32_t rank = 0; rank < size; ++rank) {
      windows_.push_back(std::make_unique<Memory>(window_bytes));
      statuses_.push_back(std::make_unique<Memory>(kStatusBytes));
    }
    for (uint32_t rank = 0; rank < size; ++rank) contexts_.push_back(MakeContext(rank));
  }
  const void* context(uint32_t rank) const { return contexts_[rank].data(); }
  uint8_t* status(uint32_t rank) const { return statuses_[rank]->address(); }
  uint64_t window_bytes() const { return windows_[0]->bytes(); }
  void AddRegions(std::vector<GmRegion>* regions) const {
    for (const uint32_t rank : live_) {
      Add(regions, "window", *windows_[rank], Kind::kWindow, rank);
      Add(regions, "status area", *statuses_[rank], Kind::kStatus, rank);
    }
  }
  void Forget() const {
    std::vector<GmRegion> regions;
    AddRegions(&regions);
    for (const GmRegion& region : regions) host_ascendc::ForgetMemory(region);
  }

  // Nothing of an earlier launch is left in the windows, as dispatch would leave them.
  void SoilWindows() const {
    for (const auto& window : windows_) std::memset(window->address(), kSoil, window->bytes());
    std::vector<GmRegion> regions;
    AddRegions(&regions);
    for (const GmRegion& region : regions) {
      if (region.kind == Kind::kWindow) host_ascendc::ForgetMemory(region);
    }
  }
  bool HalfIsSoiled(uint32_t half) const {
    return std::all_of(live_.begin(), live_.end(), [&](uint32_t rank) {
      const uint64_t bytes = window_bytes() / 2;
      const uint8_t* const first = windows_[rank]->address() + half * bytes;
      return std::all_of(first, first + bytes, [](uint8_t byte) { return byte == kSoil; });
    });
  }

 private:
  static constexpr uint8_t kSoil = 0x7F;  // a row of it is not finite, a position far outside

  static uint64_t Word(const void* address) { return reinterpret_cast<uintptr_t>(address); }

  std::vector<uint64_t> MakeContext(uint32_t self) const {
    const size_t head = (offsetof(HcclContext, remote) + size_ * sizeof(HcclRemotePointer)) / 8;
    std::vector<uint64_t> words(head + size_ * sizeof(HcclRemoteRank) / 8);
    auto* const context = reinterpret_cast<HcclContext*>(words.data());
    auto* const pointers =
        reinterpret_cast<HcclRemotePointer*>(words.data() + offsetof(HcclContext, remote) / 8);
    auto* const remotes = reinterpret_cast<HcclRemoteRank*>(words.data() + head);
    context->rank = self;
    context->rank_size = size_;
    context->window_in = Word(windows_[self]->address());
    context->status = Word(statuses_[self]->address());
    // Those of ranks that are gone too, so that who writes there is found by the check of regions.
    for (uint32_t rank = 0; rank < size_; ++rank) {
      remotes[rank].window_in = Word(windows_[rank]->address());
      remotes[rank].status = Word(statuses_[rank]->address());
      pointers[rank].device = Word(&remotes[rank]);
    }
    return words;
  }
  void Add(std::vector<GmRegion>* regions, const char* what, const Memory& memory, Kind kind,
           uint32_t rank) const {
    GmRegion region;
    region.name = std::string(what) + " of " + name_ + " rank " + std::to_string(rank);
    region.address = memory.address();
    region.bytes = memory.bytes();
    region.writable = true;
    region.kind = kind;
    region.rank = rank;
    regions->push_back(region);
  }

  const uint32_t size_;
  const std::vector<uint32_t> live_;
  const std::string name_;
  std::vector<std::unique_ptr<Memory>> windows_, statuses_;
  std::vector<std::vector<uint64_t>> contexts_;
};

// Ranks that can go no further meet here, as the host device's do (host_ascendc/rounds.h).
class Meeting {
 public:
  explicit Meeting(uint32_t ranks) : rounds_(ranks, 0) {}

  bool Next(uint32_t rank, std::string* why) {
    std::unique_lock<std::mutex> lock(mutex_);
    const uint32_t mine = ++rounds_[rank];
    changed_.notify_all();
    changed_.wait(lock, [&] {
      return stopped_ || *std::min_element(rounds_.begin(), rounds_.end()) >= mine;
    });
    if (!stopped_ && mine <= kMostRounds) return true;
    *why = stopped_ ? "another rank has failed" : "every rank has done what it can";
    return false;
  }
  // This rank waits for nobody any more; `failed`: nobody shall wait for it either.
  void End(uint32_t rank, bool failed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    rounds_[rank] = UINT32_MAX;
    stopped_ = stopped_ || failed;
    changed_.notify_all();
  }

 private:
  static constexpr uint32_t kMostRounds = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint32_t> rounds_;
  bool stopped_ = false;
};

// The tensors of one rank under the kernel's names.
class LaunchTensors {
 public:
  LaunchTensors(RankInputs& in, RankOutputs& out) {
    Input(op_plan::kExpandX, in.expand_x);
    Input(op_plan::kExpertIds, in.expert_ids);
    Input(op_plan::kExpandIdx, in.expand_idx);
    Input(op_plan::kEpSendCounts, in.ep_send_counts);
    Input(op_plan::kExpertScales, in.expert_scales);
    Input(op_plan::kResidualX, in.residual_x);
    Input(op_plan::kGamma, in.gamma);
    Input(op_plan::kTpSendCounts, in.tp_send_counts);
    Input(op_plan::kXActiveMask, in.mask);
    Input(op_plan::kSharedExpertX, in.shared_x);
    Input(op_plan::kElasticInfo, in.elastic_info);
    Input(op_plan::kOriX, in.ori_x);
    Input(op_plan::kConstExpertAlpha1, in.alpha_1);
    Input(op_plan::kConstExpertAlpha2, in.alpha_2);
    Input(op_plan::kConstExpertV, in.const_v);
    Add(op_plan::kY, out.y, true);
    Add(op_plan::kRstdOut, out.rstd, true);
    Add(op_plan::kX, out.x, true);
  }
  uint8_t* address(uint32_t tensor) const { return addresses_[tensor]; }
  const std::vector<GmRegion>& regions() const { return regions_; }

 private:
  template <typename T>
  void Input(uint32_t tensor, std::vector<T>& values) {
    if (!values.empty()) Add(tensor, values, false);
  }
  template <typename T>
  void Add(uint32_t tensor, std::vector<T>& values, bool writable) {
    addresses_[tensor] = reinterpret_cast<uint8_t*>(values.data());
    GmRegion region;
    region.name = op_plan::CombineTensorName(tensor);
    region.address = addresses_[tensor];
    region.bytes = values.size() * sizeof(T);
    region.writable = writable;
    regions_.push_back(region);
  }
  uint8_t* addresses_[op_plan::kCombineTensors] = {};
  std::vector<GmRegion> regions_;
};

class World {
 public:
  World(const Scenario& scenario, bool checked) : scenario_(scenario), checked_(checked) {
    const op_plan::ExpertParallel ep = Layer(scenario, 0).Plan(0).ep;
    const uint64_t window = (op_plan::RequiredBufferBytes(ep) + 4095) / 4096 * 4096;
    std::vector<uint32_t> live;
    for (uint32_t rank = 0; rank < scenario.ep; ++rank) live.push_back(scenario.Original(rank));
    for (uint32_t tp = 0; tp < scenario.tp; ++tp) {
      ep_groups_.push_back(std::make_unique<Group>(scenario.CommSize(), window, live, "group_ep"));
    }
    if (scenario.tp == 2) {
      for (uint32_t rank = 0; rank < scenario.ep; ++rank) {
        pairs_.push_back(
            std::make_unique<Group>(2, window, std::vector<uint32_t>{0, 1}, "group_tp"));
      }
    }
  }
  ~World() {
    for (const auto& group : ep_groups_) group->Forget();
    for (const auto& group : pairs_) group->Forget();
  }

  std::vector<host_ascendc::Report> Count(std::string* why) {
    counted_ = true;
    Layer layer(scenario_, 1);
    reports_.resize(layer.ranks());
    *why = RunLaunch(&layer);
    return why->empty() ? reports_ : std::vector<host_ascendc::Report>();
  }

  std::string Run() {
    for (uint32_t launch = 0; launch < scenario_.launches; ++launch) {
      Layer layer(scenario_, launch + 1);
      for (const auto& group : ep_groups_) group->SoilWindows();
      for (const auto& group : pairs_) group->SoilWindows();
      std::string found = RunLaunch(&layer);
      if (found.empty()) found = CheckHalves(launch % 2);
      if (!found.empty()) return "launch " + std::to_string(launch) + ": " + found;
    }
    return FlagsLeft();
  }

 private:
  std::string RunLaunch(Layer* layer) {
    const uint32_t ranks = layer->ranks();
    std::vector<RankOutputs> outputs;
    for (uint32_t rank = 0; rank < ranks; ++rank) outputs.push_back(layer->Untouched(rank));
    std::vector<std::string> errors(ranks);
    Meeting meeting(ranks);
    std::vector<std::thread> threads;
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      threads.emplace_back([&, rank] {
        errors[rank] = RunRank(rank, layer, &outputs[rank], &meeting);
        meeting.End(rank, !errors[rank].empty());
      });
    }
    for (std::thread& thread : threads) thread.join();
    // What stopped the others first.
    std::sort(errors.begin(), errors.end(), [](const std::string& a, const std::string& b) {
      return a.find("another rank has failed") == std::string::npos &&
             b.find("another rank has failed") != std::string::npos;
    });
    for (const std::string& error : errors) {
      if (!error.empty()) return error;
    }
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      const std::string wrong = layer->Compare(rank, outputs[rank]);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string RunRank(uint32_t rank, Layer* layer, RankOutputs* out, Meeting* meeting) {
    const uint32_t tp = rank % scenario_.tp;
    const uint32_t ep = rank / scenario_.tp;
    const op_plan::CombinePlan plan = layer->Plan(rank);
    const Group& group = *ep_groups_[tp];
    const Group* const pair = scenario_.tp == 2 ? pairs_[ep].get() : nullptr;
    op_plan::CombineTiling tiling = {};
    const op_plan::CombineShapes shapes = {scenario_.shared_x, (scenario_.alpha_rows & 1) != 0,
                                           (scenario_.alpha_rows & 2) != 0};
    const op_plan::CombineResources resources = {scenario_.cores, op_plan::kUsableUbBytes,
                                                 group.window_bytes(),
                                                 pair == nullptr ? 0 : pair->window_bytes()};
    if (!op_plan::FillCombineTiling(plan, shapes, resources, &tiling)) return "UB is too small";
    const LaunchTensors tensors(layer->inputs(rank), *out);
    host_ascendc::Launch launch;
    launch.kernel = "combine";
    launch.cores = scenario_.cores;
    launch.rank = rank;
    launch.device = rank;
    launch.checked = checked_;
    launch.counted = counted_;
    launch.fused_products = scenario_.fused_products;
    launch.ub_bytes = op_plan::kUsableUbBytes;
    launch.regions = tensors.regions();
    group.AddRegions(&launch.regions);
    launch.hccl_contexts[0] = group.context(scenario_.Original(ep));
    if (pair != nullptr) {
      pair->AddRegions(&launch.regions);
      launch.hccl_contexts[1] = pair->context(tp);
    }
    GmRegion region;
    region.name = "tiling";
    region.address = reinterpret_cast<uint8_t*>(&tiling);
    region.bytes = sizeof(tiling);
    launch.regions.push_back(region);
    launch.wait = [&](const host_ascendc::Waiting&, std::string* why) {
      return meeting->Next(rank, why);
    };
    std::string error;
    host_ascendc::Report report;
    const bool ran = host_ascendc::Run(
        launch,
        [&] { host_ascendc_kernel::CallKernel(tensors, reinterpret_cast<uint8_t*>(&tiling)); },
        &report, &error);
    if (!ran) return error;
    if (counted_) reports_[rank] = report;
    if (report.total.peak_ub_bytes > op_plan::CombineUbBytes(tiling)) {
      return "UB of " + std::to_string(report.total.peak_ub_bytes) + " bytes, the tiling counts " +
             std::to_string(op_plan::CombineUbBytes(tiling));
    }
    return "";
  }

  // The launch has kept to its half of the windows, and every core has turned to the other.
  std::string CheckHalves(uint32_t half) const {
    for (const auto& group : ep_groups_) {
      if (!group->HalfIsSoiled(1 - half)) return "the other half of a window was written";
      for (uint32_t rank = 0; rank < scenario_.ep; ++rank) {
        for (uint32_t core = 0; core < scenario_.cores; ++core) {
          uint32_t word;
          std::memcpy(&word,
                      group->status(scenario_.Original(rank)) + combine_kernel::kStateWords +
                          core * combine_kernel::kStateWordStride,
                      sizeof(word));
          if (word != 1 - half) return "a core stays in its half of the windows";
        }
      }
    }
    for (const auto& pair : pairs_) {
      if (!pair->HalfIsSoiled(1 - half)) return "the other half of a window was written";
    }
    return "";
  }

  // Every flag is down again after a launch, or the launch after the next believes it.
  std::string FlagsLeft() const {
    for (uint32_t tp = 0; tp < scenario_.tp; ++tp) {
      for (uint32_t rank = 0; rank < scenario_.ep; ++rank) {
        if (HasFlags(ep_groups_[tp]->status(scenario_.Original(rank)))) {
          return "a flag is left in the status area of rank " + std::to_string(rank);
        }
        if (scenario_.tp == 2 && HasFlags(pairs_[rank]->status(tp))) {
          return "a flag is left in the status area of TP rank " + std::to_string(tp);
        }
      }
    }
    return "";
  }
  static bool HasFlags(const uint8_t* status) {
    return std::any_of(status, status + combine_kernel::kStateWords,
                       [](uint8_t byte) { return byte != 0; });
  }

  const Scenario scenario_;
  const bool checked_;
  bool counted_ = false;
  std::vector<host_ascendc::Report> reports_;
  std::vector<std::unique_ptr<Group>> ep_groups_, pairs_;
};

}  // namespace

std::string RunScenario(const Scenario& scenario, bool checked) {
  return World(scenario, checked).Run();
}

std::vector<host_ascendc::Report> CountScenario(const Scenario& scenario, std::string* why) {
  return World(scenario, false).Count(why);
}

}  // namespace kernel_test
