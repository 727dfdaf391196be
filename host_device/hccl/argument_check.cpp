// SPDX-License-Identifier: Apache-2.0
#include "argument_check.h"

#include "data_type.h"
#include "process_state.h"
#include "reduce.h"

namespace host_hccl {

Outcome FindComm(HcclComm comm, std::shared_ptr<Communicator>* communicator) {
  return ProcessState::Get().communicators.Find(comm, communicator);
}

Outcome CheckBuffer(const char* parameter, const void* buffer, uint64_t bytes) {
  if (!buffer && bytes != 0) return Failed(HCCL_E_PTR, "%s is null", parameter);
  return {};
}

Outcome CheckCount(const char* parameter, uint64_t count, HcclDataType type, uint32_t ranks) {
  if (ElementBytes(type) == 0) {
    return Failed(HCCL_E_NOT_SUPPORT, "data type %d is not supported on the host device",
                  static_cast<int>(type));
  }
  if (count > kMaxCallBytes / ElementBytes(type) / ranks) {
    return Failed(HCCL_E_PARA, "%s is %llu: want at most %llu bytes over all ranks", parameter,
                  static_cast<unsigned long long>(count),
                  static_cast<unsigned long long>(kMaxCallBytes));
  }
  return {};
}

Outcome CheckReduce(HcclDataType type, HcclReduceOp op) {
  if (CanReduce(type, op)) return {};
  return Failed(HCCL_E_NOT_SUPPORT,
                "%s (%d) of %s (%d) is not supported: want sum, prod, max or min of int8, int16, "
                "int32, int64, fp16, bf16, fp32 or fp64",
                ReduceOpName(op), static_cast<int>(op), DataTypeName(type), static_cast<int>(type));
}

Outcome CheckRank(const char* parameter, uint32_t rank, uint32_t ranks) {
  if (rank < ranks) return {};
  return Failed(HCCL_E_PARA, "%s is %u: want less than %u, the size of the communicator", parameter,
                rank, ranks);
}

bool Overlap(const void* a, uint64_t a_bytes, const void* b, uint64_t b_bytes) {
  const auto first = reinterpret_cast<uintptr_t>(a);
  const auto second = reinterpret_cast<uintptr_t>(b);
  return a_bytes != 0 && b_bytes != 0 && first < second + b_bytes && second < first + a_bytes;
}

}  // namespace host_hccl
