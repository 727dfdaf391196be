// SPDX-License-Identifier: Apache-2.0
// The float32 sum of one token, term by term in the order they are added.
#pragma once

#include "op_kernel/host_cpu/row_math.h"

namespace combine {

class TokenSum {
 public:
  TokenSum(const row_math::RowMath& math, float* acc, uint32_t h) : math_(math), acc_(acc), h_(h) {}

  // The row must stay until the next Flush; up to kMaxGroup rows wait for one pass.
  void Add(const uint16_t* row, float weight) {
    terms_[count_++] = {row, weight};
    if (count_ == row_math::kMaxGroup) Flush();
  }
  void AddWide(const float* row, float weight) {
    Flush();
    math_.accumulate_wide(row, weight, first_, acc_, h_);
    first_ = false;
  }
  // How many rows wait.
  uint32_t pending() const { return count_; }
  void Flush() {
    if (count_ == 0) return;
    math_.accumulate(terms_, count_, first_, acc_, h_);
    first_ = false;
    count_ = 0;
  }

 private:
  const row_math::RowMath& math_;
  float* const acc_;
  const uint32_t h_;
  row_math::Term terms_[row_math::kMaxGroup];
  uint32_t count_ = 0;
  bool first_ = true;
};

}  // namespace combine
