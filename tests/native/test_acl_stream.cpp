// SPDX-License-Identifier: Apache-2.0
// Streams: order, failure, waiting, destruction, stale handles.
#include <thread>

#include "check.h"
#include "stream_work.h"

namespace {

aclrtStream NewStream(int32_t device = 0) {
  aclrtSetDevice(device);
  aclrtStream stream = nullptr;
  EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
  return stream;
}

}  // namespace

TEST(stream_runs_work_in_order) {
  const aclrtStream stream = NewStream();
  std::vector<int> seen;
  for (int i = 0; i < 1000; ++i) {
    QueueWork(stream, "Append", [&seen, i](HostFailure*) {
      seen.push_back(i);
      return ACL_SUCCESS;
    });
  }
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  REQUIRE(seen.size() == 1000);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[i], i);
}

TEST(stream_work_does_not_hold_its_caller) {
  const aclrtStream stream = NewStream();
  Gate gate;
  gate.Hold(stream);
  aclrtStreamStatus status = ACL_STREAM_STATUS_COMPLETE;
  EXPECT_EQ(aclrtStreamQuery(stream, &status), ACL_SUCCESS);
  EXPECT_EQ(status, ACL_STREAM_STATUS_NOT_READY);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtStreamQuery(stream, &status), ACL_SUCCESS);
  EXPECT_EQ(status, ACL_STREAM_STATUS_COMPLETE);
  EXPECT_EQ(aclrtStreamQuery(stream, nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(stream_keeps_the_first_failure) {
  const aclrtStream stream = NewStream();
  QueueFailure(stream, "First", ACL_ERROR_RT_AICORE_EXCEPTION, "token 3 has expert 99");
  QueueFailure(stream, "Second", ACL_ERROR_FAILURE, "too late");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_RT_AICORE_EXCEPTION);
    EXPECT_EQ(RecentText(), std::string("First: token 3 has expert 99"));
  }
  aclrtStreamStatus status = ACL_STREAM_STATUS_NOT_READY;
  EXPECT_EQ(aclrtStreamQuery(stream, &status), ACL_ERROR_RT_AICORE_EXCEPTION);
  EXPECT_EQ(status, ACL_STREAM_STATUS_COMPLETE);
}

TEST(stream_failure_without_a_text_gets_one) {
  const aclrtStream stream = NewStream();
  QueueFailure(stream, "Silent", 12345, "");
  EXPECT_EQ(aclrtSynchronizeStream(stream), 12345);
  EXPECT_EQ(RecentText(), std::string("Silent: failed with status 12345"));
}

TEST(work_behind_a_failure_is_released_but_not_run) {
  const aclrtStream stream = NewStream();
  auto kept = std::make_shared<int>(0);
  QueueFailure(stream, "Fail", ACL_ERROR_FAILURE, "on purpose");
  QueueWork(stream, "Later", [kept](HostFailure*) {
    ++*kept;
    return ACL_SUCCESS;
  });
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_FAILURE);
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(failure_of_one_stream_leaves_others_alone) {
  const aclrtStream bad = NewStream();
  const aclrtStream good = NewStream();
  QueueFailure(bad, "Fail", ACL_ERROR_FAILURE, "on purpose");
  QueueWork(good, "Work", [](HostFailure*) { return ACL_SUCCESS; });
  EXPECT_EQ(aclrtSynchronizeStream(good), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeDevice(), ACL_ERROR_FAILURE);
}

TEST(exceptions_of_work_become_failures_of_the_stream) {
  const aclrtStream stream = NewStream();
  QueueWork(stream, "Throws", [](HostFailure*) -> aclError { throw std::bad_alloc(); });
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_BAD_ALLOC);
  EXPECT_TEXT_HAS(RecentText(), "Throws: out of host memory");
}

TEST(timeout_names_what_runs_and_what_is_queued) {
  const aclrtStream stream = NewStream();
  Gate gate;
  gate.Hold(stream, "MoeDistributeDispatch");
  gate.AwaitEntry();
  for (int i = 0; i < 3; ++i) QueueWork(stream, "Later", [](HostFailure*) { return ACL_SUCCESS; });
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(stream, 30), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  const std::string text = RecentText();
  EXPECT_TEXT_HAS(text, "did not finish within 30 ms");
  EXPECT_TEXT_HAS(text, "'MoeDistributeDispatch' has been running for");
  EXPECT_TEXT_HAS(text, "3 more are queued");
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(stream, 0), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(stream, -2), ACL_ERROR_RT_PARAM_INVALID);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(stream, -1), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(stream, 0), ACL_SUCCESS);
}

TEST(synchronise_waits_for_what_was_queued_before_only) {
  const aclrtStream stream = NewStream();
  Gate first;
  Gate second;
  first.Hold(stream);
  std::atomic<bool> waiting{false};
  aclError status = -1;
  std::thread waiter([&] {
    waiting = true;
    status = aclrtSynchronizeStream(stream);
  });
  while (!waiting) std::this_thread::yield();
  usleep(20'000);
  second.Hold(stream);
  first.Open();
  waiter.join();
  EXPECT_EQ(status, ACL_SUCCESS);
  second.Open();
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
}

TEST(null_stream_is_the_default_stream_of_the_context) {
  aclrtSetDevice(4);
  bool ran = false;
  QueueWork(nullptr, "Work", [&](HostFailure*) {
    ran = true;
    return ACL_SUCCESS;
  });
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_TRUE(ran);
  int32_t device = -1;
  EXPECT_EQ(HostStreamDevice(nullptr, &device), ACL_SUCCESS);
  EXPECT_EQ(device, 4);
  EXPECT_EQ(aclrtDestroyStream(nullptr), ACL_ERROR_INVALID_PARAM);
  aclrtStream handle = nullptr;
  aclrtCtxGetCurrentDefaultStream(&handle);
  EXPECT_EQ(aclrtDestroyStream(handle), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "default stream");
}

TEST(null_stream_without_a_context_is_refused) {
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_CONTEXT_NULL);
  bool released = false;
  const HostTask task{"Work", [](void*, HostFailure*) { return ACL_SUCCESS; },
                      [](void* state) { *static_cast<bool*>(state) = true; }, &released};
  EXPECT_EQ(HostStreamEnqueue(nullptr, &task), ACL_ERROR_RT_CONTEXT_NULL);
  EXPECT_FALSE(released);
}

TEST(stream_is_usable_from_threads_without_its_context) {
  const aclrtStream stream = NewStream(7);
  std::thread([&] {
    int32_t device = -1;
    EXPECT_EQ(HostStreamDevice(stream, &device), ACL_SUCCESS);
    EXPECT_EQ(device, 7);
    EXPECT_EQ(QueueWork(stream, "Work", [](HostFailure*) { return ACL_SUCCESS; }), ACL_SUCCESS);
    EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  }).join();
}

TEST(destroy_waits_for_queued_work) {
  const aclrtStream stream = NewStream();
  int ran = 0;
  for (int i = 0; i < 5; ++i) {
    QueueWork(stream, "Sleep", [&](HostFailure*) {
      usleep(2'000);
      ++ran;
      return ACL_SUCCESS;
    });
  }
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  EXPECT_EQ(ran, 5);
}

TEST(destroy_by_force_drops_queued_work_and_releases_it) {
  const aclrtStream stream = NewStream();
  Gate gate;
  gate.Hold(stream);
  gate.AwaitEntry();
  auto kept = std::make_shared<int>(0);
  for (int i = 0; i < 3; ++i) {
    QueueWork(stream, "Later", [kept](HostFailure*) {
      ++*kept;
      return ACL_SUCCESS;
    });
  }
  std::thread opener([&] {
    usleep(20'000);
    gate.Open();
  });
  EXPECT_EQ(aclrtDestroyStreamForce(stream), ACL_SUCCESS);
  opener.join();
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(stale_foreign_and_null_streams_are_refused) {
  const aclrtStream stream = NewStream();
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(QueueWork(stream, "Work", [](HostFailure*) { return ACL_SUCCESS; }),
            ACL_ERROR_RT_INVALID_HANDLE);
  const aclrtStream next = NewStream();
  EXPECT_NE(next, stream);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_RT_INVALID_HANDLE);
  int on_stack = 0;
  EXPECT_EQ(aclrtSynchronizeStream(&on_stack), ACL_ERROR_RT_INVALID_HANDLE);
  aclrtContext context = nullptr;
  aclrtGetCurrentContext(&context);
  EXPECT_EQ(aclrtSynchronizeStream(context), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtSynchronizeStream(reinterpret_cast<void*>(~uintptr_t{0})),
            ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtCreateStream(nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(stream_cannot_wait_for_or_destroy_itself) {
  const aclrtStream stream = NewStream();
  aclError waited = ACL_SUCCESS;
  aclError destroyed = ACL_SUCCESS;
  QueueWork(stream, "Self", [&](HostFailure*) {
    waited = aclrtSynchronizeStream(stream);
    destroyed = aclrtDestroyStream(stream);
    return ACL_SUCCESS;
  });
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  EXPECT_EQ(waited, ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(destroyed, ACL_ERROR_RT_PARAM_INVALID);
}

TEST(stream_tells_id_priority_and_flags) {
  aclrtSetDevice(0);
  aclrtStream stream = nullptr;
  EXPECT_EQ(aclrtCreateStreamWithConfig(&stream, 3, ACL_STREAM_FAST_LAUNCH | ACL_STREAM_FAST_SYNC),
            ACL_SUCCESS);
  uint32_t priority = 0;
  uint32_t flags = 0;
  int32_t first = -1;
  int32_t second = -1;
  EXPECT_EQ(aclrtStreamGetPriority(stream, &priority), ACL_SUCCESS);
  EXPECT_EQ(priority, 3u);
  EXPECT_EQ(aclrtStreamGetFlags(stream, &flags), ACL_SUCCESS);
  EXPECT_EQ(flags, 3u);
  EXPECT_EQ(aclrtStreamGetId(stream, &first), ACL_SUCCESS);
  EXPECT_EQ(aclrtStreamGetId(NewStream(), &second), ACL_SUCCESS);
  EXPECT_NE(first, second);
  EXPECT_EQ(aclrtCreateStreamWithConfig(&stream, 8, 0), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtCreateStreamWithConfig(&stream, 0, 0x100), ACL_ERROR_RT_PARAM_INVALID);
  int32_t least = 0;
  int32_t greatest = -1;
  EXPECT_EQ(aclrtDeviceGetStreamPriorityRange(&least, &greatest), ACL_SUCCESS);
  EXPECT_EQ(least, 7);
  EXPECT_EQ(greatest, 0);
}

TEST(stream_always_stops_on_failure) {
  const aclrtStream stream = NewStream();
  EXPECT_EQ(aclrtSetStreamFailureMode(stream, ACL_STOP_ON_FAILURE), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetStreamFailureMode(stream, ACL_CONTINUE_ON_FAILURE),
            ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtSetStreamFailureMode(stream, 5), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(operator_that_takes_too_long_fails_its_stream) {
  const aclrtStream stream = NewStream();
  EXPECT_EQ(aclrtSetOpExecuteTimeOut(1), ACL_SUCCESS);
  QueueWork(stream, "Quick", [](HostFailure*) { return ACL_SUCCESS; });
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  QueueWork(stream, "Slow", [](HostFailure*) {
    usleep(1'100'000);
    return ACL_SUCCESS;
  });
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_RT_AICORE_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "aclrtSetOpExecuteTimeOut allows 1000 ms");
}

TEST(enqueue_refuses_a_task_without_name_or_function) {
  const aclrtStream stream = NewStream();
  EXPECT_EQ(HostStreamEnqueue(stream, nullptr), ACL_ERROR_INVALID_PARAM);
  HostTask task{"Work", nullptr, nullptr, nullptr};
  EXPECT_EQ(HostStreamEnqueue(stream, &task), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "task.run is null");
  task.run = [](void*, HostFailure*) { return ACL_SUCCESS; };
  EXPECT_EQ(HostStreamEnqueue(stream, &task), ACL_SUCCESS);
  task.name = nullptr;
  EXPECT_EQ(HostStreamEnqueue(stream, &task), ACL_ERROR_INVALID_PARAM);
}

TEST(many_threads_queue_and_wait_on_one_stream) {
  const aclrtStream stream = NewStream();
  int sum = 0;  // touched by the worker alone
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        QueueWork(stream, "Add", [&sum](HostFailure*) {
          ++sum;
          return ACL_SUCCESS;
        });
        if (i % 20 == 0) EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  EXPECT_EQ(sum, 1600);
}

TEST(streams_can_be_destroyed_while_others_wait_for_them) {
  aclrtSetDevice(0);
  for (int round = 0; round < 20; ++round) {
    const aclrtStream stream = NewStream();
    Gate gate;
    gate.Hold(stream);
    std::vector<std::thread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&] {
        const aclError status = aclrtSynchronizeStream(stream);
        EXPECT_TRUE(status == ACL_SUCCESS || status == ACL_ERROR_RT_INVALID_HANDLE);
      });
    }
    std::thread opener([&] { gate.Open(); });
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
    opener.join();
    for (std::thread& waiter : waiters) waiter.join();
  }
}
