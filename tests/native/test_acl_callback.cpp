// SPDX-License-Identifier: Apache-2.0
// Host functions in stream order.
#include <pthread.h>
#include <sys/syscall.h>

#include <thread>

#include "check.h"
#include "stream_work.h"

namespace {

void Increment(void* data) { ++*static_cast<std::atomic<int>*>(data); }

// A thread that runs callbacks until it is told to stop.
class Subscriber {
 public:
  Subscriber() {
    while (id_ == 0) std::this_thread::yield();
  }
  ~Subscriber() {
    stop_ = true;
    thread_.join();
  }
  uint64_t id() const { return id_; }

 private:
  void Run() {
    id_ = static_cast<uint64_t>(pthread_self());
    while (!stop_) aclrtProcessReport(10);
  }

  std::atomic<uint64_t> id_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_{[this] { Run(); }};
};

}  // namespace

TEST(host_function_runs_on_the_stream_in_order) {
  aclrtSetDevice(0);
  std::vector<int> seen;
  QueueWork(nullptr, "First", [&](HostFailure*) {
    seen.push_back(1);
    return ACL_SUCCESS;
  });
  EXPECT_EQ(
      aclrtLaunchHostFunc(
          nullptr, [](void* data) { static_cast<std::vector<int>*>(data)->push_back(2); }, &seen),
      ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  REQUIRE(seen.size() == 2);
  EXPECT_EQ(seen[1], 2);
  EXPECT_EQ(aclrtLaunchHostFunc(nullptr, nullptr, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtLaunchHostFunc(&seen, Increment, nullptr), ACL_ERROR_RT_INVALID_HANDLE);
}

TEST(callback_runs_on_the_subscribed_thread) {
  aclrtSetDevice(0);
  Subscriber subscriber;
  EXPECT_EQ(aclrtSubscribeReport(subscriber.id(), nullptr), ACL_SUCCESS);
  std::atomic<uint64_t> ran_on{0};
  EXPECT_EQ(aclrtLaunchCallback(
                [](void* data) {
                  *static_cast<std::atomic<uint64_t>*>(data) =
                      static_cast<uint64_t>(pthread_self());
                },
                &ran_on, ACL_CALLBACK_BLOCK, nullptr),
            ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(ran_on.load(), subscriber.id());
  EXPECT_EQ(aclrtUnSubscribeReport(subscriber.id(), nullptr), ACL_SUCCESS);
}

TEST(thread_may_subscribe_by_its_kernel_id) {
  aclrtSetDevice(0);
  EXPECT_EQ(aclrtSubscribeReport(static_cast<uint64_t>(syscall(SYS_gettid)), nullptr), ACL_SUCCESS);
  std::atomic<int> ran{0};
  aclrtLaunchCallback(Increment, &ran, ACL_CALLBACK_NO_BLOCK, nullptr);
  aclrtLaunchCallback(Increment, &ran, ACL_CALLBACK_NO_BLOCK, nullptr);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtProcessReport(20'000), ACL_SUCCESS);
  EXPECT_EQ(ran.load(), 2);
  EXPECT_EQ(aclrtProcessReport(10), ACL_ERROR_RT_REPORT_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "no callback came within 10 ms");
  EXPECT_EQ(aclrtProcessReport(0), ACL_ERROR_INVALID_PARAM);
}

TEST(blocking_callback_holds_the_stream) {
  aclrtSetDevice(0);
  aclrtSubscribeReport(static_cast<uint64_t>(pthread_self()), nullptr);
  std::atomic<int> ran{0};
  aclrtLaunchCallback(Increment, &ran, ACL_CALLBACK_BLOCK, nullptr);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(nullptr, 20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_TEXT_HAS(RecentText(), "'aclrtLaunchCallback' has been running");
  EXPECT_EQ(aclrtProcessReport(20'000), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_SUCCESS);
  EXPECT_EQ(ran.load(), 1);
}

TEST(callback_without_a_subscriber_is_refused) {
  aclrtSetDevice(0);
  EXPECT_EQ(aclrtLaunchCallback(Increment, nullptr, ACL_CALLBACK_BLOCK, nullptr),
            ACL_ERROR_RT_STREAM_NO_CB_REG);
  EXPECT_TEXT_HAS(RecentText(), "call aclrtSubscribeReport first");
  EXPECT_EQ(aclrtProcessReport(10), ACL_ERROR_RT_THREAD_SUBSCRIBE);
  EXPECT_EQ(aclrtLaunchCallback(nullptr, nullptr, ACL_CALLBACK_BLOCK, nullptr),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(
      aclrtLaunchCallback(Increment, nullptr, static_cast<aclrtCallbackBlockType>(5), nullptr),
      ACL_ERROR_INVALID_PARAM);
}

TEST(stream_has_one_subscriber) {
  aclrtSetDevice(0);
  EXPECT_EQ(aclrtSubscribeReport(1, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtSubscribeReport(2, nullptr), ACL_ERROR_RT_STREAM_SUBSCRIBE);
  EXPECT_EQ(aclrtUnSubscribeReport(2, nullptr), ACL_ERROR_RT_STREAM_SUBSCRIBE);
  EXPECT_EQ(aclrtUnSubscribeReport(1, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtSubscribeReport(2, nullptr), ACL_SUCCESS);
}

TEST(unsubscribing_fails_the_stream_that_waits) {
  aclrtSetDevice(0);
  aclrtSubscribeReport(11, nullptr);
  std::atomic<int> ran{0};
  aclrtLaunchCallback(Increment, &ran, ACL_CALLBACK_BLOCK, nullptr);
  usleep(5'000);
  EXPECT_EQ(aclrtUnSubscribeReport(11, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(nullptr), ACL_ERROR_RT_THREAD_SUBSCRIBE);
  EXPECT_TEXT_HAS(RecentText(), "thread 11 unsubscribed before it ran the callback");
  EXPECT_EQ(ran.load(), 0);
}

TEST(stream_that_waits_for_a_callback_can_be_destroyed_by_force) {
  aclrtSetDevice(0);
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  aclrtSubscribeReport(11, stream);
  std::atomic<int> ran{0};
  aclrtLaunchCallback(Increment, &ran, ACL_CALLBACK_BLOCK, stream);
  usleep(5'000);
  EXPECT_EQ(aclrtDestroyStreamForce(stream), ACL_SUCCESS);
  EXPECT_EQ(ran.load(), 0);
}

TEST(one_thread_serves_many_streams) {
  aclrtSetDevice(0);
  std::atomic<int> ran{0};
  {
    Subscriber subscriber;
    aclrtStream streams[4];
    for (aclrtStream& stream : streams) {
      aclrtCreateStream(&stream);
      EXPECT_EQ(aclrtSubscribeReport(subscriber.id(), stream), ACL_SUCCESS);
    }
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(aclrtLaunchCallback(Increment, &ran, ACL_CALLBACK_BLOCK, streams[i % 4]),
                ACL_SUCCESS);
    }
    EXPECT_EQ(aclrtSynchronizeDevice(), ACL_SUCCESS);
    EXPECT_EQ(ran.load(), 100);
    for (aclrtStream stream : streams) {
      EXPECT_EQ(aclrtUnSubscribeReport(subscriber.id(), stream), ACL_SUCCESS);
    }
  }
}
