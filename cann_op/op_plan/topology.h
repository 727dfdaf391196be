// SPDX-License-Identifier: Apache-2.0
// The expert parallel group as it is now. After ranks have gone, elastic_info numbers the rest
// anew, and all routing data speaks of the new numbers; the communicator and its windows keep the
// old ones.
#pragma once

#include <cstdint>
#include <vector>

#include "op_plan/expert_parallel.h"

namespace op_plan {

struct Topology {
  ExpertParallel ep;               // sizes and this rank's number as they are now
  std::vector<uint32_t> original;  // per rank now, its rank in the communicator
};

Topology WholeTopology(const ExpertParallel& ep);

// Reads elastic_info, `4 + 2 * ep_world_size` words. 561002 where it contradicts itself.
Verdict ReadElasticInfo(const std::vector<int32_t>& words, const ExpertParallel& whole,
                        Topology* topology);

}  // namespace op_plan
