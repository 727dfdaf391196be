// SPDX-License-Identifier: Apache-2.0
// Work in a stream.
#pragma once

#include <cstdio>

#include "host_runtime.h"

namespace host {

class Task {
 public:
  // `name` is static text, for messages.
  explicit Task(const char* name) : name_(name) {}
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const char* name() const { return name_; }

  // Called by the stream when it takes the task, before Run or Skip.
  virtual void Queued() {}

  // Called on the worker, unless the stream has failed or is being destroyed by force.
  virtual aclError Run(HostFailure* failure) = 0;

  // Called on the worker instead of Run.
  virtual void Skip(aclError /*status*/, const char* /*text*/) {}

  // Ends a wait that Run is in, where Run can wait for something that may never come. Called from
  // any thread while Run runs; must not block.
  virtual void Cancel() {}

 private:
  const char* const name_;
};

// Writes a failure's text; returns `status`.
template <typename... Arguments>
aclError TaskFails(HostFailure* failure, aclError status, const char* format,
                   Arguments... arguments) {
  std::snprintf(failure->text, sizeof(failure->text), format, arguments...);
  return status;
}

}  // namespace host
