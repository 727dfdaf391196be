// SPDX-License-Identifier: Apache-2.0
// Device arrays with known values, and ranks with a stream each.
#pragma once

#include <algorithm>

#include "hccl_ranks.h"

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
inline void WithStreams(uint32_t count,
                        const std::function<void(uint32_t, HcclComm, aclrtStream)>& body) {
  WithThreadRanks(count, SmallConfig(), [&](uint32_t rank, HcclComm comm) {
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    body(rank, comm, stream);
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  });
}

inline void Sync(aclrtStream stream) {
  const aclError status = aclrtSynchronizeStream(stream);
  EXPECT_EQ(status, ACL_SUCCESS);
  if (status != ACL_SUCCESS) check::Report(__FILE__, __LINE__, RecentText());
}

// With a buffer of 1 MB a round moves 256 KB: the larger counts need several.
inline const std::vector<uint64_t> kCounts = {1, 7, 1000, 70000, 300001};

inline int32_t ValueAt(uint32_t rank, uint64_t index) {
  return static_cast<int32_t>(index * 7 + rank * 1000003 + 1);
}
inline std::vector<int32_t> ValuesOf(uint32_t rank, uint64_t count) {
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
