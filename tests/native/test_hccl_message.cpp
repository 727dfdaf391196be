// SPDX-License-Identifier: Apache-2.0
// HcclSend and HcclRecv.
#include "hccl_arrays.h"

TEST(test_messages_arrive_in_order_and_disturb_no_one) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    // 0 -> 1 while rank 2 takes part in nothing; then all meet.
    for (const uint64_t count :
         {uint64_t{0}, uint64_t{5}, uint64_t{8192}, uint64_t{8193}, uint64_t{100001}}) {
      const DeviceArray<int32_t> buffer(rank == 0 ? ValuesOf(9, count)
                                                  : std::vector<int32_t>(count));
      if (rank == 0) {
        EXPECT_EQ(HcclSend(buffer.data(), count, HCCL_DATA_TYPE_INT32, 1, comm, stream),
                  HCCL_SUCCESS);
      } else if (rank == 1) {
        EXPECT_EQ(HcclRecv(buffer.data(), count, HCCL_DATA_TYPE_INT32, 0, comm, stream),
                  HCCL_SUCCESS);
      }
      Sync(stream);
      if (rank == 1) EXPECT_EQ(Differences(buffer.Read(), ValuesOf(9, count)), 0u);
    }
    // A ring.
    const DeviceArray<int32_t> out(ValuesOf(rank, 4000));
    const DeviceArray<int32_t> in(4000);
    EXPECT_EQ(HcclSend(out.data(), 4000, HCCL_DATA_TYPE_INT32, (rank + 1) % 3, comm, stream),
              HCCL_SUCCESS);
    EXPECT_EQ(HcclRecv(in.data(), 4000, HCCL_DATA_TYPE_INT32, (rank + 2) % 3, comm, stream),
              HCCL_SUCCESS);
    EXPECT_EQ(HcclBarrier(comm, stream), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(Differences(in.Read(), ValuesOf((rank + 2) % 3, 4000)), 0u);
  });
}

TEST(test_a_message_that_does_not_fit_fails_with_both_sizes) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(ValuesOf(rank, 60000));
    if (rank == 0) {
      EXPECT_EQ(HcclSend(buffer.data(), 50000, HCCL_DATA_TYPE_INT32, 1, comm, stream),
                HCCL_SUCCESS);
      EXPECT_EQ(HcclSend(buffer.data(), 10, HCCL_DATA_TYPE_INT32, 1, comm, stream), HCCL_SUCCESS);
      Sync(stream);
      return;
    }
    EXPECT_EQ(HcclRecv(buffer.data(), 100, HCCL_DATA_TYPE_INT32, 0, comm, stream), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "rank 0 sent 200000 bytes of int32, this rank expects 400 bytes");
    EXPECT_EQ(Differences(buffer.Read(), ValuesOf(1, 60000)), 0u);
    aclrtStream fresh = nullptr;
    EXPECT_EQ(aclrtCreateStream(&fresh), ACL_SUCCESS);
    EXPECT_EQ(HcclRecv(buffer.data(), 10, HCCL_DATA_TYPE_INT32, 0, comm, fresh), HCCL_SUCCESS);
    Sync(fresh);
    EXPECT_EQ(buffer.Read()[9], ValueAt(0, 9));
    EXPECT_EQ(aclrtDestroyStream(fresh), ACL_SUCCESS);
  });
}
