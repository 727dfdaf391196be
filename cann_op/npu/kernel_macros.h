// SPDX-License-Identifier: Apache-2.0
// What a toolkit's build of a kernel generates for it, for build_scripts/check_cann.sh, which
// compiles the kernel without that build.
#pragma once

#define GET_TILING_DATA_WITH_STRUCT(type, name, address) \
  type name;                                             \
  __builtin_memcpy(&name, (const void*)(address), sizeof(type))
