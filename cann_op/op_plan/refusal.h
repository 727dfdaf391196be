// SPDX-License-Identifier: Apache-2.0
// Why a call is refused: the status that C returns and the text that says what to change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace op_plan {

enum Status : int32_t {  // values of CANN's aclnn interface
  kParamNullptr = 161001,
  kParamInvalid = 161002,
  kTilingError = 561002,
};

struct Refusal {
  Status status;
  std::string text;
};

using Verdict = std::optional<Refusal>;  // nothing: accepted

// printf into a refusal.
Refusal Refuse(Status status, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace op_plan

// Hands a refusal on to the caller.
#define OP_PLAN_CHECK(verdict)                        \
  do {                                                \
    if (::op_plan::Verdict v_ = (verdict)) return v_; \
  } while (0)

// Refuses with 561002 unless `condition` holds.
#define OP_PLAN_REQUIRE(condition, ...)                                               \
  do {                                                                                \
    if (!(condition)) return ::op_plan::Refuse(::op_plan::kTilingError, __VA_ARGS__); \
  } while (0)
