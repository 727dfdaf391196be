// SPDX-License-Identifier: Apache-2.0
#include <cinttypes>
#include <utility>

#include "call.h"
#include "context.h"
#include "event_record.h"

namespace host {
namespace {

constexpr uint32_t kKnownFlags = ACL_EVENT_SYNC | ACL_EVENT_CAPTURE_STREAM_PROGRESS |
                                 ACL_EVENT_TIME_LINE | ACL_EVENT_DEVICE_USE_ONLY;
constexpr uint32_t kAllUses =
    ACL_EVENT_SYNC | ACL_EVENT_CAPTURE_STREAM_PROGRESS | ACL_EVENT_TIME_LINE;

std::atomic<uint32_t> next_id{0};

HandleTable<Event>& Events() {
  static auto& events = *new HandleTable<Event>(kEventKind);
  return events;
}

aclError FindEvent(const char* parameter, aclrtEvent handle, std::shared_ptr<Event>* event) {
  *event = Events().Find(handle);
  if (*event != nullptr) return ACL_SUCCESS;
  if (handle == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "%s is null", parameter);
  return Fail(ACL_ERROR_RT_INVALID_HANDLE, "%s %p is not a live event", parameter, handle);
}

aclError NewEvent(aclrtEvent* handle, uint32_t flags, bool waits_for_first_record) {
  if (handle == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "event is null");
  if ((flags & (ACL_EVENT_IPC | ACL_EVENT_EXTERNAL)) != 0) {
    return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                "flag is 0x%x; the host device has no events between processes or graphs", flags);
  }
  if ((flags & ~kKnownFlags) != 0) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "flag is 0x%x, of which 0x%x is unknown", flags,
                flags & ~kKnownFlags);
  }
  std::shared_ptr<Context> context;
  const aclError status = CurrentContext(&context);
  if (status != ACL_SUCCESS) return status;
  *handle = Events().Add(std::make_shared<Event>(next_id.fetch_add(1, std::memory_order_relaxed),
                                                 flags, waits_for_first_record));
  return ACL_SUCCESS;
}

// Holds a stream until an event is recorded and its stream has come to the record.
class WaitTask : public Task {
 public:
  WaitTask(uint32_t event_id, std::shared_ptr<EventRecord> record,
           std::shared_ptr<std::atomic<uint32_t>> waits, int64_t timeout_ms)
      : Task("aclrtStreamWaitEvent"),
        event_id_(event_id),
        record_(std::move(record)),
        waits_(std::move(waits)),
        timeout_ms_(timeout_ms) {
    waits_->fetch_add(1, std::memory_order_relaxed);
  }
  ~WaitTask() override { waits_->fetch_sub(1, std::memory_order_release); }

  aclError Run(HostFailure* failure) override {
    if (!record_->Await(AfterMs(timeout_ms_), &cancelled_)) {
      if (cancelled_.load(std::memory_order_relaxed)) {
        return TaskFails(failure, ACL_ERROR_RT_STREAM_ABORT,
                         "the stream was destroyed while it waited for event %u", event_id_);
      }
      return TaskFails(failure, ACL_ERROR_RT_EVENT_SYNC_TIMEOUT,
                       "event %u did not come within %lld ms: %s", event_id_,
                       static_cast<long long>(timeout_ms_), record_->Progress().c_str());
    }
    if (record_->status() == ACL_SUCCESS) return ACL_SUCCESS;
    return TaskFails(failure, record_->status(), "event %u was recorded on %s, which failed: %s",
                     event_id_, record_->Where().c_str(), record_->text().c_str());
  }

  void Cancel() override {
    cancelled_.store(true, std::memory_order_relaxed);
    record_->Poke();
  }

 private:
  const uint32_t event_id_;
  const std::shared_ptr<EventRecord> record_;
  const std::shared_ptr<std::atomic<uint32_t>> waits_;
  const int64_t timeout_ms_;
  std::atomic<bool> cancelled_{false};
};

aclError StreamWait(aclrtStream stream_handle, aclrtEvent event_handle, int64_t timeout_ms) {
  std::shared_ptr<Stream> stream;
  std::shared_ptr<Event> event;
  aclError status = FindEvent("event", event_handle, &event);
  if (status == ACL_SUCCESS) status = FindStream(stream_handle, &stream);
  if (status != ACL_SUCCESS) return status;
  std::shared_ptr<EventRecord> record = event->Latest();
  if (record->state() == EventRecord::State::kUnrecorded && !event->waits_for_first_record()) {
    return ACL_SUCCESS;
  }
  std::unique_ptr<Task> task =
      std::make_unique<WaitTask>(event->id(), std::move(record), event->waits(), timeout_ms);
  return stream->Enqueue(&task);
}

// The failure of the stream of a record that is done, as the calling thread's error.
aclError ReportRecord(const Event& event, EventRecord* record) {
  if (record->status() == ACL_SUCCESS) return ACL_SUCCESS;
  return Fail(record->status(), "event %u was recorded on %s, which failed: %s", event.id(),
              record->Where().c_str(), record->text().c_str());
}

aclError Synchronize(aclrtEvent handle, int32_t timeout) {
  if (timeout < -1) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID, "timeout is %d, want milliseconds or -1", timeout);
  }
  std::shared_ptr<Event> event;
  const aclError status = FindEvent("event", handle, &event);
  if (status != ACL_SUCCESS) return status;
  const std::shared_ptr<EventRecord> record = event->Latest();
  if (record->state() == EventRecord::State::kUnrecorded) {
    return Fail(ACL_ERROR_RT_PARAM_INVALID,
                "event %u has not been recorded; call aclrtRecordEvent first", event->id());
  }
  if (!record->Await(AfterMs(timeout), nullptr)) {
    return Fail(ACL_ERROR_RT_EVENT_SYNC_TIMEOUT, "event %u did not come within %d ms: %s",
                event->id(), timeout, record->Progress().c_str());
  }
  return ReportRecord(*event, record.get());
}

// Whether the latest record is done; its failure, if it failed.
aclError Query(aclrtEvent handle, bool* done) {
  std::shared_ptr<Event> event;
  const aclError status = FindEvent("event", handle, &event);
  if (status != ACL_SUCCESS) return status;
  const std::shared_ptr<EventRecord> record = event->Latest();
  const bool over = record->state() == EventRecord::State::kDone;
  *done = over && record->status() == ACL_SUCCESS;
  return over ? ReportRecord(*event, record.get()) : ACL_SUCCESS;
}

aclError RecordTime(const char* parameter, aclrtEvent handle, Clock::time_point* time) {
  std::shared_ptr<Event> event;
  const aclError status = FindEvent(parameter, handle, &event);
  if (status != ACL_SUCCESS) return status;
  if ((event->flags() & ACL_EVENT_TIME_LINE) == 0) {
    return Fail(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID,
                "%s keeps no time; create it with ACL_EVENT_TIME_LINE", parameter);
  }
  const std::shared_ptr<EventRecord> record = event->Latest();
  switch (record->state()) {
    case EventRecord::State::kUnrecorded:
      return Fail(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "%s has not been recorded", parameter);
    case EventRecord::State::kPending:
      return Fail(ACL_ERROR_RT_EVENT_NOT_COMPLETE, "%s is not complete; synchronize first: %s",
                  parameter, record->Progress().c_str());
    case EventRecord::State::kDone:
      break;
  }
  *time = record->time();
  return ReportRecord(*event, record.get());
}

}  // namespace
}  // namespace host

using host::Call;
using host::Event;
using host::Fail;
using host::FindEvent;

extern "C" {

aclError aclrtCreateEvent(aclrtEvent* event) {
  return Call(__func__, [&] { return host::NewEvent(event, host::kAllUses, true); });
}

aclError aclrtCreateEventWithFlag(aclrtEvent* event, uint32_t flag) {
  return Call(__func__, [&] { return host::NewEvent(event, flag, true); });
}

aclError aclrtCreateEventExWithFlag(aclrtEvent* event, uint32_t flag) {
  return Call(__func__, [&] { return host::NewEvent(event, flag, false); });
}

aclError aclrtDestroyEvent(aclrtEvent event) {
  return Call(__func__, [&] {
    std::shared_ptr<Event> found;
    const aclError status = FindEvent("event", event, &found);
    if (status == ACL_SUCCESS) host::Events().Remove(event);
    return status;
  });
}

aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream) {
  return Call(__func__, [&] {
    std::shared_ptr<Event> found;
    std::shared_ptr<host::Stream> on;
    aclError status = FindEvent("event", event, &found);
    if (status == ACL_SUCCESS) status = host::FindStream(stream, &on);
    return status == ACL_SUCCESS ? found->Record(on) : status;
  });
}

aclError aclrtResetEvent(aclrtEvent event, aclrtStream stream) {
  return Call(__func__, [&] {
    std::shared_ptr<Event> found;
    std::shared_ptr<host::Stream> on;
    aclError status = FindEvent("event", event, &found);
    if (status == ACL_SUCCESS) status = host::FindStream(stream, &on);
    // Those that wait hold their record, so there is nothing to queue.
    if (status == ACL_SUCCESS) found->Reset();
    return status;
  });
}

aclError aclrtQueryEvent(aclrtEvent event, aclrtEventStatus* status) {
  return Call(__func__, [&] {
    if (status == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "status is null");
    bool done = false;
    const aclError result = host::Query(event, &done);
    *status = done ? ACL_EVENT_STATUS_COMPLETE : ACL_EVENT_STATUS_NOT_READY;
    return result;
  });
}

aclError aclrtQueryEventStatus(aclrtEvent event, aclrtEventRecordedStatus* status) {
  return Call(__func__, [&] {
    if (status == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "status is null");
    bool done = false;
    const aclError result = host::Query(event, &done);
    *status = done ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
    return result;
  });
}

aclError aclrtQueryEventWaitStatus(aclrtEvent event, aclrtEventWaitStatus* status) {
  return Call(__func__, [&] {
    if (status == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "status is null");
    std::shared_ptr<Event> found;
    const aclError result = FindEvent("event", event, &found);
    if (result != ACL_SUCCESS) return result;
    *status = found->waits()->load(std::memory_order_acquire) == 0
                  ? ACL_EVENT_WAIT_STATUS_COMPLETE
                  : ACL_EVENT_WAIT_STATUS_NOT_READY;
    return ACL_SUCCESS;
  });
}

aclError aclrtSynchronizeEvent(aclrtEvent event) {
  return Call(__func__, [&] { return host::Synchronize(event, -1); });
}

aclError aclrtSynchronizeEventWithTimeout(aclrtEvent event, int32_t timeout) {
  return Call(__func__, [&] { return host::Synchronize(event, timeout); });
}

aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event) {
  return Call(__func__, [&] { return host::StreamWait(stream, event, host::OpWaitTimeoutMs()); });
}

aclError aclrtStreamWaitEventWithTimeout(aclrtStream stream, aclrtEvent event, int32_t timeout) {
  return Call(__func__, [&] {
    if (timeout < 0) {
      return Fail(ACL_ERROR_RT_PARAM_INVALID, "timeout is %d, want 0 or milliseconds", timeout);
    }
    return host::StreamWait(stream, event, timeout == 0 ? host::OpWaitTimeoutMs() : timeout);
  });
}

aclError aclrtEventElapsedTime(float* ms, aclrtEvent startEvent, aclrtEvent endEvent) {
  return Call(__func__, [&] {
    if (ms == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "ms is null");
    host::Clock::time_point start;
    host::Clock::time_point end;
    aclError status = host::RecordTime("startEvent", startEvent, &start);
    if (status == ACL_SUCCESS) status = host::RecordTime("endEvent", endEvent, &end);
    if (status != ACL_SUCCESS) return status;
    if (end < start) {
      return Fail(ACL_ERROR_RT_EVENT_TIMESTAMP_REVERSAL,
                  "endEvent was recorded %lld ns before startEvent",
                  static_cast<long long>(std::chrono::nanoseconds(start - end).count()));
    }
    *ms = std::chrono::duration<float, std::milli>(end - start).count();
    return ACL_SUCCESS;
  });
}

// Microseconds since an arbitrary start.
aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t* timestamp) {
  return Call(__func__, [&] {
    if (timestamp == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "timestamp is null");
    host::Clock::time_point time;
    const aclError status = host::RecordTime("event", event, &time);
    if (status != ACL_SUCCESS) return status;
    *timestamp = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
    return ACL_SUCCESS;
  });
}

aclError aclrtGetEventId(aclrtEvent event, uint32_t* eventId) {
  return Call(__func__, [&] {
    if (eventId == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "eventId is null");
    std::shared_ptr<Event> found;
    const aclError status = FindEvent("event", event, &found);
    if (status == ACL_SUCCESS) *eventId = found->id();
    return status;
  });
}

}  // extern "C"
