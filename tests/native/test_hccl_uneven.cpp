// SPDX-License-Identifier: Apache-2.0
// HcclAllGatherV, HcclReduceScatterV, HcclAlltoAllVC, and HcclAlltoAllV of little data.
#include <numeric>

#include "hccl_arrays.h"

namespace {

constexpr uint32_t kRanks = 3;

// Elements of each rank, one of them none, and where they lie, with gaps.
struct Uneven {
  std::vector<uint64_t> counts;
  std::vector<uint64_t> displacements;
  uint64_t extent = 3;

  explicit Uneven(uint64_t unit, uint32_t ranks = kRanks) {
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      counts.push_back(rank == 1 ? 0 : (rank + 1) * unit + rank);
      displacements.push_back(extent);
      extent += counts.back() + 2;
    }
  }
};

std::string TextOf(HcclResult code, HcclResult wanted) {
  EXPECT_EQ(code, wanted);
  return RecentText();
}

}  // namespace

TEST(test_all_gather_v_moves_every_element) {
  WithStreams(kRanks, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t unit : kCounts) {
      const Uneven uneven(unit);
      std::vector<int32_t> wanted(uneven.extent, -5);
      for (uint32_t from = 0; from < kRanks; ++from) {
        for (uint64_t i = 0; i < uneven.counts[from]; ++i) {
          wanted[uneven.displacements[from] + i] = ValueAt(from, i);
        }
      }
      const uint64_t count = uneven.counts[rank];
      const DeviceArray<int32_t> send(ValuesOf(rank, count));
      const DeviceArray<int32_t> receive(std::vector<int32_t>(uneven.extent, -5));
      EXPECT_EQ(HcclAllGatherV(count == 0 ? nullptr : send.data(), count, receive.data(),
                               uneven.counts.data(), uneven.displacements.data(),
                               HCCL_DATA_TYPE_INT32, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
      // In place.
      std::vector<int32_t> own(uneven.extent, -5);
      for (uint64_t i = 0; i < count; ++i) {
        own[uneven.displacements[rank] + i] = ValueAt(rank, i);
      }
      const DeviceArray<int32_t> both(own);
      EXPECT_EQ(HcclAllGatherV(both.data() + uneven.displacements[rank], count, both.data(),
                               uneven.counts.data(), uneven.displacements.data(),
                               HCCL_DATA_TYPE_INT32, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(both.Read(), wanted), 0u);
    }
  });
}

TEST(test_reduce_scatter_v_reduces_every_element) {
  WithStreams(kRanks, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t unit : kCounts) {
      const Uneven uneven(unit);
      const uint64_t count = uneven.counts[rank];
      const DeviceArray<int32_t> send(ValuesOf(rank, uneven.extent));
      const DeviceArray<int32_t> receive(count);
      const auto reduced = [&](HcclReduceOp op) {
        std::vector<int32_t> values(count);
        for (uint64_t i = 0; i < count; ++i) {
          const uint64_t at = uneven.displacements[rank] + i;
          const int32_t a = ValueAt(0, at), b = ValueAt(1, at), c = ValueAt(2, at);
          values[i] = op == HCCL_REDUCE_SUM ? a + b + c : std::min(a, std::min(b, c));
        }
        return values;
      };
      for (const HcclReduceOp op : {HCCL_REDUCE_SUM, HCCL_REDUCE_MIN}) {
        EXPECT_EQ(HcclReduceScatterV(send.data(), uneven.counts.data(), uneven.displacements.data(),
                                     count == 0 ? nullptr : receive.data(), count,
                                     HCCL_DATA_TYPE_INT32, op, comm, stream),
                  HCCL_SUCCESS);
        Sync(stream);
        EXPECT_EQ(Differences(receive.Read(), reduced(op)), 0u);
      }
      // In place.
      EXPECT_EQ(HcclReduceScatterV(send.data(), uneven.counts.data(), uneven.displacements.data(),
                                   send.data() + uneven.displacements[rank], count,
                                   HCCL_DATA_TYPE_INT32, HCCL_REDUCE_SUM, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      const std::vector<int32_t> after = send.Read();
      const auto begin = after.begin() + static_cast<int64_t>(uneven.displacements[rank]);
      EXPECT_EQ(Differences({begin, begin + static_cast<int64_t>(count)}, reduced(HCCL_REDUCE_SUM)),
                0u);
    }
  });
}

TEST(test_uneven_halves_are_reduced_in_float) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const uint64_t counts[2] = {1, 2};
    const uint64_t displacements[2] = {0, 1};
    // bf16: 1 + 3 * 2^-8 goes to 1 + 2^-6.
    const DeviceArray<uint16_t> send(std::vector<uint16_t>(3, rank == 0 ? 0x3f80 : 0x3c40));
    const DeviceArray<uint16_t> receive(2);
    EXPECT_EQ(HcclReduceScatterV(send.data(), counts, displacements, receive.data(), counts[rank],
                                 HCCL_DATA_TYPE_BFP16, HCCL_REDUCE_SUM, comm, stream),
              HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(receive.Read()[0], 0x3f82);
    EXPECT_EQ(receive.Read()[1], rank == 0 ? 0 : 0x3f82);
  });
}

TEST(test_uneven_counts_that_differ_fail_with_both_everywhere) {
  WithStreams(kRanks, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    std::vector<uint64_t> counts = {4, 5, 6};
    if (rank == 2) counts[0] = 3;
    const std::vector<uint64_t> displacements = {0, 10, 20};
    const DeviceArray<int32_t> buffer(64);
    const DeviceArray<int32_t> other(64);
    EXPECT_EQ(HcclAllGatherV(buffer.data(), counts[rank], other.data(), counts.data(),
                             displacements.data(), HCCL_DATA_TYPE_INT32, comm, stream),
              HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    const std::string text = RecentText();
    EXPECT_TEXT_HAS(text, "recvCounts[0]=3");
    EXPECT_TEXT_HAS(text, "recvCounts[0]=4");
  });
}

TEST(test_uneven_counts_of_many_ranks_are_compared_too) {
  WithStreams(20, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    std::vector<uint64_t> counts(20, 2);
    std::vector<uint64_t> displacements(20);
    for (uint32_t i = 0; i < 20; ++i) displacements[i] = 4 * i;
    const DeviceArray<int32_t> send(ValuesOf(rank, 80));
    const DeviceArray<int32_t> receive(2);
    const auto reduce_scatter = [&] {
      return HcclReduceScatterV(send.data(), counts.data(), displacements.data(), receive.data(),
                                counts[rank], HCCL_DATA_TYPE_INT32, HCCL_REDUCE_MAX, comm, stream);
    };
    EXPECT_EQ(reduce_scatter(), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(receive.Read()[1], ValueAt(19, 4 * rank + 1));
    if (rank == 7) counts[19] = 1;
    EXPECT_EQ(reduce_scatter(), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "hash of sendCounts=");
  });
}

TEST(test_all_to_all_of_little_data_fails_everywhere_when_counts_differ) {
  WithStreams(kRanks, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    std::vector<uint64_t> counts = {1, 2, 3};
    std::vector<uint64_t> expected(kRanks, rank + 1);
    const std::vector<uint64_t> displacements = {0, 10, 20};
    const DeviceArray<int32_t> send(ValuesOf(rank, 30));
    const DeviceArray<int32_t> receive(30);
    const auto all_to_all = [&] {
      return HcclAlltoAllV(send.data(), counts.data(), displacements.data(), HCCL_DATA_TYPE_INT32,
                           receive.data(), expected.data(), displacements.data(),
                           HCCL_DATA_TYPE_INT32, comm, stream);
    };
    EXPECT_EQ(all_to_all(), HCCL_SUCCESS);
    Sync(stream);
    for (uint32_t from = 0; from < kRanks; ++from) {
      EXPECT_EQ(receive.Read()[10 * from + rank], ValueAt(from, 10 * rank + rank));
      EXPECT_EQ(receive.Read()[10 * from + rank + 1], 0);
    }
    if (rank == 1) expected[2] = 7;
    EXPECT_EQ(all_to_all(), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(), "rank 2 sends 8 bytes to rank 1, which expects 28 from it");
  });
}

TEST(test_all_to_all_vc_follows_its_matrix) {
  WithStreams(kRanks, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const std::vector<uint64_t> matrix = {5, 0, 40001, 7, 8, 9, 0, 80000, 2};
    const auto at = [&](uint32_t from, uint32_t to) { return matrix[from * kRanks + to]; };
    const uint64_t sent = at(rank, 0) + at(rank, 1) + at(rank, 2);
    const uint64_t received = at(0, rank) + at(1, rank) + at(2, rank);
    const DeviceArray<int32_t> send(ValuesOf(rank, sent));
    const DeviceArray<int32_t> receive(received);
    EXPECT_EQ(HcclAlltoAllVC(send.data(), matrix.data(), HCCL_DATA_TYPE_INT32, receive.data(),
                             HCCL_DATA_TYPE_INT32, comm, stream),
              HCCL_SUCCESS);
    Sync(stream);
    std::vector<int32_t> wanted;
    for (uint32_t from = 0; from < kRanks; ++from) {
      uint64_t begin = 0;
      for (uint32_t to = 0; to < rank; ++to) begin += at(from, to);
      for (uint64_t i = 0; i < at(from, rank); ++i) wanted.push_back(ValueAt(from, begin + i));
    }
    EXPECT_EQ(Differences(receive.Read(), wanted), 0u);
  });
}

TEST(test_uneven_calls_refuse_what_does_not_fit) {
  WithStreams(1, [](uint32_t, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(64);
    int32_t* data = buffer.data();
    const HcclDataType i32 = HCCL_DATA_TYPE_INT32;
    const uint64_t four[1] = {4};
    const uint64_t none[1] = {0};
    const uint64_t huge[1] = {UINT64_MAX / 2};
    const auto gather = [&](void* send, uint64_t count, void* receive, const void* counts,
                            const void* displacements, HcclDataType type, HcclResult wanted) {
      return TextOf(HcclAllGatherV(send, count, receive, counts, displacements, type, comm, stream),
                    wanted);
    };
    EXPECT_TEXT_HAS(gather(data, 4, data, nullptr, none, i32, HCCL_E_PTR), "recvCounts is null");
    EXPECT_TEXT_HAS(gather(data, 4, data, four, nullptr, i32, HCCL_E_PTR), "recvDispls is null");
    EXPECT_TEXT_HAS(gather(nullptr, 4, data, four, none, i32, HCCL_E_PTR), "sendBuf is null");
    EXPECT_TEXT_HAS(gather(data, 4, nullptr, four, none, i32, HCCL_E_PTR), "recvBuf is null");
    EXPECT_TEXT_HAS(gather(data, 3, data, four, none, i32, HCCL_E_PARA),
                    "sendCount is 3 and recvCounts[0], of this rank, is 4");
    EXPECT_TEXT_HAS(gather(data, 4, data, huge, none, i32, HCCL_E_PARA), "recvCounts[0] is");
    EXPECT_TEXT_HAS(gather(data, 4, data, four, huge, i32, HCCL_E_PARA), "displacement");
    EXPECT_TEXT_HAS(gather(data, 4, data, four, none, HCCL_DATA_TYPE_INT128, HCCL_E_NOT_SUPPORT),
                    "data type 12");
    const auto scatter = [&](const void* counts, const void* displacements, uint64_t count,
                             HcclDataType type, HcclResult wanted) {
      return TextOf(HcclReduceScatterV(data, counts, displacements, data, count, type,
                                       HCCL_REDUCE_SUM, comm, stream),
                    wanted);
    };
    EXPECT_TEXT_HAS(scatter(nullptr, none, 4, i32, HCCL_E_PTR), "sendCounts is null");
    EXPECT_TEXT_HAS(scatter(four, nullptr, 4, i32, HCCL_E_PTR), "sendDispls is null");
    EXPECT_TEXT_HAS(scatter(four, none, 5, i32, HCCL_E_PARA), "recvCount is 5");
    EXPECT_TEXT_HAS(scatter(four, none, 4, HCCL_DATA_TYPE_UINT8, HCCL_E_NOT_SUPPORT),
                    "sum (0) of uint8");
    EXPECT_TEXT_HAS(
        TextOf(HcclAlltoAllVC(data, nullptr, i32, data + 8, i32, comm, stream), HCCL_E_PTR),
        "sendCountMatrix is null");
    EXPECT_TEXT_HAS(
        TextOf(HcclAlltoAllVC(data, four, i32, data + 8, HCCL_DATA_TYPE_FP16, comm, stream),
               HCCL_E_PARA),
        "want the same type");
    EXPECT_TEXT_HAS(TextOf(HcclAlltoAllVC(data, four, i32, data, i32, comm, stream), HCCL_E_PARA),
                    "overlap");
    EXPECT_EQ(HcclAllGatherV(nullptr, 0, nullptr, none, none, i32, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(
        HcclReduceScatterV(nullptr, none, none, nullptr, 0, i32, HCCL_REDUCE_SUM, comm, stream),
        HCCL_SUCCESS);
    EXPECT_EQ(HcclAlltoAllVC(nullptr, none, i32, nullptr, i32, comm, stream), HCCL_SUCCESS);
    Sync(stream);
  });
}
