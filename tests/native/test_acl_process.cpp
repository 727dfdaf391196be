// SPDX-License-Identifier: Apache-2.0
// Start and end of a process, the error text of a thread, fork and exit.
#include <cstdlib>
#include <thread>

#include "check.h"
#include "stream_work.h"

namespace {

// Exit status of a child that runs `body`, or minus the signal that ended it.
int StatusOfChild(const std::function<int()>& body) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    std::exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST(init_twice_is_refused_as_repeated) {
  EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclInit(nullptr), ACL_ERROR_REPEAT_INITIALIZE);
  EXPECT_TEXT_HAS(RecentText(), "aclInit: already initialized");
}

TEST(init_refuses_a_config_that_cannot_be_read) {
  EXPECT_EQ(aclInit("/no/such/file.json"), ACL_ERROR_INVALID_FILE);
  EXPECT_TEXT_HAS(RecentText(), "/no/such/file.json");
  EXPECT_EQ(aclInit(""), ACL_SUCCESS);
}

TEST(finalize_needs_init_and_ends_it_once) {
  EXPECT_EQ(aclFinalize(), ACL_ERROR_UNINITIALIZE);
  EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclFinalize(), ACL_SUCCESS);
  EXPECT_EQ(aclFinalize(), ACL_ERROR_REPEAT_FINALIZE);
  EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
}

TEST(finalize_by_reference_counts_the_inits) {
  uint64_t references = 9;
  aclInit(nullptr);
  aclInit(nullptr);
  EXPECT_EQ(aclFinalizeReference(&references), ACL_SUCCESS);
  EXPECT_EQ(references, 1u);
  EXPECT_EQ(aclFinalizeReference(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclFinalizeReference(&references), ACL_ERROR_REPEAT_FINALIZE);
}

TEST(finalize_with_work_queued_leaves_the_work_alone) {
  aclInit(nullptr);
  aclrtSetDevice(0);
  Gate gate;
  gate.Hold(nullptr);
  EXPECT_EQ(aclFinalize(), ACL_SUCCESS);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
}

TEST(version_run_mode_and_chip_are_told) {
  int32_t major = 0;
  int32_t minor = 0;
  int32_t patch = -1;
  EXPECT_EQ(aclrtGetVersion(&major, &minor, &patch), ACL_SUCCESS);
  EXPECT_EQ(major, ACL_MAJOR_VERSION);
  EXPECT_EQ(minor, ACL_MINOR_VERSION);
  EXPECT_EQ(patch, ACL_PATCH_VERSION);
  EXPECT_EQ(aclrtGetVersion(&major, nullptr, &patch), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "minorVersion is null");
  aclrtRunMode mode = ACL_DEVICE;
  EXPECT_EQ(aclrtGetRunMode(&mode), ACL_SUCCESS);
  EXPECT_EQ(mode, ACL_HOST);
  EXPECT_EQ(aclrtGetRunMode(nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(std::string(aclrtGetSocName()), std::string("Ascend910_9391"));
}

TEST(error_text_is_given_once) {
  EXPECT_TRUE(aclGetRecentErrMsg() == nullptr);
  aclrtSetDevice(-1);
  EXPECT_TEXT_HAS(aclGetRecentErrMsg(), "aclrtSetDevice: deviceId is -1");
  EXPECT_TRUE(aclGetRecentErrMsg() == nullptr);
}

TEST(error_text_belongs_to_its_thread) {
  aclrtSetDevice(-1);
  std::thread([] {
    EXPECT_TRUE(aclGetRecentErrMsg() == nullptr);
    HostSetErrorText("of the other thread, number %d", 7);
    EXPECT_EQ(RecentText(), std::string("of the other thread, number 7"));
  }).join();
  EXPECT_TEXT_HAS(RecentText(), "deviceId is -1");
}

TEST(error_text_longer_than_its_room_is_cut) {
  const std::string huge(20000, 'x');
  HostSetErrorText("%s", huge.c_str());
  EXPECT_EQ(RecentText(), std::string(16383, 'x'));
}

TEST(last_error_can_be_looked_at_and_taken) {
  EXPECT_EQ(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS);
  aclrtSetDevice(-1);
  EXPECT_EQ(aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_EQ(aclrtGetLastError(ACL_RT_THREAD_LEVEL), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_EQ(aclrtGetLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS);
  EXPECT_EQ(aclrtPeekAtLastError(static_cast<aclrtLastErrLevel>(3)), ACL_ERROR_INVALID_PARAM);
}

TEST(fork_after_use_is_told_apart_and_does_not_hang) {
  aclrtSetDevice(0);
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  Gate gate;
  gate.Hold(stream);
  gate.AwaitEntry();
  const int status = StatusOfChild([&] {
    void* memory = nullptr;
    if (aclrtMalloc(&memory, 8, ACL_MEM_MALLOC_HUGE_FIRST) != ACL_ERROR_RT_FEATURE_NOT_SUPPORT)
      return 1;
    if (RecentText().find("forked") == std::string::npos) return 2;
    if (aclrtSynchronizeStream(stream) != ACL_ERROR_RT_FEATURE_NOT_SUPPORT) return 3;
    if (aclInit(nullptr) != ACL_ERROR_RT_FEATURE_NOT_SUPPORT) return 4;
    if (HostIsDeviceMemory(&memory, 1)) return 5;
    uint32_t sum = 0;
    HostParallelFor(
        4, 4, [](void* state, uint32_t i) { *static_cast<uint32_t*>(state) += i; }, &sum);
    return sum == 6 ? 42 : 6;
  });
  EXPECT_EQ(status, 42);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
}

TEST(fork_before_use_leaves_both_processes_working) {
  uint32_t count = 0;
  aclrtGetDeviceCount(&count);
  const int status = StatusOfChild([] {
    if (aclrtSetDevice(1) != ACL_SUCCESS) return 1;
    bool ran = false;
    QueueWork(nullptr, "Work", [&](HostFailure*) {
      ran = true;
      return ACL_SUCCESS;
    });
    return aclrtSynchronizeStream(nullptr) == ACL_SUCCESS && ran ? 42 : 2;
  });
  EXPECT_EQ(status, 42);
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
}

TEST(exit_with_work_queued_neither_hangs_nor_crashes) {
  const int status = StatusOfChild([] {
    aclrtSetDevice(0);
    for (int i = 0; i < 8; ++i) {
      aclrtStream stream = nullptr;
      aclrtCreateStream(&stream);
      for (int j = 0; j < 100; ++j) {
        QueueWork(stream, "Sleep", [](HostFailure*) {
          usleep(10'000);
          return ACL_SUCCESS;
        });
      }
    }
    return 42;
  });
  EXPECT_EQ(status, 42);
}

TEST(exit_while_streams_wait_for_events_ends_the_waits) {
  const auto start = std::chrono::steady_clock::now();
  const int status = StatusOfChild([] {
    aclrtSetDevice(0);
    aclrtEvent event = nullptr;
    aclrtCreateEvent(&event);
    aclrtStreamWaitEvent(nullptr, event);
    return 42;
  });
  EXPECT_EQ(status, 42);
  // Running work is given 2 s to end; a wait must not use them up.
  EXPECT_TRUE(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(1900));
}

TEST(exit_from_a_host_function_does_not_hang) {
  const int status = StatusOfChild([] {
    aclrtSetDevice(0);
    aclrtLaunchHostFunc(nullptr, [](void*) { std::exit(42); }, nullptr);
    aclrtSynchronizeStreamWithTimeout(nullptr, 10'000);
    return 1;
  });
  EXPECT_EQ(status, 42);
}
