// SPDX-License-Identifier: Apache-2.0
#include "outcome.h"

#include <cstdarg>
#include <cstdio>

#include "acl/acl.h"

namespace host_hccl {

Outcome Failed(HcclResult code, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return {code, text};
}

Outcome RuntimeFailed() {
  const char* text = aclGetRecentErrMsg();
  return {HCCL_E_RUNTIME, text ? text : "a call of the runtime failed"};
}

void RankList::Add(uint32_t rank) {
  ++count_;
  if (open_ && rank == last_ + 1) {
    last_ = rank;
    return;
  }
  CloseRun();
  first_ = last_ = rank;
  open_ = true;
}

void RankList::CloseRun() {
  if (!open_ || runs_ == kMaxRuns) return;
  if (runs_++) text_ += ", ";
  text_ += std::to_string(first_);
  if (last_ != first_) text_ += (last_ == first_ + 1 ? ", " : "-") + std::to_string(last_);
  listed_ += last_ - first_ + 1;
}

std::string RankList::Text() const {
  RankList closed = *this;
  closed.CloseRun();
  if (closed.listed_ < count_) {
    closed.text_ += " and " + std::to_string(count_ - closed.listed_) + " more";
  }
  return closed.text_;
}

}  // namespace host_hccl
