// SPDX-License-Identifier: Apache-2.0
// HCCL's own collectives on streams: every element is checked.
#include <cmath>
#include <numeric>

#include "hccl_ranks.h"

namespace {

template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) : count_(values.size()) {
    EXPECT_EQ(
        aclrtMalloc(&data_, std::max<size_t>(1, count_ * sizeof(T)), ACL_MEM_MALLOC_HUGE_FIRST),
        ACL_SUCCESS);
    Write(values);
  }
  explicit DeviceArray(size_t count) : DeviceArray(std::vector<T>(count)) {}
  ~DeviceArray() { aclrtFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return static_cast<T*>(data_); }
  void Write(const std::vector<T>& values) {
    if (values.empty()) return;
    EXPECT_EQ(aclrtMemcpy(data_, count_ * sizeof(T), values.data(), values.size() * sizeof(T),
                          ACL_MEMCPY_HOST_TO_DEVICE),
              ACL_SUCCESS);
  }
  std::vector<T> Read() const {
    std::vector<T> values(count_);
    if (count_ == 0) return values;
    EXPECT_EQ(aclrtMemcpy(values.data(), count_ * sizeof(T), data_, count_ * sizeof(T),
                          ACL_MEMCPY_DEVICE_TO_HOST),
              ACL_SUCCESS);
    return values;
  }

 private:
  const size_t count_;
  void* data_ = nullptr;
};

// Ranks with a stream each.
void WithStreams(uint32_t count, const std::function<void(uint32_t, HcclComm, aclrtStream)>& body) {
  WithThreadRanks(count, SmallConfig(), [&](uint32_t rank, HcclComm comm) {
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    body(rank, comm, stream);
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  });
}

void Sync(aclrtStream stream) {
  const aclError status = aclrtSynchronizeStream(stream);
  EXPECT_EQ(status, ACL_SUCCESS);
  if (status != ACL_SUCCESS) check::Report(__FILE__, __LINE__, RecentText());
}

// With a buffer of 1 MB a round moves 256 KB: the larger counts need several.
const std::vector<uint64_t> kCounts = {1, 7, 1000, 70000, 300001};

int32_t ValueAt(uint32_t rank, uint64_t index) {
  return static_cast<int32_t>(index * 7 + rank * 1000003 + 1);
}
std::vector<int32_t> ValuesOf(uint32_t rank, uint64_t count) {
  std::vector<int32_t> values(count);
  for (uint64_t i = 0; i < count; ++i) values[i] = ValueAt(rank, i);
  return values;
}
template <typename T>
uint64_t Differences(const std::vector<T>& a, const std::vector<T>& b) {
  uint64_t differences = a.size() != b.size();
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) differences += !(a[i] == b[i]);
  return differences;
}

}  // namespace

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
