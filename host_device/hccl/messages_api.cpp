// SPDX-License-Identifier: Apache-2.0
// HcclSend, HcclRecv and HcclBatchSendRecv.
#include "argument_check.h"
#include "call_group.h"
#include "data_type.h"
#include "hccl/hccl.h"

namespace host_hccl {
namespace {

Outcome MakeMessage(const char* function, Message::Side side, void* buffer, uint64_t count,
                    HcclDataType type, const char* peer_name, uint32_t peer,
                    const Communicator& communicator, std::vector<Message>* messages) {
  Outcome outcome = CheckCount("count", count, type, communicator.size());
  if (outcome.ok()) outcome = CheckRank(peer_name, peer, communicator.size());
  if (outcome.ok()) outcome = CheckBuffer("the buffer", buffer, count);
  if (!outcome.ok()) return outcome;
  messages->push_back(
      {function, side, peer, static_cast<uint8_t*>(buffer), count * ElementBytes(type), type});
  return {};
}

Outcome QueueMessage(const char* function, Message::Side side, void* buffer, uint64_t count,
                     HcclDataType type, const char* peer_name, uint32_t peer, HcclComm comm,
                     aclrtStream stream) {
  std::shared_ptr<Communicator> communicator;
  std::vector<Message> messages;
  Outcome outcome = FindComm(comm, &communicator);
  if (outcome.ok()) {
    outcome =
        MakeMessage(function, side, buffer, count, type, peer_name, peer, *communicator, &messages);
  }
  if (!outcome.ok()) return outcome;
  CallGroup& group = CallGroup::OfThisThread();
  if (peer == communicator->rank() && !group.open()) {
    return Failed(HCCL_E_PARA,
                  "%s is %u, this rank itself: want another, or a send and a receive between "
                  "HcclGroupStart and HcclGroupEnd",
                  peer_name, peer);
  }
  return group.TakeMessages(std::move(communicator), std::move(messages), stream);
}

Outcome QueueBatch(const char* function, const HcclSendRecvItem* items, uint32_t count,
                   HcclComm comm, aclrtStream stream) {
  std::shared_ptr<Communicator> communicator;
  Outcome outcome = FindComm(comm, &communicator);
  if (!outcome.ok() || count == 0) return outcome;
  if (!items) return Failed(HCCL_E_PTR, "sendRecvInfo is null");
  std::vector<Message> messages;
  for (uint32_t i = 0; i < count; ++i) {
    const HcclSendRecvItem& item = items[i];
    if (item.sendRecvType != HCCL_SEND && item.sendRecvType != HCCL_RECV) {
      return Failed(HCCL_E_PARA, "sendRecvInfo[%u].sendRecvType is %d: want HCCL_SEND or HCCL_RECV",
                    i, static_cast<int>(item.sendRecvType));
    }
    outcome = MakeMessage(
        function, item.sendRecvType == HCCL_SEND ? Message::Side::kSend : Message::Side::kReceive,
        item.buf, item.count, item.dataType, "remoteRank", item.remoteRank, *communicator,
        &messages);
    if (!outcome.ok()) {
      return {outcome.code, "sendRecvInfo[" + std::to_string(i) + "]: " + outcome.text};
    }
  }
  return CallGroup::OfThisThread().TakeMessages(std::move(communicator), std::move(messages),
                                                stream);
}

}  // namespace
}  // namespace host_hccl

using namespace host_hccl;  // NOLINT: the functions below are the file's whole purpose

extern "C" {

HcclResult HcclSend(void* sendBuf, uint64_t count, HcclDataType dataType, uint32_t destRank,
                    HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    return QueueMessage("HcclSend", Message::Side::kSend, sendBuf, count, dataType, "destRank",
                        destRank, comm, stream);
  });
}

HcclResult HcclRecv(void* recvBuf, uint64_t count, HcclDataType dataType, uint32_t srcRank,
                    HcclComm comm, aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    return QueueMessage("HcclRecv", Message::Side::kReceive, recvBuf, count, dataType, "srcRank",
                        srcRank, comm, stream);
  });
}

HcclResult HcclBatchSendRecv(HcclSendRecvItem* sendRecvInfo, uint32_t itemNum, HcclComm comm,
                             aclrtStream stream) {
  return QueueingCall(__func__, [&] {
    return QueueBatch("HcclBatchSendRecv", sendRecvInfo, itemNum, comm, stream);
  });
}

}  // extern "C"
