// SPDX-License-Identifier: Apache-2.0
// Vector clocks of pipes. A lane is one pipe of one core of one rank; its time counts the
// instructions it has started. Knowing time t of a lane means: its first t instructions are
// complete. The pipes of the own core are kept densely; other cores' lanes in a sorted list that
// clocks share until one of them learns something.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "pipe.h"

namespace host_ascendc {

using Lane = uint32_t;

struct Epoch {
  Lane lane = 0;
  uint32_t time = 0;
};

class Clock {
 public:
  Clock() = default;
  explicit Clock(Lane first_lane) : first_lane_(first_lane) {}

  bool Knows(const Epoch& epoch) const;
  uint32_t own(Pipe pipe) const { return own_[Index(pipe)]; }
  void RaiseOwn(Pipe pipe, uint32_t time);

  // Learns all that the other clock knows. True when something was new.
  bool Join(const Clock& other);
  // As Join, but nothing about this lane.
  bool JoinExcept(const Clock& other, Pipe left_out);

 private:
  using Lanes = std::vector<Epoch>;  // sorted by lane, without the own four

  bool JoinOwn(const Clock& other, int left_out);
  bool JoinOthers(const Clock& other, bool with_own_lanes);
  bool IsOwn(Lane lane) const { return lane - first_lane_ < static_cast<Lane>(kPipes); }

  Lane first_lane_ = 0;
  std::array<uint32_t, kPipes> own_{};
  std::shared_ptr<const Lanes> others_;
};

}  // namespace host_ascendc
