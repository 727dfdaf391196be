// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of this process with windows and status areas of their own, as a communicator on
// the NPU has them: zeroed once, and touched by nothing but kernels from then on.
#pragma once

#include <string>
#include <vector>

#include "launch.h"
#include "layer.h"

namespace kernel_test {

// Runs the launches of a scenario one after the other on the same windows, checked or not. Empty
// when all is right, else what was found first.
std::string RunScenario(const Scenario& scenario, bool checked);

// The counters of every rank of one launch, unchecked. Empty when a launch goes wrong, with why.
std::vector<host_ascendc::Report> CountScenario(const Scenario& scenario, std::string* why);

}  // namespace kernel_test
