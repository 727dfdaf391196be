// SPDX-License-Identifier: Apache-2.0
// Counts what the kernel that is linked in does in a launch: kernel_counters BS H K EP EXPERTS
// CORES Prints the report of the rank that takes longest, as JSON.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "world.h"

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s BS H K EP EXPERTS CORES\n", argv[0]);
    return 2;
  }
  const auto number = [argv](int i) { return static_cast<uint32_t>(std::atoi(argv[i])); };
  kernel_test::Scenario s;
  s.bs = number(1);
  s.h = number(2);
  s.k = number(3);
  s.ep = number(4);
  s.experts = number(5);
  s.cores = number(6);
  s.float_norm = true;  // as the kernel has it that takes the steps literally
  std::string why;
  const auto reports = kernel_test::CountScenario(s, &why);
  if (reports.empty()) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return 1;
  }
  const auto slowest = std::max_element(
      reports.begin(), reports.end(),
      [](const auto& a, const auto& b) { return a.total.cycles < b.total.cycles; });
  const auto rank = static_cast<uint32_t>(slowest - reports.begin());
  std::printf("%s\n", slowest->Json("combine", rank).c_str());
  return 0;
}
