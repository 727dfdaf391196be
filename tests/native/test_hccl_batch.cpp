// SPDX-License-Identifier: Apache-2.0
// Many messages at once: HcclBatchSendRecv, HcclGroupStart and HcclGroupEnd.
#include <dlfcn.h>

#include "hccl_arrays.h"

namespace {

constexpr HcclDataType kInt32 = HCCL_DATA_TYPE_INT32;
constexpr uint64_t kLong = 300001;  // read in the sender's memory, not sent in chunks

std::string TextOf(HcclResult code, HcclResult wanted) {
  EXPECT_EQ(code, wanted);
  return RecentText();
}

HcclSendRecvItem Send(const DeviceArray<int32_t>& array, uint64_t count, uint32_t peer) {
  return {HCCL_SEND, array.data(), count, kInt32, peer};
}
HcclSendRecvItem Receive(const DeviceArray<int32_t>& array, uint64_t count, uint32_t peer) {
  return {HCCL_RECV, array.data(), count, kInt32, peer};
}

}  // namespace

TEST(test_a_batch_goes_in_whatever_order_it_is_given) {
  WithStreams(3, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const uint32_t next = (rank + 1) % 3;
    const uint32_t before = (rank + 2) % 3;
    for (const uint64_t count : {uint64_t{0}, uint64_t{5}, uint64_t{30000}, kLong}) {
      const DeviceArray<int32_t> out(ValuesOf(rank, count));
      const DeviceArray<int32_t> from_before(count), from_next(count);
      // Each waits for a message first, or sends more than a ring holds first.
      std::vector<HcclSendRecvItem> items = {Receive(from_before, count, before),
                                             Receive(from_next, count, next),
                                             Send(out, count, next), Send(out, count, before)};
      if (rank == 1) std::reverse(items.begin(), items.end());
      EXPECT_EQ(HcclBatchSendRecv(items.data(), 4, comm, stream), HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(Differences(from_before.Read(), ValuesOf(before, count)), 0u);
      EXPECT_EQ(Differences(from_next.Read(), ValuesOf(next, count)), 0u);
    }
  });
}

TEST(test_messages_to_one_rank_keep_their_order_in_a_batch) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const std::vector<uint64_t> counts = {3, kLong, 0, 9000, 3};
    std::vector<std::unique_ptr<DeviceArray<int32_t>>> out, in;
    std::vector<HcclSendRecvItem> items;
    for (uint32_t i = 0; i < counts.size(); ++i) {
      out.push_back(std::make_unique<DeviceArray<int32_t>>(ValuesOf(10 * rank + i, counts[i])));
      in.push_back(std::make_unique<DeviceArray<int32_t>>(counts[i]));
      items.push_back(Send(*out[i], counts[i], 1 - rank));
      items.push_back(Receive(*in[i], counts[i], 1 - rank));
    }
    EXPECT_EQ(HcclBatchSendRecv(items.data(), static_cast<uint32_t>(items.size()), comm, stream),
              HCCL_SUCCESS);
    Sync(stream);
    for (uint32_t i = 0; i < counts.size(); ++i) {
      EXPECT_EQ(Differences(in[i]->Read(), ValuesOf(10 * (1 - rank) + i, counts[i])), 0u);
    }
  });
}

TEST(test_a_rank_may_send_to_itself_what_it_receives) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> out(ValuesOf(rank, kLong));
    const DeviceArray<int32_t> in(kLong), small(5);
    HcclSendRecvItem items[] = {Send(out, kLong, rank), Send(out, 5, rank),
                                Receive(in, kLong, rank), Receive(small, 5, rank)};
    EXPECT_EQ(HcclBatchSendRecv(items, 4, comm, stream), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(Differences(in.Read(), ValuesOf(rank, kLong)), 0u);
    EXPECT_EQ(Differences(small.Read(), ValuesOf(rank, 5)), 0u);
    // One that nothing of the same call receives would wait for ever.
    EXPECT_TEXT_HAS(
        TextOf(HcclBatchSendRecv(items, 3, comm, stream), HCCL_E_PARA),
        "rank " + std::to_string(rank) + " sends 2 messages to itself and receives 1 from itself");
    Sync(stream);
  });
}

TEST(test_all_pairs_of_many_ranks_at_once) {
  constexpr uint32_t kRanks = 16;
  WithStreams(kRanks, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (const uint64_t count : {uint64_t{100}, uint64_t{20000}}) {
      const DeviceArray<int32_t> out(ValuesOf(rank, kRanks * count));
      const DeviceArray<int32_t> in(kRanks * count);
      std::vector<HcclSendRecvItem> items;
      for (uint32_t peer = 0; peer < kRanks; ++peer) {
        items.push_back({HCCL_SEND, out.data() + peer * count, count, kInt32, peer});
        items.push_back({HCCL_RECV, in.data() + peer * count, count, kInt32, peer});
      }
      for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(HcclBatchSendRecv(items.data(), 2 * kRanks, comm, stream), HCCL_SUCCESS);
      }
      Sync(stream);
      uint64_t wrong = 0;
      const std::vector<int32_t> values = in.Read();
      for (uint32_t peer = 0; peer < kRanks; ++peer) {
        for (uint64_t i = 0; i < count; ++i) {
          wrong += values[peer * count + i] != ValueAt(peer, rank * count + i);
        }
      }
      EXPECT_EQ(wrong, 0u);
    }
  });
}

TEST(test_every_type_can_be_sent) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    for (int type = HCCL_DATA_TYPE_INT8; type <= HCCL_DATA_TYPE_BFP16; ++type) {
      const DeviceArray<uint64_t> out(std::vector<uint64_t>(3, 0x0102030405060708u + rank + type));
      const DeviceArray<uint64_t> in(3);
      HcclSendRecvItem items[] = {
          {HCCL_SEND, out.data(), 3, static_cast<HcclDataType>(type), 1 - rank},
          {HCCL_RECV, in.data(), 3, static_cast<HcclDataType>(type), 1 - rank}};
      EXPECT_EQ(HcclBatchSendRecv(items, 2, comm, stream), HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(in.Read()[0] & 0xff, 8 + 1 - rank + type);
    }
  });
}

TEST(test_what_is_called_in_a_group_is_queued_by_its_end) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> out(ValuesOf(rank, kLong));
    const DeviceArray<int32_t> in(kLong), sum(std::vector<int32_t>(4, 1)), own(5);
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclAllReduce(sum.data(), sum.data(), 4, kInt32, HCCL_REDUCE_SUM, comm, stream),
              HCCL_SUCCESS);
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclSend(out.data(), kLong, kInt32, 1 - rank, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclGroupEnd(), HCCL_SUCCESS);
    EXPECT_EQ(HcclSend(out.data(), 5, kInt32, rank, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclRecv(own.data(), 5, kInt32, rank, comm, stream), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(sum.Read()[0], 1);
    EXPECT_EQ(HcclRecv(in.data(), kLong, kInt32, 1 - rank, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclGroupEnd(), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(sum.Read()[0], 2);
    EXPECT_EQ(Differences(in.Read(), ValuesOf(1 - rank, kLong)), 0u);
    EXPECT_EQ(Differences(own.Read(), ValuesOf(rank, 5)), 0u);
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclGroupEnd(), HCCL_SUCCESS);
  });
}

TEST(test_one_thread_can_lead_several_ranks_in_a_group) {
  int32_t devices[2] = {0, 1};
  HcclComm comms[2] = {};
  EXPECT_EQ(HcclCommInitAll(2, devices, comms), HCCL_SUCCESS);
  aclrtStream streams[2] = {};
  std::vector<std::unique_ptr<DeviceArray<int32_t>>> arrays;
  for (int device = 0; device < 2; ++device) {
    EXPECT_EQ(aclrtSetDevice(device), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateStream(&streams[device]), ACL_SUCCESS);
    arrays.push_back(std::make_unique<DeviceArray<int32_t>>(std::vector<int32_t>(3, device + 1)));
  }
  EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
  for (int device = 0; device < 2; ++device) {
    EXPECT_EQ(HcclAllReduce(arrays[device]->data(), arrays[device]->data(), 3, kInt32,
                            HCCL_REDUCE_SUM, comms[device], streams[device]),
              HCCL_SUCCESS);
  }
  EXPECT_EQ(HcclGroupEnd(), HCCL_SUCCESS);
  for (int device = 0; device < 2; ++device) {
    Sync(streams[device]);
    EXPECT_EQ(arrays[device]->Read()[2], 3);
    EXPECT_EQ(aclrtDestroyStream(streams[device]), ACL_SUCCESS);
    EXPECT_EQ(HcclCommDestroy(comms[device]), HCCL_SUCCESS);
  }
}

TEST(test_a_refused_call_takes_its_group_with_it) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(ValuesOf(rank, 8));
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclRecv(buffer.data(), 8, kInt32, 1 - rank, comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclSend(buffer.data(), 8, kInt32, 2, comm, stream), HCCL_E_PARA);
    EXPECT_TEXT_HAS(TextOf(HcclGroupEnd(), HCCL_E_PARA), "HcclSend was refused within the group");
    Sync(stream);
    // Alone with itself.
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclSend(buffer.data(), 8, kInt32, rank, comm, stream), HCCL_SUCCESS);
    EXPECT_TEXT_HAS(TextOf(HcclGroupEnd(), HCCL_E_PARA), "sends 1 messages to itself");
    Sync(stream);
    EXPECT_TEXT_HAS(TextOf(HcclGroupEnd(), HCCL_E_PARA), "no HcclGroupStart");
    // The next group is not concerned.
    EXPECT_EQ(HcclGroupStart(), HCCL_SUCCESS);
    EXPECT_EQ(HcclBarrier(comm, stream), HCCL_SUCCESS);
    EXPECT_EQ(HcclGroupEnd(), HCCL_SUCCESS);
    Sync(stream);
  });
}

TEST(test_batches_refuse_what_does_not_fit) {
  HcclComm destroyed = nullptr;
  WithStreams(1, [&](uint32_t, HcclComm comm, aclrtStream stream) {
    destroyed = comm;
    const DeviceArray<int32_t> buffer(8);
    HcclSendRecvItem items[] = {Send(buffer, 8, 0), Receive(buffer, 8, 0)};
    const auto changed = [&](auto change, HcclResult wanted) {
      HcclSendRecvItem copies[] = {items[0], items[1]};
      change(&copies[1]);
      return TextOf(HcclBatchSendRecv(copies, 2, comm, stream), wanted);
    };
    EXPECT_TEXT_HAS(changed([](auto* item) { item->remoteRank = 1; }, HCCL_E_PARA),
                    "sendRecvInfo[1]: remoteRank is 1");
    EXPECT_TEXT_HAS(changed([](auto* item) { item->buf = nullptr; }, HCCL_E_PTR),
                    "sendRecvInfo[1]: the buffer is null");
    EXPECT_TEXT_HAS(
        changed([](auto* item) { item->dataType = HCCL_DATA_TYPE_FP8E4M3; }, HCCL_E_NOT_SUPPORT),
        "sendRecvInfo[1]: data type 15");
    EXPECT_TEXT_HAS(
        changed([](auto* item) { item->sendRecvType = HCCL_SEND_RECV_RESERVED; }, HCCL_E_PARA),
        "sendRecvInfo[1].sendRecvType is 2");
    EXPECT_TEXT_HAS(TextOf(HcclBatchSendRecv(nullptr, 2, comm, stream), HCCL_E_PTR),
                    "sendRecvInfo is null");
    EXPECT_TEXT_HAS(TextOf(HcclBatchSendRecv(items, 2, nullptr, stream), HCCL_E_PTR),
                    "comm is null");
    EXPECT_EQ(HcclBatchSendRecv(nullptr, 0, comm, stream), HCCL_SUCCESS);
    Sync(stream);
  });
  EXPECT_TEXT_HAS(TextOf(HcclBatchSendRecv(nullptr, 0, destroyed, nullptr), HCCL_E_PARA),
                  "was destroyed");
}

TEST(test_a_long_message_that_does_not_fit_lets_the_next_one_come) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    const DeviceArray<int32_t> buffer(ValuesOf(rank, kLong));
    const DeviceArray<int32_t> small(4);
    if (rank == 0) {
      HcclSendRecvItem items[] = {Send(buffer, kLong, 1), Send(buffer, 4, 1)};
      EXPECT_EQ(HcclBatchSendRecv(items, 2, comm, stream), HCCL_SUCCESS);
      Sync(stream);
      return;
    }
    HcclSendRecvItem items[] = {Receive(buffer, 9, 0), Receive(small, 4, 0)};
    EXPECT_EQ(HcclBatchSendRecv(items, 2, comm, stream), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_TEXT_HAS(RecentText(),
                    "rank 0 sent 1200004 bytes of int32, this rank expects 36 bytes of int32");
    EXPECT_EQ(Differences(buffer.Read(), ValuesOf(1, kLong)), 0u);
    EXPECT_EQ(Differences(small.Read(), ValuesOf(0, 4)), 0u);
  });
}

TEST(test_who_does_not_answer_a_batch_is_named) {
  WithThreadRanks(3, SmallConfig(1), [](uint32_t rank, HcclComm comm) {
    SeamRank seam(comm, static_cast<int32_t>(rank));
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    const DeviceArray<int32_t> out(ValuesOf(rank, kLong));
    const DeviceArray<int32_t> in(kLong);
    const Stopwatch watch;
    if (rank == 0) {
      // Rank 1 takes part, rank 2 does not.
      HcclSendRecvItem items[] = {Send(out, 5, 1), Receive(in, 5, 1), Receive(in, 5, 2)};
      EXPECT_EQ(HcclBatchSendRecv(items, 3, comm, stream), HCCL_SUCCESS);
      EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
      EXPECT_TEXT_HAS(RecentText(),
                      "rank 2 (pid " + std::to_string(getpid()) + ") did not send within 1 s");
      EXPECT_TRUE(watch.Seconds() > 0.9 && watch.Seconds() < 5);
    } else if (rank == 1) {
      HcclSendRecvItem items[] = {Receive(in, 5, 0), Send(out, 5, 0)};
      EXPECT_EQ(HcclBatchSendRecv(items, 2, comm, stream), HCCL_SUCCESS);
      Sync(stream);
      EXPECT_EQ(HcclSend(out.data(), kLong, kInt32, 2, comm, stream), HCCL_SUCCESS);
      EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
      EXPECT_TEXT_HAS(RecentText(), "did not receive within 1 s");
    } else {
      // What was lent and is no longer is not read.
      SleepMs(2500);
      EXPECT_EQ(HcclRecv(in.data(), kLong, kInt32, 1, comm, stream), HCCL_SUCCESS);
      EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
      EXPECT_TEXT_HAS(RecentText(), "given up half way");
    }
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  });
}

TEST(test_a_rank_killed_in_a_batch_is_named_within_a_second) {
  SharedPage* page = SharedPage::Make();
  RankProcesses ranks(3, [&](uint32_t rank) {
    const HcclCommConfig config = SmallConfig(60);
    HcclComm comm = nullptr;
    EXPECT_EQ(HcclCommInitRootInfoConfig(3, page->Root(rank), rank, &config, &comm), HCCL_SUCCESS);
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    const DeviceArray<int32_t> out(ValuesOf(rank, kLong));
    const DeviceArray<int32_t> in(kLong), more(kLong);
    // First all with all, over processes.
    HcclSendRecvItem items[] = {Send(out, kLong, (rank + 1) % 3), Send(out, kLong, (rank + 2) % 3),
                                Receive(in, kLong, (rank + 1) % 3),
                                Receive(more, kLong, (rank + 2) % 3)};
    EXPECT_EQ(HcclBatchSendRecv(items, 4, comm, stream), HCCL_SUCCESS);
    Sync(stream);
    EXPECT_EQ(Differences(in.Read(), ValuesOf((rank + 1) % 3, kLong)), 0u);
    EXPECT_EQ(Differences(more.Read(), ValuesOf((rank + 2) % 3, kLong)), 0u);
    page->notes[rank] = 1;
    if (rank == 2) SleepMs(60000);
    EXPECT_EQ(HcclBatchSendRecv(items, 4, comm, stream), HCCL_SUCCESS);
    EXPECT_NE(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    page->notes[10 + rank] = std::chrono::steady_clock::now().time_since_epoch().count();
    EXPECT_TEXT_HAS(RecentText(), "rank 2 (pid " + std::to_string(page->notes[20]) + ") is dead");
    // It waits for the other, which has given up too.
    EXPECT_EQ(HcclCommDestroy(comm), HCCL_SUCCESS);
  });
  page->notes[20] = ranks.pid(2);
  for (int rank = 0; rank < 3; ++rank) EXPECT_TRUE(page->AwaitNote(rank, 1));
  SleepMs(300);
  const int64_t killed = std::chrono::steady_clock::now().time_since_epoch().count();
  ranks.Kill(2);
  ranks.Join();
  for (int rank = 0; rank < 2; ++rank) {
    const double seconds = static_cast<double>(page->notes[10 + rank] - killed) / 1e9;
    EXPECT_TRUE(seconds >= 0 && seconds < 1);
  }
}

TEST(test_tasks_of_two_streams_take_turns_on_one_way) {
  WithStreams(2, [](uint32_t rank, HcclComm comm, aclrtStream stream) {
    aclrtStream second = nullptr;
    EXPECT_EQ(aclrtCreateStream(&second), ACL_SUCCESS);
    const DeviceArray<int32_t> out(ValuesOf(rank, 40000));
    const DeviceArray<int32_t> first_in(40000), second_in(40000);
    for (int round = 0; round < 20; ++round) {
      for (const aclrtStream on : {stream, second}) {
        const DeviceArray<int32_t>& in = on == stream ? first_in : second_in;
        HcclSendRecvItem items[] = {Send(out, 40000, 1 - rank), Receive(in, 40000, 1 - rank)};
        EXPECT_EQ(HcclBatchSendRecv(items, 2, comm, on), HCCL_SUCCESS);
      }
    }
    Sync(stream);
    Sync(second);
    EXPECT_EQ(Differences(first_in.Read(), ValuesOf(1 - rank, 40000)), 0u);
    EXPECT_EQ(Differences(second_in.Read(), ValuesOf(1 - rank, 40000)), 0u);
    EXPECT_EQ(aclrtDestroyStream(second), ACL_SUCCESS);
  });
}

TEST(test_libhcomm_leads_to_the_same_functions) {
  void* library = dlopen("libhcomm.so", RTLD_NOW);
  REQUIRE(library != nullptr);
  EXPECT_TRUE(dlsym(library, "HcclGroupStart") == reinterpret_cast<void*>(&HcclGroupStart));
  EXPECT_TRUE(dlsym(library, "HcclGroupEnd") == reinterpret_cast<void*>(&HcclGroupEnd));
  dlclose(library);
}
