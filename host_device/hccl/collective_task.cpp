// SPDX-License-Identifier: Apache-2.0
#include "collective_task.h"

#include <cstdio>

namespace host_hccl {
namespace {

aclError RunTask(void* state, HostFailure* failure) {
  try {
    return static_cast<StreamTask*>(state)->Run(failure);
  } catch (...) {
    snprintf(failure->text, sizeof(failure->text), "out of memory in a collective");
    return ACL_ERROR_RT_MEMORY_ALLOCATION;
  }
}

void ReleaseTask(void* state) { delete static_cast<StreamTask*>(state); }

}  // namespace

Outcome StreamTask::CheckStream(aclrtStream stream) const {
  int32_t device = 0;
  if (HostStreamDevice(stream, &device) != ACL_SUCCESS) return RuntimeFailed();
  if (device == communicator_->device()) return {};
  return Failed(HCCL_E_PARA, "the stream is of device %d, and rank %u of '%s' of device %d", device,
                communicator_->rank(), communicator_->name().c_str(), communicator_->device());
}

Outcome StreamTask::Queue(std::unique_ptr<StreamTask> task, aclrtStream stream) {
  Outcome outcome = task->CheckStream(stream);
  if (!outcome.ok()) return outcome;
  const HostTask entry = {task->function_, RunTask, ReleaseTask, task.get()};
  if (HostStreamEnqueue(stream, &entry) != ACL_SUCCESS) return RuntimeFailed();
  task.release();
  return {};
}

std::string StreamTask::RangeRefusal() const {
  for (const DeviceRange& range : ranges_) {
    if (range.bytes == 0 || HostIsDeviceMemory(range.address, range.bytes)) continue;
    return Failed(HCCL_E_PARA, "%s (%p, %llu bytes) is not device memory, or freed",
                  range.parameter, range.address, static_cast<unsigned long long>(range.bytes))
        .text;
  }
  return {};
}

CollectiveTask::CollectiveTask(std::shared_ptr<Communicator> communicator, const char* function,
                               std::string names, const std::vector<int64_t>& fields, Body body)
    : StreamTask(std::move(communicator), function),
      names_(std::move(names)),
      body_(std::move(body)) {
  signature_.op = function;
  signature_.names = names_.c_str();
  for (const int64_t field : fields) {
    if (signature_.field_count == HostCollectiveSignature::kMaxFields) break;
    signature_.fields[signature_.field_count++] = field;
  }
}

aclError CollectiveTask::Run(HostFailure* failure) {
  Transfer transfer(communicator_.get(), signature_, RangeRefusal(), failure);
  return body_(communicator_.get(), &transfer);
}

}  // namespace host_hccl
