// SPDX-License-Identifier: Apache-2.0
// Runs a kernel in Ascend C on the CPU: as many cores as the launch says, each a fibre of the
// calling thread. Ranks are launches on different threads or in different processes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "place.h"

namespace host_ascendc {

class Trace;

enum class Kind {
  kTensor,  // of this rank alone; what is known of it is forgotten with the launch
  kWindow,  // peers write and read it
  kStatus   // words that ranks and cores synchronise through
};

// Memory that a kernel may touch. Regions of a launch do not overlap.
struct GmRegion {
  std::string name;
  uint8_t* address = nullptr;
  uint64_t bytes = 0;
  bool writable = false;
  Kind kind = Kind::kTensor;
  uint32_t rank = 0;  // the rank whose memory it is
  // For kWindow and kStatus: one number for all mappings of one memory in this process, with which
  // kind and rank name the region; 0: the address names it. A region keeps its begin and size.
  uint64_t memory = 0;
};

// A core that can go on only when a peer writes.
struct WaitingCore {
  uint32_t core;
  Place place;             // the read that saw nothing new
  const GmRegion* region;  // of kind kStatus
  uint64_t offset;         // of the first word it looks at
  const uint8_t* address;
};
using Waiting = std::vector<WaitingCore>;

struct Counters {
  uint64_t gm_read_bytes = 0;
  uint64_t gm_written_bytes = 0;
  uint64_t instructions[4] = {};  // S, V, MTE2, MTE3
  uint64_t busy_cycles[4] = {};
  uint64_t cycles = 0;  // until the last instruction ends
  uint64_t peak_ub_bytes = 0;
};

// Filled when the launch is checked or traced.
struct Report {
  std::vector<Counters> cores;
  Counters total;  // sums; cycles and peak_ub_bytes are the largest
  std::string Json(const std::string& kernel, uint32_t rank) const;
};

struct Launch {
  const char* kernel = "";
  uint32_t cores = 48;
  uint32_t rank = 0;
  // Tells the ranks of one process apart where rank does not (several groups): any number of its
  // own.
  uint64_t device = 0;
  // What InitBuffer may give out. UB has 192 KiB; a kernel that CANN's build compiles has 188160
  // bytes of them unless it is compiled with --cce-disable-asc-reserved-ubuf.
  uint32_t ub_bytes = 192 * 1024;
  std::vector<GmRegion> regions;
  const void* hccl_contexts[2] = {nullptr, nullptr};  // what GetHcclContext<0|1> gives
  uint64_t tiling_key = 0;                            // what TILING_KEY_IS compares with
  // Axpy and MulAddDst of floats round once, not the product first. CANN's documents say that they
  // are no more precise than two calls, not that they give the same.
  bool fused_products = false;
  bool checked = false;
  Trace* trace = nullptr;
  bool counted = false;  // counters without checks
  // For how long a core may run without giving way: then it waits for what is no status word.
  double patience_seconds = 60;
  // Called when no core can go on by itself: returns true when a peer may have written, false, with
  // the reason, to give up. Without it such a launch fails at once.
  std::function<bool(const Waiting&, std::string* why)> wait;
};

// False with an error that names core, place and remedy when the kernel did wrong or could not end.
bool Run(const Launch& launch, const std::function<void()>& kernel_entry, Report* report,
         std::string* error);

// Forgets what is known of window and status memory: it was unmapped, or other code than kernels
// has put the ranks in order since.
void ForgetMemory(const GmRegion& region);

}  // namespace host_ascendc
