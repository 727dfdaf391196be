// SPDX-License-Identifier: Apache-2.0
// The communicators of this process, by handle and by name and device.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "communicator.h"

namespace host_hccl {

class CommunicatorTable {
 public:
  // Keeps `name` on `device` for one communicator. Names differ within a device, not across them.
  Outcome Reserve(const std::string& name, int32_t device);
  void Unreserve(const std::string& name, int32_t device);

  // Handles are numbers that never come twice, not addresses: a stale one is never taken for a new
  // one.
  HcclComm Add(std::shared_ptr<Communicator> communicator);
  Outcome Find(HcclComm handle, std::shared_ptr<Communicator>* communicator);
  void Remove(HcclComm handle);

  Outcome FindByName(const std::string& name, int32_t device,
                     std::shared_ptr<Communicator>* communicator);

 private:
  std::mutex mutex_;
  uintptr_t last_handle_ = 0x48430000;
  std::map<uintptr_t, std::shared_ptr<Communicator>> by_handle_;
  // Null between Reserve and Add.
  std::map<std::pair<int32_t, std::string>, std::weak_ptr<Communicator>> by_name_;
};

}  // namespace host_hccl
