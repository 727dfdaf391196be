// SPDX-License-Identifier: Apache-2.0
// Runs the Ascend C kernel that is linked in on small layers of every kind.
//   kernel_driver [--plain] [SCENARIO ...]   exit status 0: nothing found
//   kernel_driver --list
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "world.h"

namespace {

using kernel_test::Scenario;
using op_plan::MaskKind;

std::vector<Scenario> Scenarios() {
  std::vector<Scenario> all;
  const auto add = [&all](const char* name) -> Scenario& {
    all.emplace_back();
    all.back().name = name;
    return all.back();
  };
  add("triples");
  add("axpy_rounds_once").fused_products = true;
  {
    Scenario& s = add("positions");
    s.positions = true;
    s.launches = 4;
  }
  add("int8").int8_rows = true;
  {
    Scenario& s = add("int8_not_finite");
    s.int8_rows = s.odd_rows = true;
    s.shared_ranks = s.shared_num = 1;
    s.ep = 3;
  }
  {
    Scenario& s = add("pair");
    s.tp = 2;
    s.experts = 2;
    s.k = 2;
    s.bs = 4;
  }
  {
    Scenario& s = add("mask_of_tokens");
    s.mask = MaskKind::kTokens;
    s.shared_x = true;
  }
  {
    Scenario& s = add("mask_of_choices");
    s.mask = MaskKind::kChoices;
    s.bs = 9;
    s.cores = 4;
  }
  {
    Scenario& s = add("shared_experts");
    s.ep = 3;
    s.shared_ranks = 1;
    s.shared_num = 1;
    s.ragged = true;
  }
  {
    Scenario& s = add("special_experts");
    s.zero = s.copy = 1;
    s.constant = 2;
    s.k = 5;
  }
  {
    Scenario& s = add("special_experts_by_element");
    s.constant = 3;
    s.k = 5;
    s.alpha_rows = 3;
    s.positions = true;
    s.shared_x = true;
  }
  {
    Scenario& s = add("a_rank_is_gone");
    s.gone = true;
    s.positions = true;
    s.mask = MaskKind::kChoices;
  }
  {
    Scenario& s = add("one_token_and_more_cores");
    s.bs = 1;
    s.k = 4;
    s.cores = 6;
    s.h = 1024;
  }
  {
    Scenario& s = add("cores_share_tokens");
    s.bs = 3;
    s.cores = 7;
    s.h = 1568;
    s.launches = 4;
    s.positions = true;
    s.mask = MaskKind::kChoices;
  }
  {
    Scenario& s = add("cores_share_what_is_left_over");
    s.bs = 9;
    s.cores = 4;
    s.h = 1568;
  }
  {
    Scenario& s = add("cores_share_what_a_mask_leaves_over");
    s.bs = 13;
    s.cores = 4;
    s.h = 1056;
    s.positions = s.shared_x = true;
    s.mask = MaskKind::kChoices;
  }
  {
    Scenario& s = add("cores_share_int8_tokens");
    s.bs = 10;
    s.cores = 8;
    s.h = 2080;
    s.k = 5;
    s.int8_rows = s.shared_x = true;
    s.constant = 2;
    s.alpha_rows = 2;
  }
  {
    Scenario& s = add("widest");
    s.h = 8192;
    s.k = 16;
    s.experts = 16;
    s.constant = 2;
    s.int8_rows = true;
    s.shared_x = true;
    s.mask = MaskKind::kChoices;
    s.bs = 3;
    s.launches = 1;
    s.cores = 2;
  }
  {
    // More rows and tokens for one core than it takes at once.
    Scenario& s = add("one_core");
    s.bs = 150;
    s.k = 4;
    s.cores = 1;
    s.h = 1024;
    s.launches = 1;
    s.mask = MaskKind::kChoices;
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  bool checked = true;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--plain") == 0) {
      checked = false;
    } else if (std::strcmp(argv[i], "--list") == 0) {
      for (const Scenario& s : Scenarios()) std::printf("%s\n", s.name.c_str());
      return 0;
    } else {
      wanted.emplace_back(argv[i]);
    }
  }
  for (const Scenario& s : Scenarios()) {
    bool run = wanted.empty();
    for (const std::string& name : wanted) run = run || name == s.name;
    if (!run) continue;
    const std::string found = kernel_test::RunScenario(s, checked);
    if (!found.empty()) {
      std::printf("%s: %s\n", s.name.c_str(), found.c_str());
      return 1;
    }
    std::printf("%s: nothing found\n", s.name.c_str());
  }
  return 0;
}
