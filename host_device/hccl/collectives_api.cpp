// SPDX-License-Identifier: Apache-2.0
// HCCL's collectives: what is wrong with a call is said at once, all else by the stream.
#include <limits>

#include "api_call.h"
#include "channel.h"
#include "data_movement.h"
#include "data_type.h"
#include "hccl/hccl.h"
#include "process_state.h"
#include "reduce.h"

namespace host_hccl {
namespace {

// Sizes in bytes, over all ranks, stay far from overflow.
constexpr uint64_t kMaxCallBytes = uint64_t{1} << 46;

Outcome FindComm(HcclComm comm, std::shared_ptr<Communicator>* communicator) {
  return ProcessState::Get().communicators.Find(comm, communicator);
}

Outcome CheckBuffer(const char* parameter, const void* buffer, uint64_t bytes) {
  if (!buffer && bytes != 0) return Failed(HCCL_E_PTR, "%s is null", parameter);
  return {};
}

Outcome CheckCount(const char* parameter, uint64_t count, HcclDataType type, uint32_t ranks) {
  if (ElementBytes(type) == 0) {
    return Failed(HCCL_E_NOT_SUPPORT, "data type %d is not supported on the host device",
                  static_cast<int>(type));
  }
  if (count > kMaxCallBytes / ElementBytes(type) / ranks) {
    return Failed(HCCL_E_PARA, "%s is %llu: want at most %llu bytes over all ranks", parameter,
                  static_cast<unsigned long long>(count),
                  static_cast<unsigned long long>(kMaxCallBytes));
  }
  return {};
}

Outcome CheckReduce(HcclDataType type, HcclReduceOp op) {
  if (CanReduce(type, op)) return {};
  return Failed(HCCL_E_NOT_SUPPORT,
                "%s (%d) of %s (%d) is not supported: want sum, prod, max or min of int8, int16, "
                "int32, int64, fp16, bf16, fp32 or fp64",
                ReduceOpName(op), static_cast<int>(op), DataTypeName(type), static_cast<int>(type));
}

Outcome CheckRank(const char* parameter, uint32_t rank, uint32_t ranks) {
  if (rank < ranks) return {};
  return Failed(HCCL_E_PARA, "%s is %u: want less than %u, the size of the communicator", parameter,
                rank, ranks);
}

bool Overlap(const void* a, uint64_t a_bytes, const void* b, uint64_t b_bytes) {
  const auto first = reinterpret_cast<uintptr_t>(a);
  const auto second = reinterpret_cast<uintptr_t>(b);
  return a_bytes != 0 && b_bytes != 0 && first < second + b_bytes && second < first + a_bytes;
}

// Counts and displacements of one direction of AlltoAllV, in bytes.
Outcome ReadPortions(const char* what, const void* counts, const void* displacements,
                     uint32_t ranks, uint64_t element, std::vector<uint64_t>* bytes,
                     std::vector<uint64_t>* offsets, uint64_t* extent) {
  const auto* count = static_cast<const uint64_t*>(counts);
  const auto* displacement = static_cast<const uint64_t*>(displacements);
  *extent = 0;
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    const uint64_t limit = kMaxCallBytes / element;
    if (count[rank] > limit || displacement[rank] > limit) {
      return Failed(HCCL_E_PARA,
                    "%s count %llu at displacement %llu for rank %u: want at most %llu", what,
                    static_cast<unsigned long long>(count[rank]),
                    static_cast<unsigned long long>(displacement[rank]), rank,
                    static_cast<unsigned long long>(limit));
    }
    bytes->push_back(count[rank] * element);
    offsets->push_back(displacement[rank] * element);
    if (count[rank] != 0) *extent = std::max(*extent, bytes->back() + offsets->back());
  }
  return {};
}

Outcome QueueAllToAll(const char* function, const char* names,
                      std::initializer_list<int64_t> fields,
                      std::shared_ptr<Communicator> communicator, const void* send_buffer,
                      const void* receive_buffer, uint64_t send_extent, uint64_t receive_extent,
                      Portions portions, aclrtStream stream) {
  Outcome outcome = CheckBuffer("sendBuf", send_buffer, send_extent);
  if (outcome.ok()) outcome = CheckBuffer("recvBuf", receive_buffer, receive_extent);
  if (!outcome.ok()) return outcome;
  if (Overlap(send_buffer, send_extent, receive_buffer, receive_extent)) {
    return Failed(HCCL_E_PARA, "sendBuf and recvBuf overlap: want two buffers");
  }
  const auto* send = static_cast<const uint8_t*>(send_buffer);
  auto* receive = static_cast<uint8_t*>(const_cast<void*>(receive_buffer));
  auto task = std::make_unique<CollectiveTask>(
      std::move(communicator), function, names, fields,
      [=, portions = std::move(portions)](Communicator* comm, Transfer* transfer) {
        return MoveAllToAll(transfer, comm->rank(), send, receive, portions);
      });
  task->Touches("sendBuf", send, send_extent);
  task->Touches("recvBuf", receive, receive_extent);
  return StreamTask::Queue(std::move(task), stream);
}

Outcome QueueMessage(const char* function, MessageTask::Side side, void* buffer, uint64_t count,
                     HcclDataType type, const char* peer_name, uint32_t peer, HcclComm comm,
                     aclrtStream stream) {
  std::shared_ptr<Communicator> communicator;
  Outcome outcome = FindComm(comm, &communicator);
  if (outcome.ok()) outcome = CheckCount("count", count, type, communicator->size());
  if (outcome.ok()) outcome = CheckRank(peer_name, peer, communicator->size());
  if (outcome.ok()) outcome = CheckBuffer("the buffer", buffer, count);
  if (!outcome.ok()) return outcome;
  if (peer == communicator->rank()) {
    return Failed(HCCL_E_PARA, "%s is %u, this rank itself: want another", peer_name, peer);
  }
  return StreamTask::Queue(
      std::make_unique<MessageTask>(std::move(communicator), function, side, peer,
                                    static_cast<uint8_t*>(buffer), count, type),
      stream);
}

}  // namespace
}  // namespace host_hccl

using namespace host_hccl;  // NOLINT: the functions below are the file's whole purpose

extern "C" {

HcclResult HcclBarrier(HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (!outcome.ok()) return outcome;
    return StreamTask::Queue(
        std::make_unique<CollectiveTask>(
            std::move(communicator), "HcclBarrier", "", std::initializer_list<int64_t>{},
            [](Communicator*, Transfer* transfer) { return MoveBarrier(transfer); }),
        stream);
  });
}

HcclResult HcclAllReduce(void* sendBuf, void* recvBuf, uint64_t count, HcclDataType dataType,
                         HcclReduceOp op, HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckReduce(dataType, op);
    if (outcome.ok()) outcome = CheckCount("count", count, dataType, communicator->size());
    if (outcome.ok()) outcome = CheckBuffer("sendBuf", sendBuf, count);
    if (outcome.ok()) outcome = CheckBuffer("recvBuf", recvBuf, count);
    if (!outcome.ok() || count == 0) return outcome;
    const ReduceKind kind = {dataType, op, ElementBytes(dataType)};
    const auto* send = static_cast<const uint8_t*>(sendBuf);
    auto* receive = static_cast<uint8_t*>(recvBuf);
    auto task = std::make_unique<CollectiveTask>(
        std::move(communicator), "HcclAllReduce", "count,dataType,op",
        std::initializer_list<int64_t>{static_cast<int64_t>(count), dataType, op},
        [=](Communicator* rank, Transfer* transfer) {
          return MoveAllReduce(transfer, rank->rank(), rank->size(), send, receive, count, kind);
        });
    task->Touches("sendBuf", send, count * kind.element);
    task->Touches("recvBuf", receive, count * kind.element);
    return StreamTask::Queue(std::move(task), stream);
  });
}

HcclResult HcclBroadcast(void* buf, uint64_t count, HcclDataType dataType, uint32_t root,
                         HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
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
        std::initializer_list<int64_t>{static_cast<int64_t>(count), dataType, root},
        [=](Communicator* rank, Transfer* transfer) {
          return MoveBroadcast(transfer, rank->rank() == root, root, buffer, bytes);
        });
    task->Touches("buf", buffer, bytes);
    return StreamTask::Queue(std::move(task), stream);
  });
}

HcclResult HcclReduceScatter(void* sendBuf, void* recvBuf, uint64_t recvCount,
                             HcclDataType dataType, HcclReduceOp op, HcclComm comm,
                             aclrtStream stream) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckReduce(dataType, op);
    if (outcome.ok()) outcome = CheckCount("recvCount", recvCount, dataType, communicator->size());
    if (outcome.ok()) outcome = CheckBuffer("sendBuf", sendBuf, recvCount);
    if (outcome.ok()) outcome = CheckBuffer("recvBuf", recvBuf, recvCount);
    if (!outcome.ok() || recvCount == 0) return outcome;
    const ReduceKind kind = {dataType, op, ElementBytes(dataType)};
    const auto* send = static_cast<const uint8_t*>(sendBuf);
    auto* receive = static_cast<uint8_t*>(recvBuf);
    const uint64_t ranks = communicator->size();
    auto task = std::make_unique<CollectiveTask>(
        std::move(communicator), "HcclReduceScatter", "recvCount,dataType,op",
        std::initializer_list<int64_t>{static_cast<int64_t>(recvCount), dataType, op},
        [=](Communicator* rank, Transfer* transfer) {
          return MoveReduceScatter(transfer, rank->rank(), rank->size(), send, receive, recvCount,
                                   kind);
        });
    task->Touches("sendBuf", send, ranks * recvCount * kind.element);
    task->Touches("recvBuf", receive, recvCount * kind.element);
    return StreamTask::Queue(std::move(task), stream);
  });
}

HcclResult HcclAllGather(void* sendBuf, void* recvBuf, uint64_t sendCount, HcclDataType dataType,
                         HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("sendCount", sendCount, dataType, communicator->size());
    if (outcome.ok()) outcome = CheckBuffer("sendBuf", sendBuf, sendCount);
    if (outcome.ok()) outcome = CheckBuffer("recvBuf", recvBuf, sendCount);
    if (!outcome.ok() || sendCount == 0) return outcome;
    const auto* send = static_cast<const uint8_t*>(sendBuf);
    auto* receive = static_cast<uint8_t*>(recvBuf);
    const uint64_t bytes = sendCount * ElementBytes(dataType);
    const uint64_t ranks = communicator->size();
    auto task = std::make_unique<CollectiveTask>(
        std::move(communicator), "HcclAllGather", "sendCount,dataType",
        std::initializer_list<int64_t>{static_cast<int64_t>(sendCount), dataType},
        [=](Communicator*, Transfer* transfer) {
          return MoveAllGather(transfer, send, receive, bytes);
        });
    task->Touches("sendBuf", send, bytes);
    task->Touches("recvBuf", receive, ranks * bytes);
    return StreamTask::Queue(std::move(task), stream);
  });
}

HcclResult HcclAlltoAll(const void* sendBuf, uint64_t sendCount, HcclDataType sendType,
                        const void* recvBuf, uint64_t recvCount, HcclDataType recvType,
                        HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("sendCount", sendCount, sendType, communicator->size());
    if (!outcome.ok()) return outcome;
    if (sendCount != recvCount || sendType != recvType) {
      return Failed(HCCL_E_PARA, "it sends %llu of %s and receives %llu of %s: want the same",
                    static_cast<unsigned long long>(sendCount), DataTypeName(sendType),
                    static_cast<unsigned long long>(recvCount), DataTypeName(recvType));
    }
    const uint64_t bytes = sendCount * ElementBytes(sendType);
    const uint32_t ranks = communicator->size();
    Portions portions;
    portions.send_bytes.assign(ranks, bytes);
    for (uint64_t rank = 0; rank < ranks; ++rank) portions.send_offsets.push_back(rank * bytes);
    portions.receive_bytes = portions.send_bytes;
    portions.receive_offsets = portions.send_offsets;
    return QueueAllToAll("HcclAlltoAll", "sendCount,sendType",
                         {static_cast<int64_t>(sendCount), sendType}, std::move(communicator),
                         sendBuf, recvBuf, ranks * bytes, ranks * bytes, std::move(portions),
                         stream);
  });
}

HcclResult HcclAlltoAllV(const void* sendBuf, const void* sendCounts, const void* sdispls,
                         HcclDataType sendType, const void* recvBuf, const void* recvCounts,
                         const void* rdispls, HcclDataType recvType, HcclComm comm,
                         aclrtStream stream) {
  return ApiCall(__func__, [&] {
    std::shared_ptr<Communicator> communicator;
    Outcome outcome = FindComm(comm, &communicator);
    if (outcome.ok()) outcome = CheckCount("sendType", 0, sendType, 1);
    if (!outcome.ok()) return outcome;
    if (sendType != recvType) {
      return Failed(HCCL_E_PARA, "it sends %s and receives %s: want the same type",
                    DataTypeName(sendType), DataTypeName(recvType));
    }
    const uint32_t ranks = communicator->size();
    if (!sendCounts || !sdispls || !recvCounts || !rdispls) {
      return Failed(HCCL_E_PTR,
                    "one of sendCounts, sdispls, recvCounts, rdispls is null: want arrays of %u "
                    "uint64_t",
                    ranks);
    }
    const uint64_t element = ElementBytes(sendType);
    Portions portions;
    uint64_t send_extent = 0;
    uint64_t receive_extent = 0;
    outcome = ReadPortions("send", sendCounts, sdispls, ranks, element, &portions.send_bytes,
                           &portions.send_offsets, &send_extent);
    if (outcome.ok()) {
      outcome = ReadPortions("receive", recvCounts, rdispls, ranks, element,
                             &portions.receive_bytes, &portions.receive_offsets, &receive_extent);
    }
    if (!outcome.ok()) return outcome;
    return QueueAllToAll("HcclAlltoAllV", "sendType", {sendType}, std::move(communicator), sendBuf,
                         recvBuf, send_extent, receive_extent, std::move(portions), stream);
  });
}

HcclResult HcclSend(void* sendBuf, uint64_t count, HcclDataType dataType, uint32_t destRank,
                    HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
    return QueueMessage("HcclSend", MessageTask::Side::kSend, sendBuf, count, dataType, "destRank",
                        destRank, comm, stream);
  });
}

HcclResult HcclRecv(void* recvBuf, uint64_t count, HcclDataType dataType, uint32_t srcRank,
                    HcclComm comm, aclrtStream stream) {
  return ApiCall(__func__, [&] {
    return QueueMessage("HcclRecv", MessageTask::Side::kReceive, recvBuf, count, dataType,
                        "srcRank", srcRank, comm, stream);
  });
}

}  // extern "C"
