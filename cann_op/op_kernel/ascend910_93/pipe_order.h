// SPDX-License-Identifier: Apache-2.0
// What the kernel's parts share: order between the pipes of one core, and even shares of work.
#pragma once

#include "kernel_operator.h"

namespace combine_kernel {

constexpr uint32_t kBlockBytes = 32;    // what an address in UB is aligned to
constexpr uint32_t kRepeatFloats = 64;  // float32 elements of one vector instruction's repeat
constexpr uint32_t kBlockFloats = 8;    // float32 elements of a block
constexpr uint32_t kRepeatBlocks = 8;   // blocks of a repeat

__aicore__ inline uint32_t RoundUp(uint32_t value, uint32_t to) {
  return (value + to - 1) / to * to;
}

// What comes after it on the second pipe of the event waits for what came before it on the first.
template <AscendC::HardEvent kEvent>
__aicore__ inline void Order() {
  const auto id = static_cast<AscendC::TEventID>(GetTPipePtr()->FetchEventID(kEvent));
  AscendC::SetFlag<kEvent>(id);
  AscendC::WaitFlag<kEvent>(id);
}

// A vector instruction that reads what the one before it wrote.
__aicore__ inline void VectorOrder() { AscendC::PipeBarrier<PIPE_V>(); }

// The part of `count` things that belongs to core `core` of `cores`: parts differ by one at most.
struct Share {
  uint32_t begin;
  uint32_t count;
};
__aicore__ inline Share ShareOf(uint32_t count, uint32_t core, uint32_t cores) {
  const uint32_t even = count / cores;
  const uint32_t more = count % cores;
  const uint32_t before = core < more ? core : more;
  return {even * core + before, even + (core < more ? 1u : 0u)};
}

// Copies of `bytes` bytes from a tensor of the caller, whose address has no alignment.
template <typename T>
__aicore__ inline void Load(const AscendC::LocalTensor<T>& to, const AscendC::GlobalTensor<T>& from,
                            uint32_t count) {
  const AscendC::DataCopyExtParams piece(1, count * sizeof(T), 0, 0, 0);
  const AscendC::DataCopyPadExtParams<T> nothing(false, 0, 0, 0);
  AscendC::DataCopyPad(to, from, piece, nothing);
}
template <typename T>
__aicore__ inline void Store(const AscendC::GlobalTensor<T>& to,
                             const AscendC::LocalTensor<T>& from, uint32_t count) {
  AscendC::DataCopyPad(to, from, AscendC::DataCopyExtParams(1, count * sizeof(T), 0, 0, 0));
}

}  // namespace combine_kernel
