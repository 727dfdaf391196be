// SPDX-License-Identifier: Apache-2.0
#include "cost_model.h"

#include <cmath>
#include <cstring>

namespace host_ascendc {
namespace {

// Source [D]: asc-devkit, docs/zh/api, appendix "Vector指令理论性能汇总", tables for Atlas A3 and
// A2. Source [P]: CANN 8.1.RC1, data/platform_config/Ascend910_9391.ini.

constexpr double kGmToUbBytes = 32;     // per cycle; [P] AICoreMemoryRates ddr_read_rate
constexpr double kUbToGmBytes = 32;     // per cycle; [P] AICoreMemoryRates ddr_write_rate
constexpr double kUbToUbBytes = 256;    // per cycle; [D] DataCopy(UB->UB)
constexpr double kFrequencyMhz = 1850;  // [P] AICoreSpec cube_freq
constexpr double kScalarCycles = 1;     // [D] scalar instructions: 1 cycle each
constexpr double kVectorBytes = 256;  // per cycle; [D]: 64 float, 128 half for Add and most others

// Elements per cycle of the calls that are slower than kVectorBytes. [D]
struct Slow {
  const char* call;
  double half_elements;
  double float_elements;
};
constexpr Slow kSlow[] = {
    {"Div", 32, 32},
    {"Sqrt", 32, 32},
    {"Exp", 32, 32},
    {"Ln", 32, 32},
    {"MulAddDst", 64, 32},
    {"WholeReduceSum", 128.0 / 7, 64.0 / 7},
    {"WholeReduceMax", 128.0 / 7, 64.0 / 7},
    {"WholeReduceMin", 128.0 / 7, 64.0 / 7},
    // A sequence of instructions on the device; counted as the tree over each repeat.
    {"ReduceSum", 128.0 / 7, 64.0 / 7},
    {"ReduceMax", 128.0 / 7, 64.0 / 7},
    {"ReduceMin", 128.0 / 7, 64.0 / 7},
    {"BlockReduceSum", 128.0 / 7, 64},
    {"BlockReduceMax", 128.0 / 7, 64},
    {"BlockReduceMin", 128.0 / 7, 64},
    {"GatherMask", 64, 32},
    {"Gather", 5, 5},
};

}  // namespace

double CopyCycles(Route route, uint64_t bytes) {
  const double rate = route == Route::kGmToUb   ? kGmToUbBytes
                      : route == Route::kUbToGm ? kUbToGmBytes
                                                : kUbToUbBytes;
  return std::ceil(static_cast<double>(bytes) / rate);
}

double VectorCycles(const char* call, uint32_t element_bytes, uint64_t elements) {
  double per_cycle = kVectorBytes / element_bytes;
  for (const Slow& slow : kSlow) {
    if (std::strcmp(slow.call, call) != 0) continue;
    per_cycle = element_bytes == 2 ? slow.half_elements : slow.float_elements;
    break;
  }
  return std::ceil(static_cast<double>(elements) / per_cycle);
}

double ScalarCycles() { return kScalarCycles; }

double CyclesPerMicrosecond() { return kFrequencyMhz; }

}  // namespace host_ascendc
