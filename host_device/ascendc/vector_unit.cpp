// SPDX-License-Identifier: Apache-2.0
#include "vector_unit.h"

#include <cinttypes>

namespace host_ascendc {
namespace {

// Of a repeat count in an instruction (asc-devkit, high-dimension forms).
constexpr uint32_t kMaxRepeats = 255;

void CheckRepeats(uint32_t repeats, const char* call, const Place& place) {
  if (repeats <= kMaxRepeats) return;
  Fail(place, "%s with %u repeats, want at most %u", call, repeats, kMaxRepeats);
}

}  // namespace

Repeats FirstElements(uint64_t elements, uint32_t repeats, uint32_t width, const char* call,
                      const Place& place) {
  CheckRepeats(repeats, call, place);
  if (elements == 0 || elements > width) {
    Fail(place, "%s with a mask of %" PRIu64 " elements, want 1 to %u", call, elements, width);
  }
  Repeats result{{0, 0}, repeats};
  result.mask[0] = elements >= 64 ? ~uint64_t{0} : (uint64_t{1} << elements) - 1;
  if (elements > 64) {
    result.mask[1] = elements == 128 ? ~uint64_t{0} : (uint64_t{1} << (elements - 64)) - 1;
  }
  return result;
}

Repeats MaskedElements(const uint64_t* mask, uint32_t repeats, uint32_t width, const char* call,
                       const Place& place) {
  CheckRepeats(repeats, call, place);
  // Elements of four bytes have no second word of the mask.
  Repeats result{{mask[0], width > 64 ? mask[1] : 0}, repeats};
  if (result.mask[0] == 0 && result.mask[1] == 0) Fail(place, "%s with a mask of no element", call);
  return result;
}

void CheckOverlap(const UbView& to, uint64_t to_bytes, const UbView& from, uint64_t from_bytes,
                  const char* call, const Place& place) {
  const bool apart =
      to.address + to_bytes <= from.address || from.address + from_bytes <= to.address;
  if (apart || (to.address == from.address && to_bytes == from_bytes)) return;
  Fail(place,
       "%s: destination, UB bytes %u to %" PRIu64 ", and source, bytes %u to %" PRIu64
       ", overlap in part; they must be the same or apart",
       call, to.address, to.address + to_bytes - 1, from.address, from.address + from_bytes - 1);
}

}  // namespace host_ascendc
