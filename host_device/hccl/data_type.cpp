// SPDX-License-Identifier: Apache-2.0
#include "data_type.h"

namespace host_hccl {
namespace {

struct TypeRow {
  HcclDataType type;
  size_t bytes;
  const char* name;
};

constexpr TypeRow kTypes[] = {
    {HCCL_DATA_TYPE_INT8, 1, "int8"},     {HCCL_DATA_TYPE_INT16, 2, "int16"},
    {HCCL_DATA_TYPE_INT32, 4, "int32"},   {HCCL_DATA_TYPE_FP16, 2, "fp16"},
    {HCCL_DATA_TYPE_FP32, 4, "fp32"},     {HCCL_DATA_TYPE_INT64, 8, "int64"},
    {HCCL_DATA_TYPE_UINT64, 8, "uint64"}, {HCCL_DATA_TYPE_UINT8, 1, "uint8"},
    {HCCL_DATA_TYPE_UINT16, 2, "uint16"}, {HCCL_DATA_TYPE_UINT32, 4, "uint32"},
    {HCCL_DATA_TYPE_FP64, 8, "fp64"},     {HCCL_DATA_TYPE_BFP16, 2, "bf16"},
};

}  // namespace

size_t ElementBytes(HcclDataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.bytes;
  }
  return 0;
}

const char* DataTypeName(HcclDataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.name;
  }
  return "an unknown type";
}

const char* ReduceOpName(HcclReduceOp op) {
  switch (op) {
    case HCCL_REDUCE_SUM:
      return "sum";
    case HCCL_REDUCE_PROD:
      return "prod";
    case HCCL_REDUCE_MAX:
      return "max";
    case HCCL_REDUCE_MIN:
      return "min";
    case HCCL_REDUCE_RESERVED:
      break;
  }
  return "an unknown operation";
}

}  // namespace host_hccl
