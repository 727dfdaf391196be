// SPDX-License-Identifier: Apache-2.0
#include "op_plan/window_layout.h"

namespace op_plan {
namespace {

constexpr uint64_t AlignUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }
constexpr uint64_t kWindowAlign = 512;  // of what lies in a window
constexpr uint64_t kBlockAlign = 32;    // of what one copy instruction moves
constexpr uint64_t kRowTrailer = 64;    // scale and triple that dispatch sends behind a row
constexpr uint64_t kHalves = 2;

}  // namespace

WindowLayout MakeWindowLayout(const ExpertParallel& ep) {
  const uint64_t row_bytes = 2 * uint64_t{ep.h};  // bf16
  const uint64_t dispatch_stride =
      AlignUp(AlignUp(row_bytes, kBlockAlign) + kRowTrailer, kWindowAlign);
  WindowLayout layout;
  layout.dispatch_bytes =
      uint64_t{ep.ExpertsPerMoeRank()} * ep.max_bs * ep.ep_world_size * dispatch_stride;
  layout.row_offset = layout.dispatch_bytes;
  layout.row_stride = AlignUp(row_bytes, kWindowAlign);
  layout.row_count = ep.max_bs * ep.CopiesPerToken();
  return layout;
}

uint64_t HalfOffset(uint64_t window_bytes, uint32_t epoch) {
  return epoch % kHalves * (window_bytes / kHalves / kWindowAlign * kWindowAlign);
}

uint64_t RequiredBufferBytes(const ExpertParallel& ep) {
  return kHalves * MakeWindowLayout(ep).NeededHalfBytes();
}

}  // namespace op_plan
