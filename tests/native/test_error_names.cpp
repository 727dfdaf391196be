// SPDX-License-Identifier: Apache-2.0
// Whose name a text begins with: the function's that was called, or that of the work that failed in
// a stream; once, and never that of a function inside.
#include <cinttypes>

#include "hccl_arrays.h"

namespace {

void WithGroup(const std::function<void(uint32_t, HcclComm, aclrtStream)>& body) {
  WithThreadRanks(2, SmallConfig(20, "group"), [&](uint32_t rank, HcclComm comm) {
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    body(rank, comm, stream);
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  });
}

std::string Pointer(const void* address) {
  char text[32];
  std::snprintf(text, sizeof(text), "%p", address);
  return text;
}

void ExpectStart(const std::string& text, const std::string& start) {
  EXPECT_EQ(text.substr(0, start.size()), start);
}

// What the stream and, for any thread, the communicator say of the same failure: `message` on
// `where`, in the work `task`.
void ExpectFailure(HcclComm comm, aclrtStream stream, const std::string& task,
                   const std::string& message, const std::string& where) {
  EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  ExpectStart(RecentText(), task + ": " + (task == message ? "" : message + " on ") + where);
  HcclResult async = HCCL_SUCCESS;
  EXPECT_EQ(HcclGetCommAsyncError(comm, &async), HCCL_SUCCESS);
  ExpectStart(RecentText(), "HcclGetCommAsyncError: " + message + " on " + where);
}

}  // namespace

TEST(test_a_failed_collective_is_named_once) {
  WithGroup([](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> data(8);
    const uint64_t count = 4 + rank;
    EXPECT_EQ(HcclAllReduce(data.data(), data.data(), count, HCCL_DATA_TYPE_INT32, HCCL_REDUCE_SUM,
                            comm, stream),
              HCCL_SUCCESS);
    // Which of the two says it first is open.
    ExpectFailure(comm, stream, "HcclAllReduce", "HcclAllReduce",
                  "group 'group', rank " + std::to_string(rank) + ": rank ");
  });
}

TEST(test_a_failed_message_is_named_once) {
  WithGroup([](uint32_t rank, HcclComm comm, aclrtStream stream) {
    int32_t host = 0;
    EXPECT_EQ(HcclSend(&host, 1, HCCL_DATA_TYPE_INT32, 1 - rank, comm, stream), HCCL_SUCCESS);
    ExpectFailure(comm, stream, "HcclSend", "HcclSend",
                  "group 'group', rank " + std::to_string(rank) + ": sendBuf (" + Pointer(&host) +
                      ", 4 bytes) is not device memory, or freed");
  });
}

TEST(test_a_failed_message_of_a_group_is_named_beside_the_group) {
  WithGroup([](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> data(8);
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclSend(data.data(), 4, HCCL_DATA_TYPE_INT32, 1 - rank, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclRecv(data.data() + 4, 3, HCCL_DATA_TYPE_INT32, 1 - rank, comm, stream),
              HCCL_SUCCESS);
    EXPECT_EQ(HcclGroupEnd(), HCCL_SUCCESS);
    ExpectFailure(comm, stream, "HcclGroupEnd", "HcclRecv",
                  "group 'group', rank " + std::to_string(rank) + ": rank " +
                      std::to_string(1 - rank) +
                      " sent 16 bytes of int32, this rank expects 12 bytes of int32");
  });
}

TEST(test_what_the_runtime_refuses_bears_the_callers_name) {
  HcclRootInfo root;
  EXPECT_EQ(HcclGetRootInfo(&root), HCCL_SUCCESS);
  HcclComm comm = nullptr;
  EXPECT_EQ(HcclCommInitRootInfo(1, &root, 0, &comm), HCCL_E_RUNTIME);
  ExpectStart(RecentText(), "HcclCommInitRootInfo: this thread has no current context");
  int32_t device = 0;
  EXPECT_EQ(HostCurrentDevice(&device), ACL_ERROR_RT_CONTEXT_NULL);
  ExpectStart(RecentText(), "this thread has no current context");
  EXPECT_EQ(aclrtGetDevice(&device), ACL_ERROR_RT_CONTEXT_NULL);
  ExpectStart(RecentText(), "aclrtGetDevice: this thread has no current context");
  WithGroup([](uint32_t, HcclComm comm, aclrtStream stream) {
    aclrtStream gone = nullptr;
    EXPECT_EQ(aclrtCreateStream(&gone), ACL_SUCCESS);
    EXPECT_EQ(aclrtDestroyStream(gone), ACL_SUCCESS);
    EXPECT_EQ(HcclBarrier(comm, gone), HCCL_E_RUNTIME);
    EXPECT_EQ(RecentText(), "HcclBarrier: stream " + Pointer(gone) + " is not a live stream");
    EXPECT_EQ(aclrtGetLastError(ACL_RT_THREAD_LEVEL), ACL_SUCCESS);
    EXPECT_EQ(HcclBarrier(comm, stream), HCCL_SUCCESS);
    Sync(stream);
  });
}
