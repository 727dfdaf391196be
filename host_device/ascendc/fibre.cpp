// SPDX-License-Identifier: Apache-2.0
#include "fibre.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace host_ascendc {
namespace {

// Only what a kernel touches becomes memory.
constexpr size_t kStackBytes = 1 << 20;

size_t PageBytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

// Inlined: ThreadSanitizer keeps each fibre's calls apart, and this one begins on one and ends on
// the other.
inline __attribute__((always_inline)) void Fibre::LeaveForSanitizers([[maybe_unused]] bool last) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(last ? nullptr : &own_fake_stack_, outer_bottom_, outer_bytes_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(outer_sanitizer_fibre_, 0);
#endif
}

FibreStack::FibreStack() {
  void* mapping = mmap(nullptr, kStackBytes + PageBytes(), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<char*>(mapping);
  bottom_ = mapping_ + PageBytes();
  mprotect(mapping_, PageBytes(), PROT_NONE);
}

FibreStack::~FibreStack() { munmap(mapping_, kStackBytes + PageBytes()); }

size_t FibreStack::bytes() const { return kStackBytes; }

Fibre::~Fibre() {
#if defined(__SANITIZE_THREAD__)
  if (own_sanitizer_fibre_ != nullptr) __tsan_destroy_fiber(own_sanitizer_fibre_);
#endif
}

void Fibre::Start(std::function<void()> body) {
  body_ = std::move(body);
  ended_ = false;
  getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_->bottom();
  inside_.uc_stack.ss_size = stack_->bytes();
  inside_.uc_link = nullptr;
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&inside_, reinterpret_cast<void (*)()>(&Fibre::Entry), 2,
              static_cast<unsigned>(uint64_t{self} >> 32), static_cast<unsigned>(self));
#if defined(__SANITIZE_THREAD__)
  own_sanitizer_fibre_ = __tsan_create_fiber(0);
#endif
}

void Fibre::Entry(unsigned high, unsigned low) {
  const uint64_t self = uint64_t{high} << 32 | low;
  reinterpret_cast<Fibre*>(static_cast<uintptr_t>(self))->Run();
}

void Fibre::Run() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &outer_bottom_, &outer_bytes_);
#endif
  body_();
  ended_ = true;
  LeaveForSanitizers(true);
  setcontext(&outside_);
}

void Fibre::Resume() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&outer_fake_stack_, stack_->bottom(), stack_->bytes());
#endif
#if defined(__SANITIZE_THREAD__)
  outer_sanitizer_fibre_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(own_sanitizer_fibre_, 0);
#endif
  swapcontext(&outside_, &inside_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(outer_fake_stack_, nullptr, nullptr);
#endif
}

void Fibre::GiveWay() {
  LeaveForSanitizers(false);
  swapcontext(&inside_, &outside_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_fake_stack_, &outer_bottom_, &outer_bytes_);
#endif
}

}  // namespace host_ascendc
