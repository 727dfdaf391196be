// SPDX-License-Identifier: Apache-2.0
#include "process_state.h"

#include <pthread.h>

#include <atomic>

namespace host_hccl {
namespace {

// Never destroyed: threads of streams may use it until the process ends.
std::atomic<ProcessState*> current{nullptr};
// What a child found when it was made. Another thread of the parent may have been in the midst of
// changing it, so it is not looked at again.
std::atomic<ProcessState*> inherited{nullptr};
std::atomic<bool> forked_child{false};

void StartAfresh() {
  ProcessState* parents = current.exchange(nullptr);
  if (!parents) return;
  inherited.store(parents);
  forked_child.store(true);
}

const int registered = pthread_atfork(nullptr, nullptr, StartAfresh);

}  // namespace

ProcessState& ProcessState::Get() {
  ProcessState* state = current.load(std::memory_order_acquire);
  if (state) return *state;
  auto made = std::make_unique<ProcessState>();
  if (current.compare_exchange_strong(state, made.get())) return *made.release();
  return *state;
}

bool ProcessState::IsForkedChild() { return registered == 0 && forked_child.load(); }

}  // namespace host_hccl
