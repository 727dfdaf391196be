// SPDX-License-Identifier: Apache-2.0
#include "copy_engine.h"

#include <cstring>

#include "atomic_add.h"
#include "cost_model.h"
#include "fault.h"

namespace host_ascendc {
namespace {

uint32_t RoundUp(uint32_t bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }

// From the first byte of the first block to the last of the last.
uint64_t Extent(const BlockShape& shape, uint64_t block_bytes, uint64_t gap) {
  return shape.blocks * block_bytes + (shape.blocks - 1) * gap;
}

uint64_t OffsetIn(const GmSpace::Region& region, const uint8_t* address) {
  return static_cast<uint64_t>(address - region.of->address);
}

void Load(uint8_t* to, const uint8_t* from, uint64_t bytes, bool status) {
  if (status) {
    LoadStatus(to, from, bytes);
  } else {
    std::memcpy(to, from, bytes);
  }
}

void Fill(uint8_t* to, uint32_t bytes, const uint8_t* pattern, uint32_t pattern_bytes) {
  for (uint32_t i = 0; i < bytes; ++i) to[i] = pattern[i % pattern_bytes];
}

// Calls body(gm offset, ub address) for each block, or once where the blocks touch one another.
template <typename Body>
void EachStretch(const BlockShape& shape, uint64_t first_gap, uint64_t second_gap, Body body) {
  if (first_gap == 0 && second_gap == 0) {
    body(uint64_t{0}, uint64_t{0}, uint64_t{shape.blocks} * shape.bytes);
    return;
  }
  for (uint32_t block = 0; block < shape.blocks; ++block) {
    body(block * (shape.bytes + first_gap), block * (shape.bytes + second_gap),
         uint64_t{shape.bytes});
  }
}

void MoveToUb(uint8_t* ub, const UbBlocks& to, const GmBlocks& from, const BlockShape& shape,
              const Padding& padding, uint32_t padded, bool status) {
  if (padded == shape.bytes && from.gap == 0 && to.gap == 0) {
    Load(ub, from.address, uint64_t{shape.blocks} * shape.bytes, status);
    return;
  }
  for (uint32_t block = 0; block < shape.blocks; ++block) {
    uint8_t* at = ub + block * (padded + to.gap);
    Load(at + padding.left, from.address + block * (shape.bytes + from.gap), shape.bytes, status);
    const uint32_t after = padded - padding.left - shape.bytes;
    if (padding.defined) {
      Fill(at, padding.left, padding.value, padding.value_bytes);
      Fill(at + padding.left + shape.bytes, after, padding.value, padding.value_bytes);
    } else {
      // Without padding of its own a block is filled up with its first element.
      const uint8_t* first = at + padding.left;
      Fill(at + padding.left + shape.bytes, after, first, padding.value_bytes);
    }
  }
}

}  // namespace

void CopyToUb(const char* call, const UbBlocks& to, const GmBlocks& from, const BlockShape& shape,
              const Padding& padding, const Place& place) {
  if (shape.blocks == 0 || shape.bytes == 0) return;
  Core& core = Core::Current();
  const uint32_t filled = padding.left + shape.bytes + padding.right;
  const uint32_t padded = RoundUp(filled);
  uint8_t* ub = core.Ub(to.view, Extent(shape, padded, to.gap), kBlockBytes, call, place);
  const uint64_t gm_bytes = Extent(shape, shape.bytes, from.gap);
  const GmSpace::Region& region = core.Gm(from.address, gm_bytes, false, call, place);
  const bool status = region.of->kind == Kind::kStatus;
  core.CountRead(call, place);
  if (status) {
    core.BeforeStatusRead({from.address, shape.bytes, shape.blocks, shape.bytes + from.gap},
                          region.of, place);
  }
  // A peer notes its write and then does it: whoever sees the words finds the note.
  if (status) MoveToUb(ub, to, from, shape, padding, padded, true);
  if (Observer* observer = core.observer()) {
    observer->Begin(Pipe::kMte2, call, place,
                    CopyCycles(Route::kGmToUb, uint64_t{shape.blocks} * RoundUp(shape.bytes)));
    const uint64_t offset = OffsetIn(region, from.address);
    EachStretch(shape, from.gap, 0, [&](uint64_t gm, uint64_t, uint64_t bytes) {
      observer->ReadGm(region, offset + gm, bytes);
    });
    const BlockShape in_ub{shape.blocks, padded};
    EachStretch(in_ub, to.gap, 0, [&](uint64_t at, uint64_t, uint64_t bytes) {
      observer->WriteUb(static_cast<uint32_t>(to.view.address + at), static_cast<uint32_t>(bytes));
    });
    observer->End();
    const bool spoils = !padding.defined && padding.left + padding.right != 0;
    for (uint32_t block = 0; spoils && block < shape.blocks; ++block) {
      const auto at = static_cast<uint32_t>(to.view.address + block * (padded + to.gap));
      observer->SpoilUb(at, padding.left);
      observer->SpoilUb(at + padding.left + shape.bytes, padded - padding.left - shape.bytes);
    }
  }
  if (!status) MoveToUb(ub, to, from, shape, padding, padded, false);
}

void CopyToGm(const char* call, const GmBlocks& to, const UbBlocks& from, const BlockShape& shape,
              const Place& place) {
  if (shape.blocks == 0 || shape.bytes == 0) return;
  Core& core = Core::Current();
  const uint32_t padded = RoundUp(shape.bytes);
  const uint64_t ub_bytes = Extent(shape, padded, from.gap);
  const uint8_t* ub =
      core.Ub(from.view, ub_bytes - (padded - shape.bytes), kBlockBytes, call, place);
  const uint64_t gm_bytes = Extent(shape, shape.bytes, to.gap);
  const GmSpace::Region& region = core.Gm(to.address, gm_bytes, true, call, place);
  const bool status = region.of->kind == Kind::kStatus;
  const AtomicAdd atomic = core.atomic();
  if (Observer* observer = core.observer()) {
    observer->Begin(Pipe::kMte3, call, place,
                    CopyCycles(Route::kUbToGm, uint64_t{shape.blocks} * padded));
    EachStretch(shape, from.gap + padded - shape.bytes, 0,
                [&](uint64_t at, uint64_t, uint64_t bytes) {
                  observer->ReadUb(static_cast<uint32_t>(from.view.address + at),
                                   static_cast<uint32_t>(bytes));
                });
    const uint64_t offset = OffsetIn(region, to.address);
    EachStretch(shape, to.gap, 0, [&](uint64_t gm, uint64_t, uint64_t bytes) {
      observer->WriteGm(region, offset + gm, bytes, atomic != AtomicAdd::kNone);
    });
    observer->End();
  }
  for (uint32_t block = 0; block < shape.blocks; ++block) {
    uint8_t* at = to.address + block * (shape.bytes + to.gap);
    const uint8_t* source = ub + block * (padded + from.gap);
    if (atomic != AtomicAdd::kNone) {
      AddAtomically(atomic, at, source, shape.bytes);
    } else if (status) {
      StoreStatus(at, source, shape.bytes);
    } else {
      std::memcpy(at, source, shape.bytes);
    }
  }
  core.watch().OnWrite();
}

void CopyWithinUb(const char* call, const UbBlocks& to, const UbBlocks& from,
                  const BlockShape& shape, const Place& place) {
  if (shape.blocks == 0 || shape.bytes == 0) return;
  Core& core = Core::Current();
  uint8_t* target = core.Ub(to.view, Extent(shape, shape.bytes, to.gap), kBlockBytes, call, place);
  const uint8_t* source =
      core.Ub(from.view, Extent(shape, shape.bytes, from.gap), kBlockBytes, call, place);
  if (Observer* observer = core.observer()) {
    observer->Begin(Pipe::kVector, call, place,
                    CopyCycles(Route::kUbToUb, uint64_t{shape.blocks} * shape.bytes));
    EachStretch(shape, from.gap, 0, [&](uint64_t at, uint64_t, uint64_t bytes) {
      observer->ReadUb(static_cast<uint32_t>(from.view.address + at), static_cast<uint32_t>(bytes));
    });
    EachStretch(shape, to.gap, 0, [&](uint64_t at, uint64_t, uint64_t bytes) {
      observer->WriteUb(static_cast<uint32_t>(to.view.address + at), static_cast<uint32_t>(bytes));
    });
    observer->End();
  }
  for (uint32_t block = 0; block < shape.blocks; ++block) {
    std::memmove(target + block * (shape.bytes + to.gap), source + block * (shape.bytes + from.gap),
                 shape.bytes);
  }
}

void ReadGmScalar(void* value, const void* address, uint32_t bytes, const char* call,
                  const Place& place) {
  Core& core = Core::Current();
  const GmSpace::Region& region = core.Gm(address, bytes, false, call, place);
  const auto* from = static_cast<const uint8_t*>(address);
  const bool status = region.of->kind == Kind::kStatus;
  core.CountRead(call, place);
  if (status) core.BeforeStatusRead({from, bytes, 1, 0}, region.of, place);
  Load(static_cast<uint8_t*>(value), from, bytes, status);
  if (Observer* observer = core.observer()) {
    observer->Begin(Pipe::kScalar, call, place, ScalarCycles());
    observer->ReadGm(region, OffsetIn(region, from), bytes);
    observer->End();
  }
}

void WriteGmScalar(void* address, const void* value, uint32_t bytes, const char* call,
                   const Place& place) {
  Core& core = Core::Current();
  const GmSpace::Region& region = core.Gm(address, bytes, true, call, place);
  auto* to = static_cast<uint8_t*>(address);
  if (Observer* observer = core.observer()) {
    observer->Begin(Pipe::kScalar, call, place, ScalarCycles());
    observer->WriteGm(region, OffsetIn(region, to), bytes, false);
    observer->End();
  }
  if (region.of->kind == Kind::kStatus) {
    StoreStatus(to, static_cast<const uint8_t*>(value), bytes);
  } else {
    std::memcpy(to, value, bytes);
  }
  core.watch().OnWrite();
}

void CleanGmLine(const void* address, const Place& place) {
  Core& core = Core::Current();
  const GmSpace::Region& region = core.Gm(address, 1, false, "DataCacheCleanAndInvalid", place);
  if (core.observer() == nullptr) return;
  core.observer()->CleanLine(region, OffsetIn(region, static_cast<const uint8_t*>(address)), place);
}

void CleanWholeCache(const Place& place) {
  Core& core = Core::Current();
  if (core.observer() != nullptr) core.observer()->CleanAll(place);
}

}  // namespace host_ascendc
