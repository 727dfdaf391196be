// SPDX-License-Identifier: Apache-2.0
// Order between the pipes of a core and between the cores of a rank.
#pragma once

#include "core.h"
#include "kernel_common.h"
#include "place.h"

namespace AscendC {

template <HardEvent event>
inline void SetFlag(int32_t event_id, host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::Core::Current().SetFlag(PipesOf(event), event_id, place);
}

template <HardEvent event>
inline void WaitFlag(int32_t event_id, host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::Core::Current().WaitFlag(PipesOf(event), event_id, place);
}

template <pipe_t pipe>
inline void PipeBarrier() {
  static_assert(pipe != PIPE_S, "the scalar pipe is in order by itself");
  static_assert(pipe == PIPE_V || pipe == PIPE_MTE2 || pipe == PIPE_MTE3 || pipe == PIPE_ALL,
                "a pipe of a vector core");
  host_ascendc::Core& core = host_ascendc::Core::Current();
  if constexpr (pipe == PIPE_ALL) {
    core.BarrierAll();
  } else {
    core.Barrier(pipe == PIPE_V      ? host_ascendc::Pipe::kVector
                 : pipe == PIPE_MTE2 ? host_ascendc::Pipe::kMte2
                                     : host_ascendc::Pipe::kMte3);
  }
}

// All cores of the rank meet; each has completed all of its pipes before.
template <bool is_aiv_only = true>
inline void SyncAll(host_ascendc::Place place = host_ascendc::Place()) {
  host_ascendc::Core::Current().MeetAll(place);
}

}  // namespace AscendC
