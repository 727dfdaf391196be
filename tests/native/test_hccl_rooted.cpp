// SPDX-License-Identifier: Apache-2.0
// HcclReduce and HcclScatter: one rank has the result, or what is given away.
#include <cmath>

#include "hccl_arrays.h"

namespace {

std::string TextOf(HcclResult code, HcclResult wanted) {
  EXPECT_EQ(code, wanted);
  return RecentText();
}

}  // namespace

TEST(test_reduce_gives_every_element_to_the_root_alone) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t count : kCounts) {
      for (uint32_t root = 0; root < 3; ++root) {
        const DeviceArray<int32_t> send(ValuesOf(rank, count));
        const DeviceArray<int32_t> receive(std::vector<int32_t>(count, -1));
        EXPECT_EQ(HcclReduce(send.data(), receive.data(), count, HCCL_DATA_TYPE_INT32,
                             HCCL_REDUCE_SUM, root, comm, stream),
                  HCCL_SUCCESS);
        Sync(stream);
        std::vector<int32_t> wanted(count, -1);
        for (uint64_t i = 0; rank == root && i < count; ++i) {
          wanted[i] = ValueAt(0, i) + ValueAt(1, i) + ValueAt(2, i);
        }
        EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
        EXPECT_EQ(Differences(send.Read(), ValuesOf(rank, count)), 0u);
      }
      // In place, as torch does it; the others need no buffer for the result.
      const DeviceArray<int32_t> own(ValuesOf(rank, count));
      EXPECT_EQ(HcclReduce(own.data(), rank == 1 ? own.data() : nullptr, count,
                           HCCL_DATA_TYPE_INT32, HCCL_REDUCE_MAX, 1, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(own.Read(), ValuesOf(rank == 1 ? 2 : rank, count)), 0u);
    }
  });
}

TEST(test_reduce_of_every_type_gives_known_values) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const bool first = rank == 0;
    const auto expect = [&](auto mine, HcclDataType type, HcclReduceOp op, auto wanted) {
      const DeviceArray<decltype(mine)> buffer(std::vector<decltype(mine)>(5, mine));
      EXPECT_EQ(HcclReduce(buffer.data(), buffer.data(), 5, type, op, 0, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(buffer.Read()[4], first ? static_cast<decltype(mine)>(wanted) : mine);
    };
    expect(int8_t(first ? 100 : 50), HCCL_DATA_TYPE_INT8, HCCL_REDUCE_SUM, -106);
    expect(int16_t(first ? -300 : 20), HCCL_DATA_TYPE_INT16, HCCL_REDUCE_PROD, -6000);
    expect(int32_t(first ? 7 : -9), HCCL_DATA_TYPE_INT32, HCCL_REDUCE_MIN, -9);
    expect(int64_t(first ? 1 : -2) * (int64_t{1} << 40), HCCL_DATA_TYPE_INT64, HCCL_REDUCE_MAX,
           int64_t{1} << 40);
    expect(first ? 0.1f : 0.2f, HCCL_DATA_TYPE_FP32, HCCL_REDUCE_SUM, 0.1f + 0.2f);
    expect(first ? 0.1 : 0.2, HCCL_DATA_TYPE_FP64, HCCL_REDUCE_SUM, 0.1 + 0.2);
    expect(uint16_t(first ? 0x4200 : 0xc500), HCCL_DATA_TYPE_FP16, HCCL_REDUCE_PROD, 0xcb80);
    expect(uint16_t(first ? 0x3f80 : 0x3c40), HCCL_DATA_TYPE_BFP16, HCCL_REDUCE_SUM, 0x3f82);
  });
}

TEST(test_scatter_gives_every_rank_its_share) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t count : kCounts) {
      const uint32_t root = count % 3;
      const DeviceArray<int32_t> send(ValuesOf(root, 3 * count));
      const DeviceArray<int32_t> receive(count);
      EXPECT_EQ(HcclScatter(rank == root ? send.data() : nullptr, receive.data(), count,
                            HCCL_DATA_TYPE_INT32, root, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      std::vector<int32_t> wanted(count);
      for (uint64_t i = 0; i < count; ++i) wanted[i] = ValueAt(root, rank * count + i);
      EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
      // In place: the root's share stays where it is.
      int32_t* const own = rank == root ? send.data() + rank * count : receive.data();
      EXPECT_EQ(HcclScatter(send.data(), own, count, HCCL_DATA_TYPE_INT32, root, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
      EXPECT_EQ(Differences(send.Read(), ValuesOf(root, 3 * count)), 0u);
    }
    // Bytes of any type.
    const DeviceArray<uint8_t> bytes(std::vector<uint8_t>{1, 2, 3, 4, 5, 6});
    const DeviceArray<uint8_t> two(2);
    EXPECT_EQ(HcclScatter(bytes.data(), two.data(), 2, HCCL_DATA_TYPE_UINT8, 0, comm, stream),
              HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(two.Read()[1], 2 * rank + 2);
  });
}

TEST(test_reduce_and_scatter_refuse_what_does_not_fit) {
  WithStreams(1, [](uint32_t, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(64);
    int32_t* data = buffer.data();
    const HcclDataType i32 = HCCL_DATA_TYPE_INT32;
    const HcclReduceOp sum = HCCL_REDUCE_SUM;
    EXPECT_TEXT_HAS(TextOf(HcclReduce(data, data, 4, i32, sum, 1, comm, stream), HCCL_E_PARA),
                    "root is 1");
    EXPECT_TEXT_HAS(TextOf(HcclReduce(nullptr, data, 4, i32, sum, 0, comm, stream), HCCL_E_PTR),
                    "sendBuf is null");
    EXPECT_TEXT_HAS(TextOf(HcclReduce(data, nullptr, 4, i32, sum, 0, comm, stream), HCCL_E_PTR),
                    "recvBuf is null");
    EXPECT_TEXT_HAS(TextOf(HcclReduce(data, data, 4, HCCL_DATA_TYPE_UINT8, sum, 0, comm, stream),
                           HCCL_E_NOT_SUPPORT),
                    "sum (0) of uint8");
    EXPECT_TEXT_HAS(TextOf(HcclScatter(data, data, 4, i32, 1, comm, stream), HCCL_E_PARA),
                    "root is 1");
    EXPECT_TEXT_HAS(TextOf(HcclScatter(nullptr, data, 4, i32, 0, comm, stream), HCCL_E_PTR),
                    "sendBuf is null");
    EXPECT_TEXT_HAS(TextOf(HcclScatter(data, nullptr, 4, i32, 0, comm, stream), HCCL_E_PTR),
                    "recvBuf is null");
    EXPECT_TEXT_HAS(TextOf(HcclScatter(data, data, UINT64_MAX, i32, 0, comm, stream), HCCL_E_PARA),
                    "recvCount");
    EXPECT_EQ(HcclReduce(nullptr, nullptr, 0, i32, sum, 0, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclScatter(nullptr, nullptr, 0, i32, 0, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclReduce(nullptr, nullptr, 0, i32, sum, 0, nullptr, stream), HCCL_E_PTR);
    EXPECT_EQ(HcclScatter(nullptr, nullptr, 0, i32, 0, nullptr, stream), HCCL_E_PTR);
    Sync(stream);
  });
}

TEST(test_different_roots_fail_with_both_everywhere) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(64);
    EXPECT_EQ(HcclReduce(buffer.data(), buffer.data(), 4, HCCL_DATA_TYPE_INT32, HCCL_REDUCE_SUM,
                         rank, comm, stream),
              HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    const std::string text = RecentText();
    EXPECT_TEXT_HAS(text, "root=0");
    EXPECT_TEXT_HAS(text, "root=1");
  });
}

TEST(test_a_rank_that_has_left_fails_reduce_and_scatter_by_name) {
  WithThreadRanks(2, SmallConfig(5), [](uint32_t rank, HcclComm comm) {
    if (rank == 1) return;
    const DeviceArray<int32_t> buffer(64);
    for (const bool reduce : {true, false}) {
      aclrtStream stream = nullptr;
      EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
      EXPECT_EQ(reduce ? HcclReduce(buffer.data(), buffer.data(), 4, HCCL_DATA_TYPE_INT32,
                                    HCCL_REDUCE_SUM, 0, comm, stream)
                       : HcclScatter(buffer.data(), buffer.data(), 4, HCCL_DATA_TYPE_INT32, 0, comm,
                                     stream),
                HCCL_SUCCESS);
      EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
      const std::string text = RecentText();
      EXPECT_TEXT_HAS(text, reduce ? "HcclReduce" : "HcclScatter");
      EXPECT_TEXT_HAS(text, "rank 1 (pid " + std::to_string(getpid()) + ")");
      EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
    }
  });
}
