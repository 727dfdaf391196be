// SPDX-License-Identifier: Apache-2.0
// How long an instruction keeps its pipe busy: work divided by a public rate. The table in
// cost_model.cpp has all rates and where they come from; docs/ascendc.md says what is left out.
#pragma once

#include <cstdint>

namespace host_ascendc {

enum class Route { kGmToUb, kUbToGm, kUbToUb };

double CopyCycles(Route route, uint64_t bytes);
// element_bytes: of the widest operand. elements: all that the instruction computes.
double VectorCycles(const char* call, uint32_t element_bytes, uint64_t elements);
double ScalarCycles();
// Cycles of one microsecond.
double CyclesPerMicrosecond();

}  // namespace host_ascendc
