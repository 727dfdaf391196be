// SPDX-License-Identifier: Apache-2.0
// HCCL's own collectives on streams: every element is checked.
#include "hccl_arrays.h"

TEST(test_barrier_lets_nobody_through_early) {
  std::atomic<int> arrived{0};
  WithStreams(4, [&](uint32_t rank, HcclComm comm, aclrtStream stream) {
    if (rank == 3) SleepMs(150);
    ++arrived;
    EXPECT_EQ(HcclBarrier(comm, stream), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(arrived.load(), 4);
  });
}

TEST(test_all_gather_and_broadcast_move_every_element) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t count : kCounts) {
      const DeviceArray<int32_t> send(ValuesOf(rank, count));
      DeviceArray<int32_t> all(3 * count);
      std::vector<int32_t> wanted;
      for (uint32_t from = 0; from < 3; ++from) {
        const std::vector<int32_t> part = ValuesOf(from, count);
        wanted.insert(wanted.end(), part.begin(), part.end());
      }
      EXPECT_EQ(HcclAllGather(send.data(), all.data(), count, HCCL_DATA_TYPE_INT32, comm, stream),
                HCCL_SUCCESS);
      const DeviceArray<int32_t> buffer(ValuesOf(rank, count));
      EXPECT_EQ(HcclBroadcast(buffer.data(), count, HCCL_DATA_TYPE_INT32, 2, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(all.Read(), wanted), 0u);
      EXPECT_EQ(Differences(buffer.Read(), ValuesOf(2, count)), 0u);
      // In place.
      DeviceArray<int32_t> own(3 * count);
      EXPECT_EQ(aclrtMemcpy(own.data() + rank * count, count * 4, send.data(), count * 4,
                            ACL_MEMCPY_DEVICE_TO_DEVICE),
                ACL_SUCCESS);
      EXPECT_EQ(HcclAllGather(own.data() + rank * count, own.data(), count, HCCL_DATA_TYPE_INT32,
                              comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(own.Read(), wanted), 0u);
    }
  });
}

TEST(test_all_to_all_moves_every_element) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t count : kCounts) {
      const DeviceArray<int32_t> send(ValuesOf(rank, 3 * count));
      const DeviceArray<int32_t> receive(3 * count);
      EXPECT_EQ(HcclAlltoAll(send.data(), count, HCCL_DATA_TYPE_INT32, receive.data(), count,
                             HCCL_DATA_TYPE_INT32, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      std::vector<int32_t> wanted;
      for (uint32_t from = 0; from < 3; ++from) {
        for (uint64_t i = 0; i < count; ++i) wanted.push_back(ValueAt(from, rank * count + i));
      }
      EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
    }
  });
}

TEST(test_all_to_all_v_moves_uneven_and_empty_portions) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const auto count_of = [](uint64_t from, uint64_t to) {
      return from == to ? 0 : from * 90000 + to * 5;
    };
    std::vector<uint64_t> send_counts, send_at, receive_counts, receive_at;
    uint64_t sent = 2, received = 3;
    for (uint32_t peer = 0; peer < 3; ++peer) {
      send_counts.push_back(count_of(rank, peer));
      receive_counts.push_back(count_of(peer, rank));
      send_at.push_back(sent);
      receive_at.push_back(received);
      sent += send_counts.back() + 1;
      received += receive_counts.back() + 2;
    }
    const DeviceArray<int32_t> send(ValuesOf(rank, sent));
    const DeviceArray<int32_t> receive(received);
    EXPECT_EQ(HcclAlltoAllV(send.data(), send_counts.data(), send_at.data(), HCCL_DATA_TYPE_INT32,
                            receive.data(), receive_counts.data(), receive_at.data(),
                            HCCL_DATA_TYPE_INT32, comm, stream),
              HCCL_SUCCESS);
    Sync(stream);
    std::vector<int32_t> wanted(received, 0);
    for (uint32_t from = 0; from < 3; ++from) {
      uint64_t begin = 2;
      for (uint32_t to = 0; to < rank; ++to) begin += count_of(from, to) + 1;
      for (uint64_t i = 0; i < receive_counts[from]; ++i) {
        wanted[receive_at[from] + i] = ValueAt(from, begin + i);
      }
    }
    EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
    // Counts that do not fit one another.
    if (rank == 1) receive_counts[2] -= 1;
    EXPECT_EQ(HcclAlltoAllV(send.data(), send_counts.data(), send_at.data(), HCCL_DATA_TYPE_INT32,
                            receive.data(), receive_counts.data(), receive_at.data(),
                            HCCL_DATA_TYPE_INT32, comm, stream),
              HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "rank 2 sends 720020 bytes to rank 1, which expects 720016");
  });
}

TEST(test_memory_that_is_not_the_devices_fails_the_stream_of_every_rank) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    std::vector<int32_t> host(100);
    const DeviceArray<int32_t> device(200);
    int32_t* send = rank == 1 ? host.data() : device.data();
    EXPECT_EQ(HcclAllGather(send, device.data(), 100, HCCL_DATA_TYPE_INT32, comm, stream),
              HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "sendBuf");
    aclrtStream fresh = nullptr;
    EXPECT_EQ(aclrtCreateStream(&fresh), ACL_SUCCESS);
    EXPECT_EQ(HcclBarrier(comm, fresh), HCCL_SUCCESS);
    Sync(fresh);
    EXPECT_EQ(aclrtDestroyStream(fresh), ACL_SUCCESS);
  });
}

TEST(test_long_transfers_fail_together_and_the_next_works) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    // Different counts, many rounds: all see it in the first.
    const DeviceArray<int32_t> send(ValuesOf(rank, 400000));
    const DeviceArray<int32_t> receive(3 * 400000);
    const uint64_t count = rank == 1 ? 1 : 400000;
    EXPECT_EQ(HcclAllGather(send.data(), receive.data(), count, HCCL_DATA_TYPE_INT32, comm, stream),
              HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "sendCount=400000");
    aclrtStream fresh = nullptr;
    EXPECT_EQ(aclrtCreateStream(&fresh), ACL_SUCCESS);
    EXPECT_EQ(HcclAllGather(send.data(), receive.data(), 400000, HCCL_DATA_TYPE_INT32, comm, fresh),
              HCCL_SUCCESS);
    Sync(fresh);
    EXPECT_EQ(receive.Read()[2 * 400000 + 399999], ValueAt(2, 399999));
    EXPECT_EQ(aclrtDestroyStream(fresh), ACL_SUCCESS);
  });
}

TEST(test_bad_arguments_are_refused_before_anything_is_queued) {
  WithStreams(1, [](uint32_t, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(64);
    int32_t* data = buffer.data();
    const uint64_t counts[1] = {4};
    const auto text_of = [&](HcclResult code, HcclResult wanted) {
      EXPECT_EQ(code, wanted);
      return RecentText();
    };
    const HcclDataType i32 = HCCL_DATA_TYPE_INT32;
    EXPECT_TEXT_HAS(
        text_of(HcclAllReduce(nullptr, data, 4, i32, HCCL_REDUCE_SUM, comm, stream), HCCL_E_PTR),
        "sendBuf is null");
    EXPECT_TEXT_HAS(
        text_of(HcclAllReduce(data, nullptr, 4, i32, HCCL_REDUCE_SUM, comm, stream), HCCL_E_PTR),
        "recvBuf is null");
    EXPECT_TEXT_HAS(
        text_of(HcclAllReduce(data, data, 4, HCCL_DATA_TYPE_UINT32, HCCL_REDUCE_SUM, comm, stream),
                HCCL_E_NOT_SUPPORT),
        "sum (0) of uint32");
    EXPECT_TEXT_HAS(
        text_of(HcclReduceScatter(data, data, 4, i32, HCCL_REDUCE_RESERVED, comm, stream),
                HCCL_E_NOT_SUPPORT),
        "(255) of int32");
    EXPECT_TEXT_HAS(text_of(HcclAllGather(data, data, 4, HCCL_DATA_TYPE_HIF8, comm, stream),
                            HCCL_E_NOT_SUPPORT),
                    "data type 14");
    EXPECT_TEXT_HAS(text_of(HcclAllGather(data, data, UINT64_MAX, i32, comm, stream), HCCL_E_PARA),
                    "sendCount");
    EXPECT_TEXT_HAS(text_of(HcclBroadcast(data, 4, i32, 1, comm, stream), HCCL_E_PARA),
                    "root is 1");
    EXPECT_TEXT_HAS(text_of(HcclAlltoAll(data, 4, i32, data, 4, i32, comm, stream), HCCL_E_PARA),
                    "overlap");
    EXPECT_TEXT_HAS(
        text_of(HcclAlltoAll(data, 4, i32, data + 8, 5, i32, comm, stream), HCCL_E_PARA),
        "want the same");
    EXPECT_TEXT_HAS(
        text_of(HcclAlltoAllV(data, counts, nullptr, i32, data, counts, counts, i32, comm, stream),
                HCCL_E_PTR),
        "sdispls");
    EXPECT_TEXT_HAS(text_of(HcclSend(data, 4, i32, 0, comm, stream), HCCL_E_PARA), "itself");
    EXPECT_TEXT_HAS(text_of(HcclRecv(data, 4, i32, 1, comm, stream), HCCL_E_PARA), "srcRank is 1");
    EXPECT_EQ(aclrtSetDevice(1), ACL_SUCCESS);
    aclrtStream elsewhere = nullptr;
    EXPECT_EQ(aclrtCreateStream(&elsewhere), ACL_SUCCESS);
    EXPECT_TEXT_HAS(text_of(HcclBarrier(comm, elsewhere), HCCL_E_PARA), "of device 1");
    EXPECT_EQ(aclrtDestroyStream(elsewhere), ACL_SUCCESS);
    EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
    EXPECT_EQ(HcclAllReduce(data, data, 0, i32, HCCL_REDUCE_SUM, comm, stream), HCCL_SUCCESS);
    Sync(stream);
  });
}
