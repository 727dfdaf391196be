// SPDX-License-Identifier: Apache-2.0
// The collectives of one rank, one after the other: numbering, publishing, awaiting.
//
// A rank may overwrite its record of epoch e, and anybody's half e % 2 of the windows, when all
// live ranks have finished e. It knows that without asking when it has awaited every rank in e + 1
// (see host_communicator.h). After a collective in which it has not, it waits for it before the
// next begins.
//
// A rank that fails after it has published turns its record to "failed". So a rank that comes late
// to a collective the others have given up fails with their reason, and takes part again in the
// next.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "deadline.h"
#include "host_communicator.h"
#include "liveness.h"
#include "shared_segment.h"

namespace host_hccl {
class Communicator;
}

// The one collective that a rank can have in flight.
struct HostCollective {
 public:
  HostCollective(std::shared_ptr<host_hccl::SharedSegment> segment, uint32_t rank,
                 const std::string& name, int64_t timeout_seconds);

  aclError Begin(const HostCollectiveSignature* signature, HostFailure* failure);
  void Publish();
  void PublishFailure(const char* text);
  // May be called by several threads at once.
  aclError Await(uint32_t rank, HostFailure* failure);
  void End();

  // Further rounds within one collective, after it was published: step 1, 2, ... What a rank wrote
  // in step s it may overwrite in step s + 2, when it has awaited every rank in step s + 1.
  void PublishStep(uint32_t step);
  aclError AwaitStep(uint32_t rank, uint32_t step, HostFailure* failure);

  // Gives a failure of this rank its text, to be told to the others.
  aclError Fail(HostFailure* failure, aclError status, uint32_t origin, const char* format, ...)
      __attribute__((format(printf, 5, 6)));

  // Waits for the collective in flight, which after a while gives up; afterwards none begins. False
  // when it does not end in time.
  bool Close();

  uint32_t epoch() const { return epoch_; }
  uint32_t rank() const { return rank_; }
  int64_t timeout_seconds() const { return timeout_seconds_; }
  const host_hccl::SharedSegment& segment() const { return *segment_; }
  // How the last collective of this rank ended, or a message that failed after it.
  HcclResult LastResult(std::string* text);
  void Remember(aclError status, const char* op, const char* text);

  // Keeps the communicator while a collective is in flight.
  std::shared_ptr<host_hccl::Communicator> keeper;

 private:
  // One that others wait for: its word, and how many may sleep on it.
  struct Awaited {
    uint32_t rank;
    std::atomic<uint32_t>* word;
    std::atomic<uint32_t>* waiters;
    uint32_t value;
    bool published;  // the rank's record of this collective is there
  };

  aclError Drain(HostFailure* failure);
  // "group '<name>', rank <this>: rank <origin> failed: <reason>"
  void Describe(uint32_t origin, const char* reason, HostFailure* failure) const;
  void WriteRecord(host_hccl::Verdict verdict, uint32_t origin, const char* text);
  void Announce();
  // Of a rank that has published, and fails since: what others wait for from it comes no more.
  void TurnRecord();
  void Finish(bool complete);
  aclError AwaitWord(const Awaited& awaited, HostFailure* failure);
  aclError CheckPresence(const Awaited& awaited, host_hccl::Presence presence,
                         HostFailure* failure);
  bool HasFailed(uint32_t rank) const;
  aclError CheckRecord(uint32_t rank, HostFailure* failure);
  aclError CheckSignature(uint32_t rank, const host_hccl::CollectiveRecord& record,
                          HostFailure* failure);

  const std::shared_ptr<host_hccl::SharedSegment> segment_;
  const uint32_t rank_;
  const std::string name_;
  const int64_t timeout_seconds_;
  const uint32_t spins_;

  std::mutex turn_;
  std::condition_variable turn_over_;
  bool in_flight_ = false;
  bool closed_ = false;
  std::atomic<bool> abandoned_{false};  // nobody wants the collective in flight any more

  uint32_t last_epoch_ = 0;         // of the last collective that ended
  uint32_t before_last_epoch_ = 0;  // of the one before that
  bool must_drain_ = false;

  std::mutex last_mutex_;
  HcclResult last_result_ = HCCL_SUCCESS;
  std::string last_text_;

  // Of the collective in flight.
  uint32_t epoch_ = 0;
  HostCollectiveSignature signature_ = {};
  host_hccl::Deadline deadline_{0};
  bool published_ = false;
  std::vector<std::atomic<uint32_t>> awaited_;  // per rank, the last epoch it was awaited in
  std::mutex failure_mutex_;
  aclError failure_status_ = ACL_SUCCESS;
  uint32_t failure_origin_ = 0;
  char failure_text_[sizeof(host_hccl::CollectiveRecord::text)] = {};
};
