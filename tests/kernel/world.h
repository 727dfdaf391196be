// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of this process with windows and status areas of their own, as a communicator on
// the NPU has them: zeroed once, and touched by nothing but kernels from then on.
#pragma once

#include <string>

#include "layer.h"

namespace kernel_test {

// Runs the launches of a scenario one after the other on the same windows, checked or not. Empty when
// all is right, else what was found first.
std::string RunScenario(const Scenario& scenario, bool checked);

}  // namespace kernel_test
