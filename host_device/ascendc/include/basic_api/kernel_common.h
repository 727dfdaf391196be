// SPDX-License-Identifier: Apache-2.0
// Qualifiers, pipes, events and positions. Only those of a vector core.
#pragma once

#include <cstdint>
#include <type_traits>

#include "events.h"
#include "pipe.h"
#include "scalar_type.h"

#define __aicore__
#define __global__
#define __gm__
#define __ubuf__
#define GM_ADDR __gm__ uint8_t*

#define ASCEND_IS_AIV constexpr(true)
#define ASCEND_IS_AIC constexpr(false)

enum pipe_t {
  PIPE_S = 0,
  PIPE_V,
  PIPE_M,
  PIPE_MTE1,
  PIPE_MTE2,
  PIPE_MTE3,
  PIPE_ALL,
};

enum event_t {
  EVENT_ID0 = 0,
  EVENT_ID1,
  EVENT_ID2,
  EVENT_ID3,
  EVENT_ID4,
  EVENT_ID5,
  EVENT_ID6,
  EVENT_ID7,
};

namespace AscendC {

using TEventID = int8_t;

enum class HardEvent : uint8_t {
  MTE2_V,
  V_MTE2,
  MTE3_V,
  V_MTE3,
  V_S,
  S_V,
  MTE2_S,
  S_MTE2,
  MTE3_S,
  S_MTE3,
  MTE2_MTE3,
  MTE3_MTE2,
};

enum class TPosition : uint8_t { GM, VECIN, VECOUT, VECCALC, LCM = VECCALC };
using QuePosition = TPosition;

// What an event orders.
constexpr host_ascendc::Event PipesOf(HardEvent event) {
  using host_ascendc::Pipe;
  switch (event) {
    case HardEvent::MTE2_V:
      return {Pipe::kMte2, Pipe::kVector};
    case HardEvent::V_MTE2:
      return {Pipe::kVector, Pipe::kMte2};
    case HardEvent::MTE3_V:
      return {Pipe::kMte3, Pipe::kVector};
    case HardEvent::V_MTE3:
      return {Pipe::kVector, Pipe::kMte3};
    case HardEvent::V_S:
      return {Pipe::kVector, Pipe::kScalar};
    case HardEvent::S_V:
      return {Pipe::kScalar, Pipe::kVector};
    case HardEvent::MTE2_S:
      return {Pipe::kMte2, Pipe::kScalar};
    case HardEvent::S_MTE2:
      return {Pipe::kScalar, Pipe::kMte2};
    case HardEvent::MTE3_S:
      return {Pipe::kMte3, Pipe::kScalar};
    case HardEvent::S_MTE3:
      return {Pipe::kScalar, Pipe::kMte3};
    case HardEvent::MTE2_MTE3:
      return {Pipe::kMte2, Pipe::kMte3};
    case HardEvent::MTE3_MTE2:
      return {Pipe::kMte3, Pipe::kMte2};
  }
  return {Pipe::kScalar, Pipe::kScalar};
}

template <typename T, typename... Allowed>
constexpr bool kIsOneOf = (std::is_same_v<T, Allowed> || ...);

}  // namespace AscendC
