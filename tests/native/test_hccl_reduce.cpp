// SPDX-License-Identifier: Apache-2.0
// AllReduce and ReduceScatter: every element, every type, the same bits everywhere.
#include <cmath>

#include "hccl_arrays.h"

TEST(test_all_reduce_and_reduce_scatter_reduce_every_element) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t count : kCounts) {
      const DeviceArray<int32_t> send(ValuesOf(rank, 3 * count));
      const auto reduced = [&](HcclReduceOp op) {
        std::vector<int32_t> values(3 * count);
        for (uint64_t i = 0; i < values.size(); ++i) {
          const int32_t a = ValueAt(0, i), b = ValueAt(1, i), c = ValueAt(2, i);
          const uint32_t product =
              static_cast<uint32_t>(a) * static_cast<uint32_t>(b) * static_cast<uint32_t>(c);
          values[i] = op == HCCL_REDUCE_SUM   ? a + b + c
                      : op == HCCL_REDUCE_MAX ? std::max(a, std::max(b, c))
                      : op == HCCL_REDUCE_MIN ? std::min(a, std::min(b, c))
                                              : static_cast<int32_t>(product);
        }
        return values;
      };
      for (const HcclReduceOp op :
           {HCCL_REDUCE_SUM, HCCL_REDUCE_PROD, HCCL_REDUCE_MAX, HCCL_REDUCE_MIN}) {
        const std::vector<int32_t> wanted = reduced(op);
        DeviceArray<int32_t> all(3 * count);
        DeviceArray<int32_t> part(count);
        EXPECT_EQ(HcclAllReduce(send.data(), all.data(), 3 * count, HCCL_DATA_TYPE_INT32, op, comm,
                                stream),
                  HCCL_SUCCESS);
        EXPECT_EQ(HcclReduceScatter(send.data(), part.data(), count, HCCL_DATA_TYPE_INT32, op, comm,
                                    stream),
                  HCCL_SUCCESS);
        Sync(stream);
        EXPECT_EQ(Differences(all.Read(), wanted), 0u);
        EXPECT_EQ(Differences(part.Read(),
                              {wanted.begin() + rank * count, wanted.begin() + (rank + 1) * count}),
                  0u);
      }
      const DeviceArray<int32_t> own(ValuesOf(rank, 3 * count));  // in place
      EXPECT_EQ(HcclAllReduce(own.data(), own.data(), 3 * count, HCCL_DATA_TYPE_INT32,
                              HCCL_REDUCE_SUM, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(own.Read(), reduced(HCCL_REDUCE_SUM)), 0u);
    }
  });
}

TEST(test_reductions_of_every_type_give_known_values) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const auto reduce = [&](auto mine, HcclDataType type, HcclReduceOp op) {
      const DeviceArray<decltype(mine)> buffer(std::vector<decltype(mine)>(5, mine));
      EXPECT_EQ(HcclAllReduce(buffer.data(), buffer.data(), 5, type, op, comm, stream),
                HCCL_SUCCESS);
      Sync(stream);
      return buffer.Read()[4];
    };
    const bool first = rank == 0;
    EXPECT_EQ(reduce(int8_t(first ? 100 : 50), HCCL_DATA_TYPE_INT8, HCCL_REDUCE_SUM), -106);
    EXPECT_EQ(reduce(int8_t(first ? -3 : 2), HCCL_DATA_TYPE_INT8, HCCL_REDUCE_MAX), 2);
    EXPECT_EQ(reduce(int16_t(first ? -300 : 20), HCCL_DATA_TYPE_INT16, HCCL_REDUCE_PROD), -6000);
    EXPECT_EQ(
        reduce(int64_t(first ? 1 : -2) * (int64_t{1} << 40), HCCL_DATA_TYPE_INT64, HCCL_REDUCE_MIN),
        -(int64_t{2} << 40));
    EXPECT_EQ(reduce(first ? 0.1f : 0.2f, HCCL_DATA_TYPE_FP32, HCCL_REDUCE_SUM), 0.1f + 0.2f);
    EXPECT_EQ(reduce(first ? 0.1 : 0.2, HCCL_DATA_TYPE_FP64, HCCL_REDUCE_PROD), 0.1 * 0.2);
    // fp16: 1 + 2^-11 is a tie and goes to the even 1; 65504 + 65504 overflows; 2^-24 is the
    // smallest.
    EXPECT_EQ(reduce(uint16_t(first ? 0x3c00 : 0x1000), HCCL_DATA_TYPE_FP16, HCCL_REDUCE_SUM),
              0x3c00);
    EXPECT_EQ(reduce(uint16_t(0x7bff), HCCL_DATA_TYPE_FP16, HCCL_REDUCE_SUM), 0x7c00);
    EXPECT_EQ(reduce(uint16_t(first ? 0x0001 : 0x8003), HCCL_DATA_TYPE_FP16, HCCL_REDUCE_SUM),
              0x8002);
    EXPECT_EQ(reduce(uint16_t(first ? 0x4200 : 0xc500), HCCL_DATA_TYPE_FP16, HCCL_REDUCE_PROD),
              0xcb80);  // 3 * -5
    // bf16: 1 + 2^-8 is a tie and goes to the even 1; 1 + 3 * 2^-8 to 1 + 2^-6.
    EXPECT_EQ(reduce(uint16_t(first ? 0x3f80 : 0x3b80), HCCL_DATA_TYPE_BFP16, HCCL_REDUCE_SUM),
              0x3f80);
    EXPECT_EQ(reduce(uint16_t(first ? 0x3f80 : 0x3c40), HCCL_DATA_TYPE_BFP16, HCCL_REDUCE_SUM),
              0x3f82);
    EXPECT_EQ(reduce(uint16_t(first ? 0x3f80 : 0xc000), HCCL_DATA_TYPE_BFP16, HCCL_REDUCE_MIN),
              0xc000);
  });
}

TEST(test_sums_have_the_same_bits_on_every_rank) {
  std::vector<std::vector<float>> results(5);
  WithStreams(5, [&](uint32_t rank, HcclComm comm, aclrtStream stream) {
    std::vector<float> values(40001);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = std::sin(static_cast<float>(i * (rank + 3))) * std::pow(10.f, float(rank) - 2);
    }
    const DeviceArray<float> buffer(values);
    EXPECT_EQ(HcclAllReduce(buffer.data(), buffer.data(), values.size(), HCCL_DATA_TYPE_FP32,
                            HCCL_REDUCE_SUM, comm, stream),
              HCCL_SUCCESS);
    Sync(stream);
    results[rank] = buffer.Read();
  });
  for (const std::vector<float>& result : results) EXPECT_EQ(Differences(result, results[0]), 0u);
  float sum = 0;
  for (uint32_t rank = 0; rank < 5; ++rank) {
    sum += std::sin(static_cast<float>(4000 * (rank + 3))) * std::pow(10.f, float(rank) - 2);
  }
  EXPECT_EQ(results[0][4000], sum);
}
