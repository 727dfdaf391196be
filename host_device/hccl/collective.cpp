// SPDX-License-Identifier: Apache-2.0
#include "collective.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <thread>

#include "epoch.h"
#include "futex.h"
#include "liveness.h"

using host_hccl::CollectiveRecord;
using host_hccl::EpochReached;
using host_hccl::PidOf;
using host_hccl::Presence;
using host_hccl::PresenceOf;
using host_hccl::RankSlot;

namespace {

// About 20 to 50 microseconds, as long as it may take to be woken.
constexpr uint32_t kSpins = 1000;
constexpr int64_t kDrainPollNs = 200000;

// As long as one that destroys a communicator waits for a collective that may be all right.
constexpr int64_t kCloseGraceSeconds = 5;

// With more ranks than cores, spinning keeps the awaited rank from running.
uint32_t SpinsFor(uint32_t ranks) { return ranks <= HostCoreCount() ? kSpins : 0; }

void CopyText(char* to, size_t bytes, const char* from) {
  snprintf(to, bytes, "%s", from ? from : "");
}

// The `index`th of a comma-separated list.
std::string NameAt(const std::string& names, uint32_t index) {
  size_t begin = 0;
  for (; index > 0; --index) {
    const size_t comma = names.find(',', begin);
    if (comma == std::string::npos) return "field";
    begin = comma + 1;
  }
  begin = names.find_first_not_of(' ', begin);
  if (begin == std::string::npos) return "field";
  return names.substr(begin, names.find(',', begin) - begin);
}

}  // namespace

HostCollective::HostCollective(std::shared_ptr<host_hccl::SharedSegment> segment, uint32_t rank,
                               const std::string& name, int64_t timeout_seconds)
    : segment_(std::move(segment)),
      rank_(rank),
      name_(name),
      timeout_seconds_(timeout_seconds),
      spins_(SpinsFor(segment_->layout().ranks)),
      awaited_(segment_->layout().ranks) {}

aclError HostCollective::Begin(const HostCollectiveSignature* signature, HostFailure* failure) {
  if (!segment_->InOwnerProcess()) {
    snprintf(failure->text, sizeof(failure->text),
             "communicator '%s' was made before fork(); a child has to make its own",
             name_.c_str());
    return ACL_ERROR_RT_PARAM_INVALID;
  }
  {
    std::unique_lock<std::mutex> lock(turn_);
    const auto limit = std::chrono::seconds(std::min<int64_t>(timeout_seconds_, 1 << 24));
    if (!turn_over_.wait_for(lock, limit, [this] { return !in_flight_ || closed_; })) {
      snprintf(failure->text, sizeof(failure->text),
               "group '%s', rank %u: another collective of this rank did not end within %lld s",
               name_.c_str(), rank_, static_cast<long long>(timeout_seconds_));
      return ACL_ERROR_RT_VECTOR_CORE_TIMEOUT;
    }
    if (closed_) {
      snprintf(failure->text, sizeof(failure->text),
               "group '%s', rank %u: this rank has destroyed the communicator", name_.c_str(),
               rank_);
      return ACL_ERROR_RT_VECTOR_CORE_EXCEPTION;
    }
    in_flight_ = true;
  }
  signature_ = *signature;
  signature_.field_count = std::min(signature->field_count, HostCollectiveSignature::kMaxFields);
  failure_status_ = ACL_SUCCESS;
  published_ = false;
  epoch_ = host_hccl::NextEpoch(last_epoch_);
  deadline_ = host_hccl::Deadline(timeout_seconds_);
  const aclError status = must_drain_ ? Drain(failure) : ACL_SUCCESS;
  // Every call takes one number on every rank, also this: who waits for it will find it passed
  // over.
  if (status != ACL_SUCCESS) Finish(false);
  return status;
}

aclError HostCollective::Drain(HostFailure* failure) {
  if (before_last_epoch_ == 0) return ACL_SUCCESS;
  for (uint32_t peer = 0; peer < segment_->layout().ranks; ++peer) {
    if (peer == rank_) continue;
    const RankSlot& slot = segment_->slot(peer);
    int64_t look_ns = 0;
    while (!EpochReached(slot.finished.load(std::memory_order_acquire), before_last_epoch_)) {
      if (host_hccl::NowNs() >= look_ns) {
        if (PresenceOf(segment_->fd(), slot, peer) != Presence::kAlive) break;
        look_ns = host_hccl::NowNs() + host_hccl::kSliceNs;
      }
      if (deadline_.Passed()) {
        return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_TIMEOUT, rank_,
                    "after an earlier failure: rank %u (pid %d) has not finished collective %u "
                    "within %lld s",
                    peer, PidOf(slot.owner.load()), before_last_epoch_,
                    static_cast<long long>(timeout_seconds_));
      }
      std::this_thread::sleep_for(std::chrono::nanoseconds(kDrainPollNs));
    }
  }
  return ACL_SUCCESS;
}

void HostCollective::WriteRecord(host_hccl::Verdict verdict, uint32_t origin, const char* text) {
  CollectiveRecord& record = segment_->slot(rank_).records[epoch_ & 1];
  record.epoch = epoch_;
  record.origin = origin;
  record.field_count = signature_.field_count;
  std::copy_n(signature_.fields, signature_.field_count, record.fields);
  CopyText(record.op, sizeof(record.op), signature_.op);
  CopyText(record.names, sizeof(record.names), signature_.names);
  CopyText(record.text, sizeof(record.text), text);
  record.verdict.store(verdict, std::memory_order_relaxed);
}

void HostCollective::Announce() {
  RankSlot& slot = segment_->slot(rank_);
  published_ = true;
  deadline_ = host_hccl::Deadline(timeout_seconds_);
  // Both sequentially consistent, as is the other side: either this sees that somebody waits, or
  // the waiter sees the new value. A waiter that was killed stays counted, which costs a system
  // call.
  slot.progress.store(epoch_, std::memory_order_seq_cst);
  if (slot.waiters.load(std::memory_order_seq_cst) != 0) host_hccl::FutexWakeAll(&slot.progress);
}

void HostCollective::Publish() {
  if (published_) return;
  WriteRecord(host_hccl::kVerdictPassed, rank_, "");
  Announce();
}

void HostCollective::PublishFailure(const char* text) {
  std::lock_guard<std::mutex> lock(failure_mutex_);
  if (failure_status_ == ACL_SUCCESS) {
    failure_status_ = ACL_ERROR_RT_VECTOR_CORE_EXCEPTION;
    failure_origin_ = rank_;
    CopyText(failure_text_, sizeof(failure_text_), text);
    HostFailure failure;
    Describe(rank_, text, &failure);
    Remember(failure_status_, signature_.op, failure.text);
  }
  if (published_) return TurnRecord();
  WriteRecord(host_hccl::kVerdictFailed, failure_origin_, failure_text_);
  Announce();
}

aclError HostCollective::Await(uint32_t rank, HostFailure* failure) {
  if (rank >= segment_->layout().ranks) {
    return Fail(failure, ACL_ERROR_RT_PARAM_INVALID, rank_, "there is no rank %u; want 0 to %u",
                rank, segment_->layout().ranks - 1);
  }
  if (awaited_[rank].load(std::memory_order_acquire) == epoch_) return ACL_SUCCESS;
  if (rank == rank_ && !published_) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
                "it awaits itself before it has published");
  }
  RankSlot& slot = segment_->slot(rank);
  aclError status = AwaitWord({rank, &slot.progress, &slot.waiters, epoch_, false}, failure);
  if (status == ACL_SUCCESS) status = CheckRecord(rank, failure);
  if (status == ACL_SUCCESS) awaited_[rank].store(epoch_, std::memory_order_release);
  return status;
}

void HostCollective::PublishStep(uint32_t step) {
  RankSlot& slot = segment_->slot(rank_);
  deadline_ = host_hccl::Deadline(timeout_seconds_);
  slot.step.store(host_hccl::StepWord(epoch_, step), std::memory_order_seq_cst);
  if (slot.step_waiters.load(std::memory_order_seq_cst) != 0) host_hccl::FutexWakeAll(&slot.step);
}

aclError HostCollective::AwaitStep(uint32_t rank, uint32_t step, HostFailure* failure) {
  RankSlot& slot = segment_->slot(rank);
  // Who comes after this rank has failed sees that before it reads anything.
  if (HasFailed(rank_) && !EpochReached(slot.progress.load(std::memory_order_seq_cst), epoch_)) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
                "rank %u has not come before this rank failed", rank);
  }
  const uint32_t wanted = host_hccl::StepWord(epoch_, step);
  const aclError status = AwaitWord({rank, &slot.step, &slot.step_waiters, wanted, true}, failure);
  if (status != ACL_SUCCESS) return status;
  // Who failed on the way may be in the next collective by now.
  return HasFailed(rank) ? CheckRecord(rank, failure) : ACL_SUCCESS;
}

aclError HostCollective::AwaitWord(const Awaited& awaited, HostFailure* failure) {
  for (uint32_t i = 0; i <= spins_; ++i) {
    if (EpochReached(awaited.word->load(std::memory_order_acquire), awaited.value)) {
      return ACL_SUCCESS;
    }
    host_hccl::CpuRelax();
  }
  struct Counted {
    explicit Counted(std::atomic<uint32_t>* waiters) : count(waiters) { count->fetch_add(1); }
    ~Counted() { count->fetch_sub(1, std::memory_order_relaxed); }
    std::atomic<uint32_t>* count;
  } counted(awaited.waiters);
  const RankSlot& slot = segment_->slot(awaited.rank);
  Presence presence = Presence::kAlive;
  for (;;) {
    // After the look at the presence: who has published and then died or left has come.
    const uint32_t seen = awaited.word->load(std::memory_order_seq_cst);
    if (EpochReached(seen, awaited.value)) return ACL_SUCCESS;
    if (awaited.published && HasFailed(awaited.rank)) return ACL_SUCCESS;
    const aclError status = CheckPresence(awaited, presence, failure);
    if (status != ACL_SUCCESS) return status;
    host_hccl::FutexWait(awaited.word, seen, std::min(host_hccl::kSliceNs, deadline_.LeftNs()));
    presence = PresenceOf(segment_->fd(), slot, awaited.rank);
  }
}

aclError HostCollective::CheckPresence(const Awaited& awaited, Presence presence,
                                       HostFailure* failure) {
  const RankSlot& slot = segment_->slot(awaited.rank);
  const int32_t pid = PidOf(slot.owner.load(std::memory_order_relaxed));
  if (presence == Presence::kLeft) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
                "rank %u (pid %d) has left the communicator", awaited.rank, pid);
  }
  if (presence != Presence::kAlive) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_, "rank %u (pid %d) is dead",
                awaited.rank, pid);
  }
  if (abandoned_.load(std::memory_order_relaxed)) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_TIMEOUT, rank_,
                "this rank destroyed the communicator while it waited for rank %u (pid %d)",
                awaited.rank, pid);
  }
  if (!deadline_.Passed()) return ACL_SUCCESS;
  const auto seconds = static_cast<long long>(timeout_seconds_);
  if (awaited.published) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_TIMEOUT, rank_,
                "rank %u (pid %d) did not go on within %lld s in collective %u", awaited.rank, pid,
                seconds, epoch_);
  }
  return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_TIMEOUT, rank_,
              "rank %u (pid %d) did not arrive within %lld s; it is in collective %u, this rank in "
              "%u",
              awaited.rank, pid, seconds, slot.progress.load(std::memory_order_relaxed), epoch_);
}

bool HostCollective::HasFailed(uint32_t rank) const {
  const CollectiveRecord& record = segment_->slot(rank).records[epoch_ & 1];
  return record.verdict.load(std::memory_order_acquire) == host_hccl::kVerdictFailed;
}

aclError HostCollective::CheckRecord(uint32_t rank, HostFailure* failure) {
  const RankSlot& slot = segment_->slot(rank);
  const CollectiveRecord& record = slot.records[epoch_ & 1];
  // It is in this collective or the next: further it cannot go before this rank has ended this one.
  if (record.epoch != epoch_) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
                "rank %u has gone on without this rank; it is in collective %u, this rank in %u",
                rank, slot.progress.load(std::memory_order_relaxed), epoch_);
  }
  if (record.verdict.load(std::memory_order_seq_cst) == host_hccl::kVerdictFailed) {
    const uint32_t origin = record.origin % segment_->layout().ranks;
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, origin, "%.*s",
                static_cast<int>(strnlen(record.text, sizeof(record.text))), record.text);
  }
  return CheckSignature(rank, record, failure);
}

aclError HostCollective::CheckSignature(uint32_t rank, const CollectiveRecord& record,
                                        HostFailure* failure) {
  if (strncmp(record.op, signature_.op, sizeof(record.op) - 1) != 0) {
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
                "rank %u calls %.*s, this rank calls %s", rank,
                static_cast<int>(strnlen(record.op, sizeof(record.op))), record.op, signature_.op);
  }
  if (record.field_count != signature_.field_count) {
    return Fail(
        failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
        "rank %u calls %s with %u values to compare, this rank with %u: do all run the same "
        "version?",
        rank, signature_.op, record.field_count, signature_.field_count);
  }
  for (uint32_t i = 0; i < signature_.field_count; ++i) {
    if (record.fields[i] == signature_.fields[i]) continue;
    const std::string name = NameAt(signature_.names ? signature_.names : "", i);
    return Fail(failure, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, rank_,
                "rank %u calls %s with %s=%lld, this rank calls it with %s=%lld", rank,
                signature_.op, name.c_str(), static_cast<long long>(record.fields[i]), name.c_str(),
                static_cast<long long>(signature_.fields[i]));
  }
  return ACL_SUCCESS;
}

aclError HostCollective::Fail(HostFailure* failure, aclError status, uint32_t origin,
                              const char* format, ...) {
  char reason[sizeof(CollectiveRecord::text)];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof(reason), format, arguments);
  va_end(arguments);
  Describe(origin, reason, failure);
  std::lock_guard<std::mutex> lock(failure_mutex_);
  if (failure_status_ == ACL_SUCCESS) {
    failure_status_ = status;
    failure_origin_ = origin;
    CopyText(failure_text_, sizeof(failure_text_), reason);
    Remember(status, signature_.op, failure->text);
  }
  return status;
}

void HostCollective::Describe(uint32_t origin, const char* reason, HostFailure* failure) const {
  char whose[32] = "";
  if (origin != rank_) snprintf(whose, sizeof(whose), "rank %u failed: ", origin);
  snprintf(failure->text, sizeof(failure->text), "group '%s', rank %u: %s%s", name_.c_str(), rank_,
           whose, reason);
}

void HostCollective::Remember(aclError status, const char* op, const char* text) {
  std::lock_guard<std::mutex> lock(last_mutex_);
  last_result_ = status == ACL_SUCCESS                        ? HCCL_SUCCESS
                 : status == ACL_ERROR_RT_VECTOR_CORE_TIMEOUT ? HCCL_E_TIMEOUT
                                                              : HCCL_E_REMOTE;
  last_text_ = std::string(op) + " on " + text;
}

HcclResult HostCollective::LastResult(std::string* text) {
  std::lock_guard<std::mutex> lock(last_mutex_);
  *text = last_text_;
  return last_result_;
}

void HostCollective::End() {
  if (!published_) PublishFailure("it ended the collective without publishing");
  bool complete = failure_status_ == ACL_SUCCESS;
  for (uint32_t peer = 0; complete && peer < awaited_.size(); ++peer) {
    complete = peer == rank_ || awaited_[peer].load(std::memory_order_relaxed) == epoch_;
  }
  if (failure_status_ == ACL_SUCCESS) {
    Remember(ACL_SUCCESS, signature_.op, "");
  } else {
    TurnRecord();
  }
  Finish(complete);
}

void HostCollective::TurnRecord() {
  CollectiveRecord& record = segment_->slot(rank_).records[epoch_ & 1];
  if (record.verdict.load(std::memory_order_relaxed) != host_hccl::kVerdictPassed) return;
  record.origin = failure_origin_;
  CopyText(record.text, sizeof(record.text), failure_text_);
  // Sequentially consistent, as Announce and CheckRecord are: of this rank and one that comes now,
  // one sees the other.
  record.verdict.store(host_hccl::kVerdictFailed, std::memory_order_seq_cst);
  host_hccl::FutexWakeAll(&segment_->slot(rank_).step);
}

void HostCollective::Finish(bool complete) {
  must_drain_ = !complete;
  before_last_epoch_ = last_epoch_;
  last_epoch_ = epoch_;
  segment_->slot(rank_).finished.store(epoch_, std::memory_order_release);
  std::lock_guard<std::mutex> lock(turn_);
  in_flight_ = false;
  turn_over_.notify_all();
}

bool HostCollective::Close() {
  std::unique_lock<std::mutex> lock(turn_);
  const auto limit = std::chrono::seconds(std::min<int64_t>(timeout_seconds_ + 1, 1 << 24));
  const auto over = [this] { return !in_flight_; };
  closed_ = true;
  turn_over_.notify_all();
  if (turn_over_.wait_for(lock, std::min(limit, std::chrono::seconds(kCloseGraceSeconds)), over)) {
    return true;
  }
  abandoned_.store(true);
  if (turn_over_.wait_for(lock, limit, over)) return true;
  abandoned_.store(false);
  closed_ = false;
  return false;
}
