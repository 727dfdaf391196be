// SPDX-License-Identifier: Apache-2.0
// HCCL's collectives: what is wrong with a call is said at once, all else by the stream.
#include "argument_check.h"
#include "call_group.h"
#include "count_table.h"
#include "data_type.h"
#include "hccl/hccl.h"

namespace host_hccl {
namespace {

Outcome QueueAllToAll(const char* function, std::string names, const std::vector<int64_t>& fields,
                      std::shared_ptr<Communicator> communicator, const void* send_buffer,
                      const void* receive_buffer, Shares sent, Shares received, bool agreed,
                      aclrtStream stream) {
  const uint64_t send_extent = sent.Extent();
  const uint64_t receive_extent = received.Extent();
  Outcome outcome = CheckBuffer("sendBuf", send_buffer, send_extent);
  if (outcome.ok()) outcome = CheckBuffer("recvBuf", receive_buffer, receive_extent);
  if (!outcome.ok()) return outcome;
  if (Overlap(send_buffer, send_extent, receive_buffer, receive_extent)) {
    return Failed(HCCL_E_PARA, "sendBuf and recvBuf overlap: want two buffers");
  }
  const auto* send = static_cast<const uint8_t*>(send_buffer);
  auto* receive = static_cast<uint8_t*>(const_cast<void*>(receive_buffer));
  auto task = std::make_unique<CollectiveTask>(
      std::move(communicator), function, std::move(names), fields,
      [=, sent = std::move(sent), received = std::move(received)](Communicator* comm,
                                                                  Transfer* transfer) {
        return MoveAllToAll(transfer, comm->rank(), send, receive, sent, received, agreed);
      });
  task->Touches("sendBuf", send, send_extent);
  task->Touches("recvBuf", receive, receive_extent);
  return CallGroup::OfThisThread().Take(std::move(task), stream);
}

// HcclReduce, and HcclAllReduce, whose result is for everybody: `root` is null.
Outcome QueueReduce(const char* function, void* send_buffer, void* receive_buffer, uint64_t count,
                    HcclDataType type, HcclReduceOp op, const uint32_t* root, HcclComm comm,
                    aclrtStream stream) {
  std::shared_ptr<Communicator> communicator;
  Outcome outcome = FindComm(comm, &communicator);
  if (outcome.ok()) outcome = CheckReduce(type, op);
  if (outcome.ok()) outcome = CheckCount("count", count, type, communicator->size());
  if (outcome.ok() && root) outcome = CheckRank("root", *root, communicator->size());
  if (outcome.ok()) outcome = CheckBuffer("sendBuf", send_buffer, count);
  if (!outcome.ok()) return outcome;
  const bool receives = !root || *root == communicator->rank();
  if (receives) outcome = CheckBuffer("recvBuf", receive_buffer, count);
  if (!outcome.ok() || count == 0) return outcome;
  const ReduceKind kind = {type, op, ElementBytes(type)};
  const auto* send = static_cast<const uint8_t*>(send_buffer);
  auto* receive = receives ? static_cast<uint8_t*>(receive_buffer) : nullptr;
  std::vector<int64_t> fields = {static_cast<int64_t>(count), type, op};
  if (root) fields.push_back(*root);
  auto task = std::make_unique<CollectiveTask>(
      std::move(communicator), function, "count,dataType,op,root", fields,
      [=](Communicator* rank, Transfer* transfer) {
        return MoveReduce(transfer, rank->rank(), rank->size(), send, receive, count, kind);
      });
  task->Touches("sendBuf", send, count * kind.element);
  if (receives) task->Touches("recvBuf", receive, count * kind.element);
  return CallGroup::OfThisThread().Take(std::move(task), stream);
}

Outcome QueueAllGather(const char* function, std::string names, const std::vector<int64_t>& fields,
                       std::shared_ptr<Communicator> communicator, const void* send_buffer,
                       void* receive_buffer, Shares shares, aclrtStream stream) {
  const uint64_t bytes = shares.bytes[communicator->rank()];
  const uint64_t extent = shares.Extent();
  Outcome outcome = CheckBuffer("sendBuf", send_buffer, bytes);
  if (outcome.ok()) outcome = CheckBuffer("recvBuf", receive_buffer, extent);
  if (!outcome.ok() || extent == 0) return outcome;
  const auto* send = static_cast<const uint8_t*>(send_buffer);
  auto* receive = static_cast<uint8_t*>(receive_buffer);
  auto task = std::make_unique<CollectiveTask>(
      std::move(communicator), function, std::move(names), fields,
      [=, shares = std::move(shares)](Communicator* rank, Transfer* transfer) {
        return MoveAllGather(transfer, rank->rank(), send, receive, shares);
      });
  task->Touches("sendBuf", send, bytes);
  task->Touches("recvBuf", receive, extent);
  return CallGroup::OfThisThread().Take(std::move(task), stream);
}

Outcome QueueReduceScatter(const char* function, std::string names,
                           const std::vector<int64_t>& fields,
                           std::shared_ptr<Communicator> communicator, const void* send_buffer,
                           void* receive_buffer, Shares shares, HcclDataType type, HcclReduceOp op,
                           aclrtStream stream) {
  const ReduceKind kind = {type, op, ElementBytes(type)};
  const uint64_t bytes = shares.bytes[communicator->rank()];
  const uint64_t extent = shares.Extent();
  Outcome outcome = CheckBuffer("sendBuf", send_buffer, extent);
  if (outcome.ok()) outcome = CheckBuffer("recvBuf", receive_buffer, bytes);
  if (!outcome.ok() || extent == 0) return outcome;
  const auto* send = static_cast<const uint8_t*>(send_buffer);
  auto* receive = static_cast<uint8_t*>(receive_buffer);
  auto task = std::make_unique<CollectiveTask>(
      std::move(communicator), function, std::move(names), fields,
      [=, shares = std::move(shares)](Communicator* rank, Transfer* transfer) {
        return MoveReduceScatter(transfer, rank->rank(), send, receive, shares, kind);
      });
  task->Touches("sendBuf", send, extent);
  task->Touches("recvBuf", receive, bytes);
  return CallGroup::OfThisThread().Take(std::move(task), stream);
}

}  // namespace
}  // namespace host_hccl

using namespace host_hccl;  // NOLINT: the functions below are the file's whole purpose

extern "C" {

HcclResult HcclBarrier(HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (!outcome.ok()) return outcome;
    return CallGroup::OfThisThread().Take(
        std::make_unique<CollectiveTask>(
            std::move(communicator), "HcclBarrier", "", std::vector<int64_t>{},
            [](Communicator*, Transfer* transfer) { return MoveBarrier(transfer); }),
        stream);
  });
}

HcclResult HcclAllReduce(void* sendBuf, void* recvBuf, uint64_t count, HcclDataType dataType,
                         HcclReduceOp op, HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    return QueueReduce("HcclAllReduce", sendBuf, recvBuf, count, dataType, op, nullptr, comm,
                       stream);
  });
}

HcclResult HcclReduce(void* sendBuf, void* recvBuf, uint64_t count, HcclDataType dataType,
                      HcclReduceOp op, uint32_t root, HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    return QueueReduce("HcclReduce", sendBuf, recvBuf, count, dataType, op, &root, comm, stream);
  });
}

HcclResult HcclBroadcast(void* buf, uint64_t count, HcclDataType dataType, uint32_t root,
                         HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("count", count, dataType, communicator->size());
    if (outcome.ok()) outcome = CheckRank("root", root, communicator->size());
    if (outcome.ok()) outcome = CheckBuffer("buf", buf, count);
    if (!outcome.ok() || count == 0) return outcome;
    auto* buffer = static_cast<uint8_t*>(buf);
    const uint64_t bytes = count * ElementBytes(dataType);
    auto task = std::make_unique<CollectiveTask>(
        std::move(communicator), "HcclBroadcast", "count,dataType,root",
        std::vector<int64_t>{static_cast<int64_t>(count), dataType, root},
        [=](Communicator* rank, Transfer* transfer) {
          return MoveBroadcast(transfer, rank->rank() == root, root, buffer, bytes);
        });
    task->Touches("buf", buffer, bytes);
    return CallGroup::OfThisThread().Take(std::move(task), stream);
  });
}

HcclResult HcclScatter(void* sendBuf, void* recvBuf, uint64_t recvCount, HcclDataType dataType,
                       uint32_t root, HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("recvCount", recvCount, dataType, communicator->size());
    if (outcome.ok()) outcome = CheckRank("root", root, communicator->size());
    if (!outcome.ok()) return outcome;
    const bool is_root = root == communicator->rank();
    if (is_root) outcome = CheckBuffer("sendBuf", sendBuf, recvCount);
    if (outcome.ok()) outcome = CheckBuffer("recvBuf", recvBuf, recvCount);
    if (!outcome.ok() || recvCount == 0) return outcome;
    const auto* send = static_cast<const uint8_t*>(sendBuf);
    auto* receive = static_cast<uint8_t*>(recvBuf);
    const uint64_t bytes = recvCount * ElementBytes(dataType);
    const uint64_t ranks = communicator->size();
    auto task = std::make_unique<CollectiveTask>(
        std::move(communicator), "HcclScatter", "recvCount,dataType,root",
        std::vector<int64_t>{static_cast<int64_t>(recvCount), dataType, root},
        [=](Communicator* rank, Transfer* transfer) {
          return MoveScatter(transfer, rank->rank(), rank->size(), root, send, receive, bytes);
        });
    if (is_root) task->Touches("sendBuf", send, ranks * bytes);
    task->Touches("recvBuf", receive, bytes);
    return CallGroup::OfThisThread().Take(std::move(task), stream);
  });
}

HcclResult HcclReduceScatter(void* sendBuf, void* recvBuf, uint64_t recvCount,
                             HcclDataType dataType, HcclReduceOp op, HcclComm comm,
                             aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckReduce(dataType, op);
    if (outcome.ok()) outcome = CheckCount("recvCount", recvCount, dataType, communicator->size());
    if (!outcome.ok()) return outcome;
    Shares shares = Shares::Even(communicator->size(), recvCount * ElementBytes(dataType));
    return QueueReduceScatter("HcclReduceScatter", "recvCount,dataType,op",
                              {static_cast<int64_t>(recvCount), dataType, op},
                              std::move(communicator), sendBuf, recvBuf, std::move(shares),
                              dataType, op, stream);
  });
}

HcclResult HcclReduceScatterV(void* sendBuf, const void* sendCounts, const void* sendDispls,
                              void* recvBuf, uint64_t recvCount, HcclDataType dataType,
                              HcclReduceOp op, HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckReduce(dataType, op);
    const CountTable counts = {"sendCounts", sendCounts, "sendDispls", sendDispls};
    Shares shares;
    if (outcome.ok()) outcome = counts.Read(communicator->size(), ElementBytes(dataType), &shares);
    if (outcome.ok()) outcome = counts.CheckOwn("recvCount", recvCount, communicator->rank());
    if (!outcome.ok()) return outcome;
    std::string names = "dataType,op";
    std::vector<int64_t> fields = {dataType, op};
    counts.AddTo(communicator->size(), &names, &fields);
    return QueueReduceScatter("HcclReduceScatterV", std::move(names), fields,
                              std::move(communicator), sendBuf, recvBuf, std::move(shares),
                              dataType, op, stream);
  });
}

HcclResult HcclAllGather(void* sendBuf, void* recvBuf, uint64_t sendCount, HcclDataType dataType,
                         HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("sendCount", sendCount, dataType, communicator->size());
    if (!outcome.ok()) return outcome;
    Shares shares = Shares::Even(communicator->size(), sendCount * ElementBytes(dataType));
    return QueueAllGather("HcclAllGather", "sendCount,dataType",
                          {static_cast<int64_t>(sendCount), dataType}, std::move(communicator),
                          sendBuf, recvBuf, std::move(shares), stream);
  });
}

HcclResult HcclAllGatherV(void* sendBuf, uint64_t sendCount, void* recvBuf, const void* recvCounts,
                          const void* recvDispls, HcclDataType dataType, HcclComm comm,
                          aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("sendCount", sendCount, dataType, communicator->size());
    const CountTable counts = {"recvCounts", recvCounts, "recvDispls", recvDispls};
    Shares shares;
    if (outcome.ok()) outcome = counts.Read(communicator->size(), ElementBytes(dataType), &shares);
    if (outcome.ok()) outcome = counts.CheckOwn("sendCount", sendCount, communicator->rank());
    if (!outcome.ok()) return outcome;
    std::string names = "dataType";
    std::vector<int64_t> fields = {dataType};
    counts.AddTo(communicator->size(), &names, &fields);
    return QueueAllGather("HcclAllGatherV", std::move(names), fields, std::move(communicator),
                          sendBuf, recvBuf, std::move(shares), stream);
  });
}

HcclResult HcclAlltoAll(const void* sendBuf, uint64_t sendCount, HcclDataType sendType,
                        const void* recvBuf, uint64_t recvCount, HcclDataType recvType,
                        HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("sendCount", sendCount, sendType, communicator->size());
    if (!outcome.ok()) return outcome;
    if (sendCount != recvCount || sendType != recvType) {
      return Failed(HCCL_E_PARA, "it sends %llu of %s and receives %llu of %s: want the same",
                    static_cast<unsigned long long>(sendCount), DataTypeName(sendType),
                    static_cast<unsigned long long>(recvCount), DataTypeName(recvType));
    }
    const Shares shares = Shares::Even(communicator->size(), sendCount * ElementBytes(sendType));
    return QueueAllToAll("HcclAlltoAll", "sendCount,sendType",
                         {static_cast<int64_t>(sendCount), sendType}, std::move(communicator),
                         sendBuf, recvBuf, shares, shares, true, stream);
  });
}

HcclResult HcclAlltoAllV(const void* sendBuf, const void* sendCounts, const void* sdispls,
                         HcclDataType sendType, const void* recvBuf, const void* recvCounts,
                         const void* rdispls, HcclDataType recvType, HcclComm comm,
                         aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckTypes(sendType, recvType);
    Shares sent;
    Shares received;
    if (outcome.ok()) {
      outcome = CountTable{"sendCounts", sendCounts, "sdispls", sdispls}.Read(
          communicator->size(), ElementBytes(sendType), &sent);
    }
    if (outcome.ok()) {
      outcome = CountTable{"recvCounts", recvCounts, "rdispls", rdispls}.Read(
          communicator->size(), ElementBytes(recvType), &received);
    }
    if (!outcome.ok()) return outcome;
    return QueueAllToAll("HcclAlltoAllV", "sendType", {sendType}, std::move(communicator), sendBuf,
                         recvBuf, std::move(sent), std::move(received), false, stream);
  });
}

HcclResult HcclAlltoAllVC(const void* sendBuf, const void* sendCountMatrix, HcclDataType sendType,
                          const void* recvBuf, HcclDataType recvType, HcclComm comm,
                          aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckTypes(sendType, recvType);
    Shares sent;
    Shares received;
    if (outcome.ok()) {
      outcome = ReadCountMatrix(sendCountMatrix, communicator->rank(), communicator->size(),
                                ElementBytes(sendType), &sent, &received);
    }
    if (!outcome.ok()) return outcome;
    return QueueAllToAll("HcclAlltoAllVC", "sendType", {sendType}, std::move(communicator), sendBuf,
                         recvBuf, std::move(sent), std::move(received), false, stream);
  });
}

}  // extern "C"
