// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "op_kernel/host_cpu/strided_view.h"
#include "op_plan/topology.h"

// The group as elastic_info describes it; the whole group without one.
inline op_plan::Verdict ReadTopology(const HostTensorView& elastic_info,
                                     const op_plan::ExpertParallel& whole,
                                     op_plan::Topology* topology) {
  *topology = op_plan::WholeTopology(whole);
  if (!elastic_info.present) return {};
  const StridedView<const int32_t> view(elastic_info);
  std::vector<int32_t> words(static_cast<size_t>(elastic_info.dims[0]));
  for (size_t i = 0; i < words.size(); ++i) words[i] = view(static_cast<int64_t>(i));
  return op_plan::ReadElasticInfo(words, whole, topology);
}
