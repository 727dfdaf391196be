// SPDX-License-Identifier: Apache-2.0
// The tokens of this rank that one core works on, and what they chose. Active tokens are spread
// over the cores evenly. What is left over when every core has as many, or all where there are
// fewer tokens than cores, is shared: several cores have a token, each a part of its columns, so
// that no core idles while another has a token more. Choices come into UB for kTokenBatch tokens at
// once, on a chip of 48 cores all of a core's in one go.
#pragma once

#include "live_group.h"
#include "op_plan/combine_tiling.h"
#include "pipe_order.h"
#include "status_places.h"
#include "tensors.h"

namespace combine_kernel {

constexpr uint32_t kTokenBatch = 16;
constexpr uint32_t kScanTokens = 128;  // of a mask of choices that are looked through at once
constexpr uint32_t kLeastPart = 512;   // columns that are worth a core of their own

class TokenShare {
 public:
  __aicore__ inline void Init(const op_plan::CombineTiling& tiling, const Tensors& tensors,
                              AscendC::TPipe* pipe) {
    tiling_ = &tiling;
    tensors_ = &tensors;
    const uint32_t choices = kTokenBatch * tiling.k;
    pipe->InitBuffer(ids_buffer_, RoundUp(choices * sizeof(int32_t), kBlockBytes));
    pipe->InitBuffer(scales_buffer_, RoundUp(choices * sizeof(float), kBlockBytes));
    ids_ = ids_buffer_.Get<int32_t>();
    scales_ = scales_buffer_.Get<float>();
    batch_ = kNoBatch;
    listed_ = 0;
    if (tiling.mask != kNone) {
      pipe->InitBuffer(mask_buffer_, RoundUp(ScanBytes(), kBlockBytes));
      mask_ = mask_buffer_.Get<uint8_t>();
    }
    uint32_t active = tiling.bs;
    if (tiling.mask == kTokens) active = CountTrue();
    if (tiling.mask == kChoices) active = ScanChoices(0, 0);
    Split(active);
    if (tiling.mask != kChoices || count() == 0) return;
    pipe->InitBuffer(list_buffer_, RoundUp(count() * sizeof(int32_t), kBlockBytes));
    list_ = list_buffer_.Get<int32_t>();
    if (whole_.count > 0) ScanChoices(whole_.begin, whole_.count);
    if (shares_ > 0) ScanChoices(shared_, 1);
  }

  __aicore__ inline uint32_t count() const { return whole_.count + shares_; }
  // The i-th of them, and its place among all active tokens of the rank.
  __aicore__ inline uint32_t Token(uint32_t i) const {
    return tiling_->mask == kChoices ? static_cast<uint32_t>(list_.GetValue(i)) : ActiveIndex(i);
  }
  __aicore__ inline uint32_t ActiveIndex(uint32_t i) const {
    return i < whole_.count ? whole_.begin + i : shared_;
  }

  // Other cores have the i-th too: it is the last, and this core has part `part` of `parts`,
  // columns [column, column + width).
  __aicore__ inline bool IsShared(uint32_t i) const { return i >= whole_.count; }
  __aicore__ inline bool has_whole() const { return whole_.count > 0; }
  __aicore__ inline bool has_share() const { return shares_ > 0; }
  __aicore__ inline uint32_t parts() const { return parts_; }
  __aicore__ inline uint32_t part() const { return part_; }
  __aicore__ inline uint32_t column() const { return part_ * part_width_; }
  __aicore__ inline uint32_t width() const {
    const uint32_t left = tiling_->h - column();
    return left < part_width_ ? left : part_width_;
  }
  // Counts the shared tokens of the rank.
  __aicore__ inline uint32_t shared_index() const { return AscendC::GetBlockIdx() / parts_; }

  // Brings the choices of a token into UB; tokens are asked for in rising order.
  __aicore__ inline void Fetch(uint32_t token) {
    if (batch_ != kNoBatch && token - batch_ < kTokenBatch) return;
    Order<AscendC::HardEvent::S_MTE2>();
    batch_ = token;
    const uint32_t left = tiling_->bs - token;
    const uint32_t choices = (left < kTokenBatch ? left : kTokenBatch) * tiling_->k;
    const uint64_t first = FirstOf(token);
    Load(ids_, At<int32_t>(tensors_->expert_ids)[first], choices);
    Load(scales_, At<float>(tensors_->expert_scales)[first], choices);
    if (tiling_->mask == kChoices)
      Load(mask_, At<uint8_t>(tensors_->x_active_mask)[first], choices);
    Order<AscendC::HardEvent::MTE2_S>();
  }
  __aicore__ inline uint32_t Expert(uint32_t token, uint32_t k) const {
    return static_cast<uint32_t>(ids_.GetValue(InBatch(token, k)));
  }
  __aicore__ inline float Scale(uint32_t token, uint32_t k) const {
    return scales_.GetValue(InBatch(token, k));
  }
  // Not masked out; of a token of this share, so that a mask of tokens has nothing to say.
  __aicore__ inline bool Active(uint32_t token, uint32_t k) const {
    return tiling_->mask != kChoices || mask_.GetValue(InBatch(token, k)) != 0;
  }

 private:
  enum Mask : uint32_t { kNone, kTokens, kChoices };  // op_plan::MaskKind
  static constexpr uint32_t kNoBatch = 0xFFFFFFFF;

  __aicore__ inline uint32_t InBatch(uint32_t token, uint32_t k) const {
    return (token - batch_) * tiling_->k + k;
  }
  __aicore__ inline uint64_t FirstOf(uint32_t token) const {
    return static_cast<uint64_t>(token) * tiling_->k;
  }
  __aicore__ inline uint32_t ScanBytes() const {
    return tiling_->mask == kTokens ? tiling_->bs : kScanTokens * tiling_->k;
  }

  // Parts end at whole repeats, so that squares are summed in the same order however many there
  // are.
  __aicore__ inline void Split(uint32_t active) {
    const auto core = static_cast<uint32_t>(AscendC::GetBlockIdx());
    const uint32_t over = active % tiling_->cores;
    uint32_t parts = over == 0 ? 1 : tiling_->cores / over;
    if (parts > kMostParts) parts = kMostParts;
    if (parts > tiling_->h / kLeastPart) parts = tiling_->h / kLeastPart;
    parts_ = 1;
    part_ = shared_ = shares_ = 0;
    part_width_ = tiling_->h;
    whole_ = ShareOf(active, core, tiling_->cores);
    if (parts < 2) return;
    part_width_ = RoundUp((tiling_->h + parts - 1) / parts, kRepeatFloats);
    parts_ = (tiling_->h + part_width_ - 1) / part_width_;
    part_ = core % parts_;
    whole_ = ShareOf(active - over, core, tiling_->cores);
    shared_ = active - over + core / parts_;
    shares_ = core < over * parts_ ? 1 : 0;
  }

  // Every true stands before every false.
  __aicore__ inline uint32_t CountTrue() {
    Load(mask_, At<uint8_t>(tensors_->x_active_mask), tiling_->bs);
    Order<AscendC::HardEvent::MTE2_S>();
    uint32_t low = 0;
    uint32_t high = tiling_->bs;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (mask_.GetValue(middle) != 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // How many tokens have a choice that is not masked out; those from the `first`-th on, `wanted` of
  // them, go into the list, behind what is there.
  __aicore__ inline uint32_t ScanChoices(uint32_t first, uint32_t wanted) {
    uint32_t active = 0;
    for (uint32_t base = 0; base < tiling_->bs; base += kScanTokens) {
      const uint32_t left = tiling_->bs - base;
      const uint32_t tokens = left < kScanTokens ? left : kScanTokens;
      Order<AscendC::HardEvent::S_MTE2>();
      Load(mask_, At<uint8_t>(tensors_->x_active_mask)[FirstOf(base)], tokens * tiling_->k);
      Order<AscendC::HardEvent::MTE2_S>();
      for (uint32_t i = 0; i < tokens; ++i) {
        if (!HasChoice(i)) continue;
        if (active - first < wanted) list_.SetValue(listed_++, static_cast<int32_t>(base + i));
        ++active;
      }
    }
    return active;
  }
  __aicore__ inline bool HasChoice(uint32_t scanned) const {
    for (uint32_t k = 0; k < tiling_->k; ++k) {
      if (mask_.GetValue(scanned * tiling_->k + k) != 0) return true;
    }
    return false;
  }

  const op_plan::CombineTiling* tiling_;
  const Tensors* tensors_;
  AscendC::TBuf<> ids_buffer_, scales_buffer_, mask_buffer_, list_buffer_;
  AscendC::LocalTensor<int32_t> ids_, list_;
  AscendC::LocalTensor<float> scales_;
  AscendC::LocalTensor<uint8_t> mask_;
  Share whole_;
  uint32_t shares_, shared_, parts_, part_, part_width_;
  uint32_t listed_;
  uint32_t batch_;
};

}  // namespace combine_kernel
