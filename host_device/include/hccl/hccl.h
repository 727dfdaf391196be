// SPDX-License-Identifier: Apache-2.0
// HCCL's C interface, as far as the host device has it. A function that is declared and not done
// fails by name with HCCL_E_NOT_SUPPORT. aclGetRecentErrMsg tells why a call failed.
#ifndef HCCL_HCCL_H_
#define HCCL_HCCL_H_

#include <string.h>

#include "acl/acl.h"
#include "hccl/hccl_types.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

// Communicators. One rank makes the root info; its bytes reach the others by whatever way they
// have, as long as that process lives until all ranks have come. The calls that make a communicator
// return when all its ranks have come, or after HCCL_CONNECT_TIMEOUT seconds (120).
HcclResult HcclGetRootInfo(HcclRootInfo* rootInfo);
HcclResult HcclCommInitRootInfo(uint32_t nRanks, const HcclRootInfo* rootInfo, uint32_t rank,
                                HcclComm* comm);
HcclResult HcclCommInitRootInfoConfig(uint32_t nRanks, const HcclRootInfo* rootInfo, uint32_t rank,
                                      const HcclCommConfig* config, HcclComm* comm);
HcclResult HcclCommInitAll(uint32_t ndev, int32_t* devices, HcclComm* comms);
HcclResult HcclCommInitClusterInfo(const char* clusterInfo, uint32_t rank, HcclComm* comm);
HcclResult HcclCommInitClusterInfoConfig(const char* clusterInfo, uint32_t rank,
                                         HcclCommConfig* config, HcclComm* comm);
// Who is not in the group passes a null rankIds and subCommId 0xFFFFFFFF, and gets null.
HcclResult HcclCreateSubCommConfig(HcclComm* comm, uint32_t rankNum, uint32_t* rankIds,
                                   uint64_t subCommId, uint32_t subCommRankId,
                                   HcclCommConfig* config, HcclComm* subComm);
// Waits for the collective that this rank has in flight, which gives up after 5 seconds; later ones
// fail.
HcclResult HcclCommDestroy(HcclComm comm);

// commName has room for COMM_NAME_MAX_LENGTH bytes.
HcclResult HcclGetCommName(HcclComm comm, char* commName);
HcclResult HcclGetRankSize(HcclComm comm, uint32_t* rankSize);
HcclResult HcclGetRankId(HcclComm comm, uint32_t* rank);
// How this rank's last collective ended, or a message that failed after it; aclGetRecentErrMsg then
// has the text.
HcclResult HcclGetCommAsyncError(HcclComm comm, HcclResult* asyncError);
const char* HcclGetErrorString(HcclResult code);
// A configuration item is supported when its HcclCommConfigCapability is less than this.
uint32_t HcclGetCommConfigCapability(void);
// HCCL_DETERMINISTIC of the process, 0 to 2. Results are the same bits with each.
HcclResult HcclSetConfig(HcclConfig config, HcclConfigValue configValue);
HcclResult HcclGetConfig(HcclConfig config, HcclConfigValue* configValue);

// Collectives: queued on the stream, which keeps the failure if there is one.
HcclResult HcclBarrier(HcclComm comm, aclrtStream stream);
HcclResult HcclAllReduce(void* sendBuf, void* recvBuf, uint64_t count, HcclDataType dataType,
                         HcclReduceOp op, HcclComm comm, aclrtStream stream);
// recvBuf of the other ranks is not touched and may be null.
HcclResult HcclReduce(void* sendBuf, void* recvBuf, uint64_t count, HcclDataType dataType,
                      HcclReduceOp op, uint32_t root, HcclComm comm, aclrtStream stream);
HcclResult HcclBroadcast(void* buf, uint64_t count, HcclDataType dataType, uint32_t root,
                         HcclComm comm, aclrtStream stream);
HcclResult HcclReduceScatter(void* sendBuf, void* recvBuf, uint64_t recvCount,
                             HcclDataType dataType, HcclReduceOp op, HcclComm comm,
                             aclrtStream stream);
// sendBuf of the other ranks is not read and may be null.
HcclResult HcclScatter(void* sendBuf, void* recvBuf, uint64_t recvCount, HcclDataType dataType,
                       uint32_t root, HcclComm comm, aclrtStream stream);
HcclResult HcclAllGather(void* sendBuf, void* recvBuf, uint64_t sendCount, HcclDataType dataType,
                         HcclComm comm, aclrtStream stream);
HcclResult HcclAlltoAll(const void* sendBuf, uint64_t sendCount, HcclDataType sendType,
                        const void* recvBuf, uint64_t recvCount, HcclDataType recvType,
                        HcclComm comm, aclrtStream stream);
// Below, counts and displacements are arrays of uint64_t, one per rank, in elements. Counts of
// HcclAllGatherV and HcclReduceScatterV are the same on every rank.
HcclResult HcclAllGatherV(void* sendBuf, uint64_t sendCount, void* recvBuf, const void* recvCounts,
                          const void* recvDispls, HcclDataType dataType, HcclComm comm,
                          aclrtStream stream);
HcclResult HcclReduceScatterV(void* sendBuf, const void* sendCounts, const void* sendDispls,
                              void* recvBuf, uint64_t recvCount, HcclDataType dataType,
                              HcclReduceOp op, HcclComm comm, aclrtStream stream);
HcclResult HcclAlltoAllV(const void* sendBuf, const void* sendCounts, const void* sdispls,
                         HcclDataType sendType, const void* recvBuf, const void* recvCounts,
                         const void* rdispls, HcclDataType recvType, HcclComm comm,
                         aclrtStream stream);
// Row i, column j of the matrix: elements from rank i to rank j, one after the other in the
// buffers.
HcclResult HcclAlltoAllVC(const void* sendBuf, const void* sendCountMatrix, HcclDataType sendType,
                          const void* recvBuf, HcclDataType recvType, HcclComm comm,
                          aclrtStream stream);

// Messages between two ranks: in order, and apart from the collectives.
HcclResult HcclSend(void* sendBuf, uint64_t count, HcclDataType dataType, uint32_t destRank,
                    HcclComm comm, aclrtStream stream);
HcclResult HcclRecv(void* recvBuf, uint64_t count, HcclDataType dataType, uint32_t srcRank,
                    HcclComm comm, aclrtStream stream);
// All at once, in whatever order they come; those to and from one rank in the order given. A rank
// may send to itself what it receives in the same call.
HcclResult HcclBatchSendRecv(HcclSendRecvItem* sendRecvInfo, uint32_t itemNum, HcclComm comm,
                             aclrtStream stream);

// What a thread calls between the two is queued by the outermost end, its messages of one
// communicator and stream as one batch. When a call was refused, nothing of the group is queued.
HcclResult HcclGroupStart(void);
HcclResult HcclGroupEnd(void);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

// Sets every field to "not set" and writes the head by which HCCL knows the layout.
static inline void HcclCommConfigInit(HcclCommConfig* config) {
  const uint64_t size = sizeof(HcclCommConfig);
  const uint32_t magic_and_version[2] = {HCCL_COMM_CONFIG_MAGIC_WORD, HCCL_COMM_CONFIG_VERSION};
  if (!config) return;
  memset(config, 0, sizeof(*config));
  memcpy(config->reserved, &size, sizeof(size));
  memcpy(config->reserved + sizeof(size), magic_and_version, sizeof(magic_and_version));
  config->hcclBufferSize = HCCL_COMM_BUFFSIZE_CONFIG_NOT_SET;
  config->hcclDeterministic = HCCL_COMM_DETERMINISTIC_CONFIG_NOT_SET;
  config->hcclOpExpansionMode = HCCL_COMM_DEFAULT_OP_EXPANSION_MODE;
  config->hcclRdmaTrafficClass = HCCL_COMM_TRAFFIC_CLASS_CONFIG_NOT_SET;
  config->hcclRdmaServiceLevel = HCCL_COMM_SERVICE_LEVEL_CONFIG_NOT_SET;
  config->hcclExecTimeOut = HCCL_COMM_EXECTIMEOUT_CONFIG_NOT_SET;
  config->hcclQos = HCCL_COMM_QOS_CONFIG_NOT_SET;
  config->hcclSymWinMaxMemSizePerRank = HCCL_DEFAULT_SYMMETRIC_MEMORY_STRIDE;
}

#endif  // HCCL_HCCL_H_
