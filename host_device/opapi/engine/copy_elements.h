// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/rows.h"

namespace opapi {

// Binds the copy of tensor 0 to tensor 1, broadcast to its shape and cast to its dtype. A copy
// without a cast takes every dtype that has whole bytes.
Verdict BindCopy(FirstPhase& phase);

}  // namespace opapi
