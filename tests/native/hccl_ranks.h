// SPDX-License-Identifier: Apache-2.0
// Ranks for the tests of HCCL: as threads of this process, or as processes.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "acl/acl.h"
#include "check.h"
#include "hccl/hccl.h"
#include "host_communicator.h"
#include "recent_text.h"

inline void SleepMs(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline HcclCommConfig SmallConfig(int32_t exec_timeout_seconds = 20, const char* name = "") {
  HcclCommConfig config;
  HcclCommConfigInit(&config);
  config.hcclBufferSize = 1;
  config.hcclExecTimeOut = exec_timeout_seconds;
  std::snprintf(config.hcclCommName, sizeof(config.hcclCommName), "%s", name);
  return config;
}

// Runs body(rank) on `count` threads, each with its own device.
inline void OnThreads(uint32_t count, const std::function<void(uint32_t)>& body) {
  setenv("ACLNN_MOE_HOST_DEVICES", "1024", 1);
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < count; ++rank) {
    threads.emplace_back([&body, rank] {
      EXPECT_EQ(aclrtSetDevice(static_cast<int32_t>(rank)), ACL_SUCCESS);
      body(rank);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Makes a communicator of threads and runs body(rank, comm), then destroys it.
inline void WithThreadRanks(uint32_t count, const HcclCommConfig& config,
                            const std::function<void(uint32_t, HcclComm)>& body) {
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  OnThreads(count, [&](uint32_t rank) {
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(count, &root, rank, &config, &comm), HCCL_SUCCESS);
    if (comm == nullptr) {
      check::Report(__FILE__, __LINE__, RecentText());
      return;
    }
    body(rank, comm);
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
}

// What processes of one test share.
struct SharedPage {
  std::atomic<int> root_ready;
  HcclRootInfo root;
  std::atomic<int64_t> notes[32];

  static SharedPage* Make() {
    void* page = mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? nullptr : new (page) SharedPage();
  }
  // Rank 0 makes the root info, the others wait for it.
  const HcclRootInfo* Root(uint32_t rank) {
    if (rank == 0) {
      EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
      root_ready.store(1);
    }
    while (root_ready.load() == 0) SleepMs(1);
    return &root;
  }
  bool AwaitNote(int index, int64_t value, double seconds = 20) {
    const Stopwatch watch;
    while (notes[index].load() != value) {
      if (watch.Seconds() > seconds) return false;
      SleepMs(1);
    }
    return true;
  }
};

// Processes that run body(rank); to be made before this process has threads.
class RankProcesses {
 public:
  RankProcesses(uint32_t count, const std::function<void(uint32_t)>& body) {
    std::fflush(stdout);
    for (uint32_t rank = 0; rank < count; ++rank) {
      const pid_t pid = fork();
      if (pid == 0) {
        EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
        body(rank);
        std::fflush(stdout);
        _exit(check::Failures() == 0 ? 0 : 1);
      }
      pids_.push_back(pid);
    }
  }
  pid_t pid(uint32_t rank) const { return pids_[rank]; }
  void Kill(uint32_t rank) { EXPECT_EQ(kill(pids_[rank], SIGKILL), 0); }
  // Every one not killed has to end well.
  void Join() {
    for (const pid_t pid : pids_) {
      int status = 0;
      EXPECT_EQ(waitpid(pid, &status, 0), pid);
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) continue;
      EXPECT_EQ(status, 0);
    }
  }

 private:
  std::vector<pid_t> pids_;
};

// One rank's access to the seam.
class SeamRank {
 public:
  SeamRank(HcclComm comm, int32_t device) {
    char name[COMM_NAME_MAX_LENGTH] = "";
    EXPECT_EQ(HcclGetCommName(comm, name), HCCL_SUCCESS);
    EXPECT_EQ(HostCommAcquire(name, device, &comm_), HCCL_SUCCESS);
    HostCommGetInfo(comm_, &info);
  }
  ~SeamRank() { HostCommRelease(comm_); }
  SeamRank(const SeamRank&) = delete;
  SeamRank& operator=(const SeamRank&) = delete;

  HostComm* get() const { return comm_; }

  aclError Begin(const char* op, int64_t h, HostCollective** collective) {
    HostCollectiveSignature signature = {};
    signature.op = op;
    signature.names = "BS, H";
    signature.field_count = 2;
    signature.fields[0] = 8;
    signature.fields[1] = h;
    return HostCollectiveBegin(comm_, &signature, collective, &failure);
  }
  // Begin, publish, await all, end: a barrier.
  aclError Collective(const char* op = "TestOp", int64_t h = 1024) {
    HostCollective* collective = nullptr;
    aclError status = Begin(op, h, &collective);
    if (status != ACL_SUCCESS) return status;
    HostCollectivePublish(collective);
    status = AwaitAll(collective);
    HostCollectiveEnd(collective);
    return status;
  }
  aclError AwaitAll(HostCollective* collective) {
    for (uint32_t rank = 0; rank < info.size; ++rank) {
      const aclError status = HostCollectiveAwait(collective, rank, &failure);
      if (status != ACL_SUCCESS) return status;
    }
    return ACL_SUCCESS;
  }

  HostCommInfo info = {};
  HostFailure failure = {};

 private:
  HostComm* comm_ = nullptr;
};
