// SPDX-License-Identifier: Apache-2.0
// First phases of products of matrices: out = beta * self + alpha * a b, for one pair or for a
// batch of them.
#pragma once

#include "engine/first_phase.h"

namespace opapi {

// What torch's cubeMathType may say without a change of what is computed.
constexpr int8_t kKeepDtype = 0;
Verdict CheckCubeMathType(int8_t type);

// How an operand of fewer dimensions than a batch of matrices is read.
enum class Reading { kMatrices, kRow, kColumn };

struct Terms {
  bool has_self;
  bool sums_batch;  // out is the sum over the batch
  Reading a;
  Reading b;
  HostScalarView beta;
  HostScalarView alpha;
};

// The inputs are self where there is one, a and b; their numbers of dimensions have been checked.
Verdict BindProduct(FirstPhase& phase, const Terms& terms);

}  // namespace opapi
