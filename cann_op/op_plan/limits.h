// SPDX-License-Identifier: Apache-2.0
// The limits of the operator's tables, each in one place.
#pragma once

#include <cstdint>

namespace op_plan {

constexpr int64_t kMinEpWorldSize = 2;
constexpr int64_t kMaxEpWorldSize = 768;
constexpr int64_t kMaxTpWorldSize = 2;
constexpr int64_t kMaxMoeExpertNum = 1024;
constexpr int64_t kMaxSharedExpertNum = 4;
constexpr int64_t kMaxBs = 512;
constexpr int64_t kMaxK = 16;
constexpr int64_t kMinH = 1024;
constexpr int64_t kMaxH = 8192;
constexpr int64_t kHMultiple = 32;
constexpr size_t kMaxGroupNameBytes = 127;
constexpr int64_t kAssistInfoPerRow = 128;  // elements of assist_info_for_combine per row of A
constexpr int64_t kCommQuantNone = 0;
constexpr int64_t kCommQuantInt8 = 2;
constexpr int64_t kQuantNone = 0;
constexpr int64_t kQuantDynamic = 2;

}  // namespace op_plan
