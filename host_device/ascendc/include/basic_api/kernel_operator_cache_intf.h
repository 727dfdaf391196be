// SPDX-License-Identifier: Apache-2.0
// The data cache through which the scalar pipe sees global memory.
#pragma once

#include <cstdint>

#include "copy_engine.h"
#include "kernel_tensor.h"

namespace AscendC {

enum class CacheLine : uint64_t { SINGLE_CACHE_LINE = 0, ENTIRE_DATA_CACHE };
enum class DcciDst : uint64_t { CACHELINE_ALL = 0, CACHELINE_UB, CACHELINE_OUT, CACHELINE_ATOMIC };

template <typename T, CacheLine entire_type>
inline void DataCacheCleanAndInvalid(const GlobalTensor<T>& dst,
                                     host_ascendc::Place place = host_ascendc::Place()) {
  if constexpr (entire_type == CacheLine::SINGLE_CACHE_LINE) {
    host_ascendc::CleanGmLine(AddressOf(dst), place);
  } else {
    host_ascendc::CleanWholeCache(place);
  }
}

template <typename T, CacheLine entire_type, DcciDst dcci_dst>
inline void DataCacheCleanAndInvalid(const GlobalTensor<T>& dst,
                                     host_ascendc::Place place = host_ascendc::Place()) {
  static_assert(dcci_dst == DcciDst::CACHELINE_OUT || dcci_dst == DcciDst::CACHELINE_ALL,
                "a GlobalTensor lies in global memory");
  DataCacheCleanAndInvalid<T, entire_type>(dst, place);
}

}  // namespace AscendC
