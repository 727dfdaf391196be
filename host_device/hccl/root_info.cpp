// SPDX-License-Identifier: Apache-2.0
#include "root_info.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "hash.h"
#include "shared_segment.h"

namespace host_hccl {
namespace {

constexpr uint64_t kRootInfoMagic = 0x31544f4f52434348;  // "HCCROOT1"

static_assert(sizeof(RootInfo) <= HCCL_ROOT_INFO_BYTES);

uint64_t Checksum(const RootInfo& info) { return Hash(&info, offsetof(RootInfo, checksum)); }

Outcome BootHash(uint64_t* hash) {
  const char* path = "/proc/sys/kernel/random/boot_id";
  OwnedFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char id[64];
  const ssize_t count = fd.valid() ? read(fd.get(), id, sizeof(id)) : -1;
  if (count <= 0) return Failed(HCCL_E_SYSCALL, "cannot read %s: %s", path, strerror(errno));
  *hash = Hash(id, static_cast<size_t>(count));
  return {};
}

Outcome PidNamespace(uint64_t* inode) {
  struct stat status;
  if (stat("/proc/self/ns/pid", &status) != 0) {
    return Failed(HCCL_E_SYSCALL, "cannot read /proc/self/ns/pid: %s (is /proc mounted?)",
                  strerror(errno));
  }
  *inode = status.st_ino;
  return {};
}

Outcome Stale(const RootInfo& info) {
  return Failed(
      HCCL_E_UNAVAIL,
      "process %d no longer holds the memory of this root info: its communicator has been "
      "formed or given up already; every communicator needs a new HcclGetRootInfo",
      info.pid);
}

}  // namespace

Outcome RandomNonce(Nonce* nonce) {
  size_t have = 0;
  while (have < sizeof(*nonce)) {
    const ssize_t got = getrandom(reinterpret_cast<char*>(nonce) + have, sizeof(*nonce) - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Failed(HCCL_E_SYSCALL, "getrandom failed: %s", strerror(errno));
    have += static_cast<size_t>(got);
  }
  return {};
}

Outcome MakeRootInfo(const Nonce& nonce, int32_t pid, int fd, RootInfo* info) {
  memset(info, 0, sizeof(*info));
  info->magic = kRootInfoMagic;
  Outcome outcome = BootHash(&info->boot_hash);
  if (outcome.ok()) outcome = PidNamespace(&info->pid_namespace);
  info->pid = pid;
  info->fd = fd;
  info->nonce = nonce;
  info->checksum = Checksum(*info);
  return outcome;
}

Outcome MakeRootInfo(const Nonce& nonce, int fd, RootInfo* info) {
  return MakeRootInfo(nonce, getpid(), fd, info);
}

void EncodeRootInfo(const RootInfo& info, HcclRootInfo* bytes) {
  memset(bytes, 0, sizeof(*bytes));
  memcpy(bytes->internal, &info, sizeof(info));
}

Outcome DecodeRootInfo(const HcclRootInfo& bytes, RootInfo* info) {
  memcpy(info, bytes.internal, sizeof(*info));
  if (info->magic != kRootInfoMagic || info->checksum != Checksum(*info) || info->pid <= 0 ||
      info->fd < 0) {
    return Failed(HCCL_E_PARA,
                  "rootInfo does not hold what HcclGetRootInfo of this host device wrote; all %u "
                  "bytes of the root rank's have to arrive unchanged",
                  HCCL_ROOT_INFO_BYTES);
  }
  uint64_t boot_hash = 0;
  uint64_t pid_namespace = 0;
  Outcome outcome = BootHash(&boot_hash);
  if (outcome.ok()) outcome = PidNamespace(&pid_namespace);
  if (!outcome.ok()) return outcome;
  if (boot_hash != info->boot_hash) {
    return Failed(HCCL_E_PARA,
                  "rootInfo comes from another machine (or from before a reboot): the ranks of the "
                  "host device share memory, so all run on one machine");
  }
  if (pid_namespace != info->pid_namespace) {
    return Failed(HCCL_E_PARA,
                  "rootInfo comes from process %d of another PID namespace: start all ranks in one "
                  "container, or with a shared PID namespace",
                  info->pid);
  }
  return {};
}

Outcome FindHeldMemory(const RootInfo& info, OwnedFd* path_only) {
  char process[32];
  char path[64];
  snprintf(process, sizeof(process), "/proc/%d", info.pid);
  snprintf(path, sizeof(path), "/proc/%d/fd/%d", info.pid, info.fd);
  OwnedFd found(open(path, O_PATH | O_CLOEXEC));
  if (!found.valid()) {
    const int error = errno;
    if (error == EACCES || error == EPERM) {
      return Failed(HCCL_E_UNAVAIL,
                    "process %d, which made the root info, may not be looked into (%s): run all "
                    "ranks as the same user",
                    info.pid, strerror(error));
    }
    if (error != ENOENT && error != ESRCH) {
      return Failed(HCCL_E_SYSCALL, "cannot open %s: %s", path, strerror(error));
    }
    if (access(process, F_OK) != 0) {
      return Failed(HCCL_E_UNAVAIL,
                    "process %d, which made the root info, is gone; it has to live until all ranks "
                    "have come",
                    info.pid);
    }
    return Stale(info);
  }
  struct stat status;
  if (fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode)) return Stale(info);
  *path_only = std::move(found);
  return {};
}

Outcome OpenHeldMemory(const RootInfo& info, const OwnedFd& path_only, OwnedFd* fd) {
  char path[64];
  char target[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", path_only.get());
  const ssize_t length = readlink(path, target, sizeof(target));
  const size_t expected = strlen(kSegmentLinkName);
  if (length < static_cast<ssize_t>(expected) || memcmp(target, kSegmentLinkName, expected) != 0) {
    return Stale(info);
  }
  OwnedFd opened(open(path, O_RDWR | O_CLOEXEC));
  if (!opened.valid()) {
    const int error = errno;
    if (error == EACCES || error == EPERM) {
      return Failed(HCCL_E_UNAVAIL,
                    "the shared memory of process %d belongs to another user: run all ranks as the "
                    "same user",
                    info.pid);
    }
    return Failed(HCCL_E_SYSCALL, "cannot open the shared memory of process %d: %s", info.pid,
                  strerror(error));
  }
  uint64_t magic = 0;
  Nonce nonce = {};
  if (pread(opened.get(), &magic, sizeof(magic), offsetof(SegmentHeader, magic)) !=
          static_cast<ssize_t>(sizeof(magic)) ||
      pread(opened.get(), &nonce, sizeof(nonce), offsetof(SegmentHeader, nonce)) !=
          static_cast<ssize_t>(sizeof(nonce)) ||
      magic != kSegmentMagic || !(nonce == info.nonce)) {
    return Stale(info);
  }
  *fd = std::move(opened);
  return {};
}

}  // namespace host_hccl
