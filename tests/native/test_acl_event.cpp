// SPDX-License-Identifier: Apache-2.0
// Events: recording, waiting across streams, time, failure, destruction while pending.
#include <thread>

#include "check.h"
#include "stream_work.h"

namespace {

struct Pair {
  aclrtStream a = nullptr;
  aclrtStream b = nullptr;
  aclrtEvent event = nullptr;
  Pair() {
    aclrtSetDevice(0);
    EXPECT_EQ(aclrtCreateStream(&a), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateStream(&b), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateEvent(&event), ACL_SUCCESS);
  }
};

}  // namespace

TEST(event_is_ready_when_its_stream_has_come_to_it) {
  Pair p;
  Gate gate;
  gate.Hold(p.a);
  EXPECT_EQ(aclrtRecordEvent(p.event, p.a), ACL_SUCCESS);
  aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_COMPLETE;
  EXPECT_EQ(aclrtQueryEventStatus(p.event, &status), ACL_SUCCESS);
  EXPECT_EQ(status, ACL_EVENT_RECORDED_STATUS_NOT_READY);
  EXPECT_EQ(aclrtSynchronizeEventWithTimeout(p.event, 20), ACL_ERROR_RT_EVENT_SYNC_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "'Gate' has been running");
  EXPECT_EQ(aclrtSynchronizeEventWithTimeout(p.event, -2), ACL_ERROR_RT_PARAM_INVALID);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeEvent(p.event), ACL_SUCCESS);
  EXPECT_EQ(aclrtQueryEventStatus(p.event, &status), ACL_SUCCESS);
  EXPECT_EQ(status, ACL_EVENT_RECORDED_STATUS_COMPLETE);
  aclrtEventStatus old_status = ACL_EVENT_STATUS_NOT_READY;
  EXPECT_EQ(aclrtQueryEvent(p.event, &old_status), ACL_SUCCESS);
  EXPECT_EQ(old_status, ACL_EVENT_STATUS_COMPLETE);
}

TEST(unrecorded_event_is_not_ready_and_cannot_be_awaited) {
  Pair p;
  aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_COMPLETE;
  EXPECT_EQ(aclrtQueryEventStatus(p.event, &status), ACL_SUCCESS);
  EXPECT_EQ(status, ACL_EVENT_RECORDED_STATUS_NOT_READY);
  EXPECT_EQ(aclrtSynchronizeEvent(p.event), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "call aclrtRecordEvent first");
}

TEST(stream_waits_for_the_event_of_another) {
  Pair p;
  Gate gate;
  std::vector<int> seen;
  gate.Hold(p.a);
  QueueWork(p.a, "First", [&](HostFailure*) {
    seen.push_back(1);
    return ACL_SUCCESS;
  });
  aclrtRecordEvent(p.event, p.a);
  EXPECT_EQ(aclrtStreamWaitEvent(p.b, p.event), ACL_SUCCESS);
  QueueWork(p.b, "Second", [&](HostFailure*) {
    seen.push_back(2);
    return ACL_SUCCESS;
  });
  aclrtEventWaitStatus waits = ACL_EVENT_WAIT_STATUS_COMPLETE;
  EXPECT_EQ(aclrtQueryEventWaitStatus(p.event, &waits), ACL_SUCCESS);
  EXPECT_EQ(waits, ACL_EVENT_WAIT_STATUS_NOT_READY);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(p.b, 20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "'aclrtStreamWaitEvent' has been running");
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_SUCCESS);
  REQUIRE(seen.size() == 2);
  EXPECT_EQ(seen[0], 1);
  EXPECT_EQ(seen[1], 2);
  aclrtQueryEventWaitStatus(p.event, &waits);
  EXPECT_EQ(waits, ACL_EVENT_WAIT_STATUS_COMPLETE);
}

TEST(stream_waits_for_the_first_record_of_an_event) {
  Pair p;
  aclrtStreamWaitEvent(p.b, p.event);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(p.b, 20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  aclrtRecordEvent(p.event, p.a);
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_SUCCESS);
}

TEST(wait_for_an_unrecorded_event_ex_passes) {
  Pair p;
  aclrtEvent event = nullptr;
  EXPECT_EQ(aclrtCreateEventExWithFlag(&event, ACL_EVENT_SYNC), ACL_SUCCESS);
  EXPECT_EQ(aclrtStreamWaitEvent(p.b, event), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(p.b, 20'000), ACL_SUCCESS);
}

TEST(wait_holds_on_to_the_record_it_found) {
  Pair p;
  Gate slow;
  slow.Hold(p.a);
  aclrtRecordEvent(p.event, p.a);
  aclrtStreamWaitEvent(p.b, p.event);
  aclrtStream c = nullptr;
  aclrtCreateStream(&c);
  aclrtRecordEvent(p.event, c);
  EXPECT_EQ(aclrtSynchronizeEvent(p.event), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(p.b, 20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  slow.Open();
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_SUCCESS);
}

TEST(reset_makes_an_event_unrecorded) {
  Pair p;
  aclrtRecordEvent(p.event, p.a);
  aclrtSynchronizeEvent(p.event);
  EXPECT_EQ(aclrtResetEvent(p.event, p.a), ACL_SUCCESS);
  aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_COMPLETE;
  aclrtQueryEventStatus(p.event, &status);
  EXPECT_EQ(status, ACL_EVENT_RECORDED_STATUS_NOT_READY);
  aclrtRecordEvent(p.event, p.b);
  EXPECT_EQ(aclrtSynchronizeEvent(p.event), ACL_SUCCESS);
}

TEST(failed_stream_fails_those_that_wait_for_its_event) {
  Pair p;
  QueueFailure(p.a, "Combine", ACL_ERROR_RT_AICORE_EXCEPTION, "rank 3 died");
  aclrtRecordEvent(p.event, p.a);
  aclrtStreamWaitEvent(p.b, p.event);
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_ERROR_RT_AICORE_EXCEPTION);
  const std::string text = RecentText();
  EXPECT_TEXT_HAS(text, "aclrtStreamWaitEvent: event ");
  EXPECT_TEXT_HAS(text, "was recorded on stream ");
  EXPECT_TEXT_HAS(text, "which failed: Combine: rank 3 died");
  EXPECT_EQ(aclrtSynchronizeEvent(p.event), ACL_ERROR_RT_AICORE_EXCEPTION);
  EXPECT_TEXT_HAS(RecentText(), "rank 3 died");
  aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_COMPLETE;
  EXPECT_EQ(aclrtQueryEventStatus(p.event, &status), ACL_ERROR_RT_AICORE_EXCEPTION);
  EXPECT_EQ(status, ACL_EVENT_RECORDED_STATUS_NOT_READY);
}

TEST(event_can_be_destroyed_while_pending) {
  Pair p;
  Gate gate;
  gate.Hold(p.a);
  aclrtRecordEvent(p.event, p.a);
  aclrtStreamWaitEvent(p.b, p.event);
  EXPECT_EQ(aclrtDestroyEvent(p.event), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyEvent(p.event), ACL_ERROR_RT_INVALID_HANDLE);
  gate.Open();
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_SUCCESS);
}

TEST(stream_destroyed_by_force_completes_its_events_as_failed) {
  Pair p;
  Gate gate;
  gate.Hold(p.a);
  gate.AwaitEntry();
  aclrtRecordEvent(p.event, p.a);
  aclrtStreamWaitEvent(p.b, p.event);
  std::thread opener([&] {
    usleep(10'000);
    gate.Open();
  });
  EXPECT_EQ(aclrtDestroyStreamForce(p.a), ACL_SUCCESS);
  opener.join();
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_ERROR_RT_STREAM_ABORT);
  EXPECT_TEXT_HAS(RecentText(), "was destroyed");
}

TEST(stream_that_waits_for_an_event_can_be_destroyed_by_force) {
  Pair p;
  aclrtStreamWaitEvent(p.b, p.event);
  usleep(5'000);
  EXPECT_EQ(aclrtDestroyStreamForce(p.b), ACL_SUCCESS);
}

TEST(op_wait_timeout_ends_the_wait_for_an_event) {
  Pair p;
  EXPECT_EQ(aclrtSetOpWaitTimeout(1), ACL_SUCCESS);
  aclrtStreamWaitEvent(p.b, p.event);
  EXPECT_EQ(aclrtSynchronizeStream(p.b), ACL_ERROR_RT_EVENT_SYNC_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "did not come within 1000 ms: it has not been recorded");
  EXPECT_EQ(aclrtStreamWaitEventWithTimeout(p.a, p.event, 10), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(p.a), ACL_ERROR_RT_EVENT_SYNC_TIMEOUT);
  EXPECT_EQ(aclrtStreamWaitEventWithTimeout(p.a, p.event, -1), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(elapsed_time_is_that_of_the_work_between) {
  Pair p;
  aclrtEvent end = nullptr;
  aclrtCreateEventWithFlag(&end, ACL_EVENT_TIME_LINE);
  float ms = -1;
  EXPECT_EQ(aclrtEventElapsedTime(&ms, p.event, end), ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID);
  aclrtRecordEvent(p.event, p.a);
  QueueWork(p.a, "Sleep", [](HostFailure*) {
    usleep(20'000);
    return ACL_SUCCESS;
  });
  aclrtRecordEvent(end, p.a);
  EXPECT_EQ(aclrtEventElapsedTime(&ms, p.event, end), ACL_ERROR_RT_EVENT_NOT_COMPLETE);
  aclrtSynchronizeStream(p.a);
  EXPECT_EQ(aclrtEventElapsedTime(&ms, p.event, end), ACL_SUCCESS);
  EXPECT_TRUE(ms >= 20.0F && ms < 5000.0F);
  EXPECT_EQ(aclrtEventElapsedTime(&ms, end, p.event), ACL_ERROR_RT_EVENT_TIMESTAMP_REVERSAL);
  EXPECT_EQ(aclrtEventElapsedTime(nullptr, p.event, end), ACL_ERROR_INVALID_PARAM);
  uint64_t first = 0;
  uint64_t second = 0;
  EXPECT_EQ(aclrtEventGetTimestamp(p.event, &first), ACL_SUCCESS);
  EXPECT_EQ(aclrtEventGetTimestamp(end, &second), ACL_SUCCESS);
  EXPECT_NEAR(static_cast<double>(second - first), ms * 1000.0, 2.0);
}

TEST(elapsed_time_resolves_less_than_a_microsecond) {
  Pair p;
  aclrtEvent end = nullptr;
  aclrtCreateEvent(&end);
  bool resolved = false;
  for (int i = 0; i < 200 && !resolved; ++i) {
    aclrtRecordEvent(p.event, p.a);
    aclrtRecordEvent(end, p.a);
    aclrtSynchronizeStream(p.a);
    float ms = 0;
    EXPECT_EQ(aclrtEventElapsedTime(&ms, p.event, end), ACL_SUCCESS);
    // Not a whole number of microseconds.
    const double us = ms * 1000.0;
    resolved = us - static_cast<double>(static_cast<int64_t>(us)) > 0.01;
  }
  EXPECT_TRUE(resolved);
}

TEST(event_without_time_line_keeps_no_time) {
  Pair p;
  aclrtEvent plain = nullptr;
  aclrtCreateEventWithFlag(&plain, ACL_EVENT_SYNC);
  aclrtRecordEvent(plain, p.a);
  aclrtRecordEvent(p.event, p.a);
  aclrtSynchronizeStream(p.a);
  float ms = 0;
  EXPECT_EQ(aclrtEventElapsedTime(&ms, plain, p.event), ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "startEvent keeps no time; create it with ACL_EVENT_TIME_LINE");
}

TEST(wrong_event_arguments_are_refused) {
  Pair p;
  aclrtEvent event = nullptr;
  EXPECT_EQ(aclrtCreateEvent(nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtCreateEventWithFlag(&event, ACL_EVENT_IPC), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtCreateEventWithFlag(&event, 0x8000), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtRecordEvent(nullptr, p.a), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "aclrtRecordEvent: event is null");
  EXPECT_EQ(aclrtRecordEvent(p.a, p.a), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtRecordEvent(p.event, p.event), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtStreamWaitEvent(p.a, p.b), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtQueryEventStatus(p.event, nullptr), ACL_ERROR_INVALID_PARAM);
  uint32_t first = 0;
  uint32_t second = 0;
  aclrtCreateEvent(&event);
  EXPECT_EQ(aclrtGetEventId(p.event, &first), ACL_SUCCESS);
  EXPECT_EQ(aclrtGetEventId(event, &second), ACL_SUCCESS);
  EXPECT_NE(first, second);
}

TEST(streams_pass_a_token_through_events) {
  aclrtSetDevice(0);
  constexpr int kStreams = 4;
  constexpr int kRounds = 100;
  aclrtStream streams[kStreams];
  for (aclrtStream& stream : streams) aclrtCreateStream(&stream);
  int token = 0;  // guarded by the events
  for (int i = 0; i < kRounds * kStreams; ++i) {
    aclrtEvent event = nullptr;
    aclrtCreateEvent(&event);
    QueueWork(streams[i % kStreams], "Pass", [&token, i](HostFailure*) {
      EXPECT_EQ(token, i);
      ++token;
      return ACL_SUCCESS;
    });
    aclrtRecordEvent(event, streams[i % kStreams]);
    aclrtStreamWaitEvent(streams[(i + 1) % kStreams], event);
    aclrtDestroyEvent(event);
  }
  EXPECT_EQ(aclrtSynchronizeDevice(), ACL_SUCCESS);
  EXPECT_EQ(token, kRounds * kStreams);
}
