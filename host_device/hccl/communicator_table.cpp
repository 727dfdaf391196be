// SPDX-License-Identifier: Apache-2.0
#include "communicator_table.h"

#include "process_state.h"

namespace host_hccl {
namespace {

constexpr uintptr_t kHandleStep = 16;

const char* AfterFork() {
  return ProcessState::IsForkedChild()
             ? " (this process was made by fork(): communicators made before that belong to its "
               "parent, a child has to make its own)"
             : "";
}

}  // namespace

Outcome CommunicatorTable::Reserve(const std::string& name, int32_t device) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (by_name_.emplace(std::make_pair(device, name), std::weak_ptr<Communicator>()).second) {
    return {};
  }
  return Failed(
      HCCL_E_PARA,
      "device %d of this process has a communicator named '%s' already; destroy it first, "
      "or use another name or device (aclrtSetDevice)",
      device, name.c_str());
}

void CommunicatorTable::Unreserve(const std::string& name, int32_t device) {
  std::lock_guard<std::mutex> lock(mutex_);
  by_name_.erase({device, name});
}

HcclComm CommunicatorTable::Add(std::shared_ptr<Communicator> communicator) {
  std::lock_guard<std::mutex> lock(mutex_);
  last_handle_ += kHandleStep;
  by_name_[{communicator->device(), communicator->name()}] = communicator;
  by_handle_[last_handle_] = std::move(communicator);
  return reinterpret_cast<HcclComm>(last_handle_);
}

Outcome CommunicatorTable::Find(HcclComm handle, std::shared_ptr<Communicator>* communicator) {
  if (!handle) return Failed(HCCL_E_PTR, "comm is null");
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = by_handle_.find(reinterpret_cast<uintptr_t>(handle));
  if (found == by_handle_.end()) {
    return Failed(HCCL_E_PARA, "comm %p is no communicator of this process, or was destroyed%s",
                  handle, AfterFork());
  }
  *communicator = found->second;
  return {};
}

void CommunicatorTable::Remove(HcclComm handle) {
  std::shared_ptr<Communicator> last;  // ends after the lock
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = by_handle_.find(reinterpret_cast<uintptr_t>(handle));
  if (found == by_handle_.end()) return;
  last = std::move(found->second);
  by_handle_.erase(found);
}

Outcome CommunicatorTable::FindByName(const std::string& name, int32_t device,
                                      std::shared_ptr<Communicator>* communicator) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = by_name_.find({device, name});
  if (found != by_name_.end() && (*communicator = found->second.lock())) return {};
  std::string known;
  for (const auto& [key, entry] : by_name_) {
    if (key.first != device || entry.expired()) continue;
    known += (known.empty() ? "'" : ", '") + key.second + "'";
  }
  return Failed(HCCL_E_NOT_FOUND,
                "device %d of this process has no communicator '%s'; it has: %s%s", device,
                name.c_str(), known.empty() ? "none" : known.c_str(), AfterFork());
}

}  // namespace host_hccl
