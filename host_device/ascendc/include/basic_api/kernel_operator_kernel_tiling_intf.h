// SPDX-License-Identifier: Apache-2.0
// The macros by which a kernel gets its tiling data; on the device the operator's build makes them.
#pragma once

#include <cstdint>

#include "copy_engine.h"
#include "core.h"
#include "kernel_common.h"

namespace host_ascendc {

template <typename Tiling>
Tiling LoadTiling(const uint8_t* tiling, const Place& place = Place()) {
  Tiling loaded;
  ReadGmScalar(&loaded, tiling, sizeof(Tiling), "GET_TILING_DATA", place);
  return loaded;
}

}  // namespace host_ascendc

#define REGISTER_TILING_DEFAULT(tiling_struct) \
  using HostTilingDefault [[maybe_unused]] = tiling_struct
#define GET_TILING_DATA(tiling_data, tiling_arg) \
  const HostTilingDefault tiling_data = host_ascendc::LoadTiling<HostTilingDefault>(tiling_arg)
#define GET_TILING_DATA_WITH_STRUCT(tiling_struct, tiling_data, tiling_arg) \
  const tiling_struct tiling_data = host_ascendc::LoadTiling<tiling_struct>(tiling_arg)
#define TILING_KEY_IS(key) (host_ascendc::Core::Current().tiling_key() == uint64_t{key})

enum KernelMetaType { KERNEL_TYPE_AIV_ONLY, KERNEL_TYPE_MIX_AIV_1_0 };
#define KERNEL_TASK_TYPE_DEFAULT(type) static_cast<void>(KernelMetaType{type})
#define KERNEL_TASK_TYPE(key, type) static_cast<void>(KernelMetaType{type})
