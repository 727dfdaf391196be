// SPDX-License-Identifier: Apache-2.0
#include "futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include "deadline.h"

namespace host_hccl {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
static_assert(std::atomic<uint32_t>::is_always_lock_free);

bool FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t timeout_ns) {
  if (timeout_ns <= 0) return false;
  timespec timeout;
  timeout.tv_sec = timeout_ns / kNsPerSecond;
  timeout.tv_nsec = timeout_ns % kNsPerSecond;
  const long rc = syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, nullptr, 0);
  return !(rc == -1 && errno == ETIMEDOUT);
}

void FutexWakeAll(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace host_hccl
