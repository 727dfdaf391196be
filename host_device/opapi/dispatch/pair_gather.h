// SPDX-License-Identifier: Apache-2.0
// Tensor parallelism on the way out: both ranks of a pair get the rows of both, own ones first.
#pragma once

#include "dispatch.h"

namespace dispatch {

uint64_t PairPackBytes(const op_plan::DispatchPlan& plan);

// Appends the peer's rows, scales and counts to the own ones, of which there are `own_rows`.
// `packed` is device memory for rows that the peer could not read in expand_x.
aclError GatherPair(const HostLaunch& host, const Params& params, int64_t own_rows, uint8_t* packed,
                    HostFailure* failure);

}  // namespace dispatch
