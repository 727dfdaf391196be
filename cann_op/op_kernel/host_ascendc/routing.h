// SPDX-License-Identifier: Apache-2.0
// What the hardware kernel takes on trust, checked before it runs: routing data that contradicts
// itself, and, when rows are missing, which.
#pragma once

#include "op_kernel/host_cpu/choices.h"
#include "op_plan/combine_plan.h"

namespace host_ascendc_kernel {

class Routing {
 public:
  Routing(const HostTensorView* tensors, const op_plan::CombinePlan& plan,
          const op_plan::ExpertParallel& ep, const Choices& choices)
      : tensors_(tensors), plan_(plan), ep_(ep), choices_(choices) {}

  bool Check(HostFailure* failure) const;
  // Says which row a token still waits for, by its flags of `flag_bytes` each. False: all have
  // come.
  bool SayMissingRow(uint32_t token, const uint8_t* flags, uint32_t flag_bytes,
                     HostFailure* failure) const;

 private:
  bool HasTriples() const { return plan_.row_origin == op_plan::RowOrigin::kTriples; }
  bool CheckCounts(HostFailure* failure) const;
  bool CheckTriples(HostFailure* failure) const;
  bool CheckPositions(HostFailure* failure) const;

  const HostTensorView* const tensors_;
  const op_plan::CombinePlan& plan_;
  const op_plan::ExpertParallel& ep_;
  const Choices& choices_;
};

}  // namespace host_ascendc_kernel
