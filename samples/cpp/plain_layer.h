// SPDX-License-Identifier: Apache-2.0
// The same layer computed plainly: every token with its own experts, nothing is sent anywhere.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "bfloat16.h"
#include "moe_layer.h"

// Counts the values of `output` that differ from the plain computation of `input`.
inline int64_t CountWrongValues(const LayerSize& size, const LayerInput& input,
                                const LayerOutput& output) {
  // Values of bfloat16 have 8 bits, so a rounding moves them by up to 1/256 of themselves; y is
  // rounded twice. The constant covers float32 sums, which another device may order otherwise.
  const auto wrong = [](float got, double want, int roundings) {
    return !(std::fabs(got - want) <= std::fabs(want) * roundings / 255 + 1e-5);
  };
  int64_t count = 0;
  for (int64_t token = 0; token < size.bs; ++token) {
    std::vector<double> sum(size.h);
    double squares = 0;
    for (int64_t i = 0; i < size.h; ++i) {
      const int64_t at = token * size.h + i;
      for (int64_t k = 0; k < size.k; ++k) {
        const int64_t expert = input.expert_ids[token * size.k + k];
        float row = FromBfloat16(Expert(expert, 0, input.x[at]));
        if (size.tp_size == 2) {
          row = RoundToBfloat16(row + FromBfloat16(Expert(expert, 1, input.x[at])));
        }
        sum[i] += input.expert_scales[token * size.k + k] * static_cast<double>(row);
      }
      sum[i] += FromBfloat16(input.shared_expert_x[at]) + FromBfloat16(input.residual_x[at]);
      squares += sum[i] * sum[i];
    }
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(size.h) + kNormEps);
    count += !(std::fabs(output.rstd[token] - rstd) <= 1e-5 * rstd);
    for (int64_t i = 0; i < size.h; ++i) {
      const int64_t at = token * size.h + i;
      count += wrong(FromBfloat16(output.x[at]), sum[i], 1);
      count += wrong(FromBfloat16(output.y[at]), sum[i] * rstd * FromBfloat16(input.gamma[i]), 2);
    }
  }
  return count;
}
