// SPDX-License-Identifier: Apache-2.0
// The bytes by which ranks find a communicator's shared memory: which process holds it open, under
// which number, and a random nonce that tells that it is the right one.
#pragma once

#include "outcome.h"
#include "owned_fd.h"
#include "rank_slot.h"

namespace host_hccl {

struct RootInfo {
  uint64_t magic;
  uint64_t boot_hash;      // machine and boot
  uint64_t pid_namespace;  // inode of the holder's
  int32_t pid;
  int32_t fd;
  Nonce nonce;
  uint64_t checksum;  // of all before it
};

Outcome RandomNonce(Nonce* nonce);

// About memory that this process holds open as `fd`.
Outcome MakeRootInfo(const Nonce& nonce, int fd, RootInfo* info);

// About memory that another process of this machine holds open.
Outcome MakeRootInfo(const Nonce& nonce, int32_t pid, int fd, RootInfo* info);

void EncodeRootInfo(const RootInfo& info, HcclRootInfo* bytes);

// Refuses bytes that HcclGetRootInfo of this host device did not write, and those of another
// machine.
Outcome DecodeRootInfo(const HcclRootInfo& bytes, RootInfo* info);

// Names the inode without opening it: closing an ordinary descriptor would drop this process's
// record locks, in case it has that inode open already.
Outcome FindHeldMemory(const RootInfo& info, OwnedFd* path_only);

// Opens it, and checks that it is what `info` means.
Outcome OpenHeldMemory(const RootInfo& info, const OwnedFd& path_only, OwnedFd* fd);

}  // namespace host_hccl
