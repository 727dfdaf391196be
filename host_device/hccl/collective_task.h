// SPDX-License-Identifier: Apache-2.0
// HCCL's collectives as work of a stream.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "communicator.h"
#include "transfer.h"

namespace host_hccl {

// A stretch of device memory that a task will touch.
struct DeviceRange {
  const char* parameter;
  const void* address;
  uint64_t bytes;
};

class StreamTask {
 public:
  StreamTask(std::shared_ptr<Communicator> communicator, const char* function)
      : communicator_(std::move(communicator)), function_(function) {}
  virtual ~StreamTask() = default;
  virtual aclError Run(HostFailure* failure) = 0;

  // Queues it on a stream of the communicator's device.
  static Outcome Queue(std::unique_ptr<StreamTask> task, aclrtStream stream);
  // Whether it could be queued there.
  Outcome CheckStream(aclrtStream stream) const;

  const Communicator& communicator() const { return *communicator_; }

  void Touches(const char* parameter, const void* address, uint64_t bytes) {
    ranges_.push_back({parameter, address, bytes});
  }

 protected:
  // Why the ranges may not be touched, or empty. Asked when the task runs: memory may have been
  // freed.
  std::string RangeRefusal() const;

  const std::shared_ptr<Communicator> communicator_;
  const char* function_;  // static text: the name of the work

 private:
  std::vector<DeviceRange> ranges_;
};

// One of HCCL's collectives over a whole communicator.
class CollectiveTask : public StreamTask {
 public:
  using Body = std::function<aclError(Communicator*, Transfer*)>;

  // `fields` are compared between the ranks; `names` has a name for each.
  CollectiveTask(std::shared_ptr<Communicator> communicator, const char* function,
                 std::string names, const std::vector<int64_t>& fields, Body body);
  aclError Run(HostFailure* failure) override;

 private:
  const std::string names_;
  HostCollectiveSignature signature_ = {};
  const Body body_;
};

}  // namespace host_hccl
