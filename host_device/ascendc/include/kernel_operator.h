// SPDX-License-Identifier: Apache-2.0
// Ascend C on the CPU: the part of the API that this project's kernels use, under CANN's names.
// What is not declared here is not there; docs/ascendc.md lists what is.
#pragma once

#include "basic_api/kernel_operator_block_sync_intf.h"
#include "basic_api/kernel_operator_cache_intf.h"
#include "basic_api/kernel_operator_data_copy_intf.h"
#include "basic_api/kernel_operator_kernel_tiling_intf.h"
#include "basic_api/kernel_operator_print_intf.h"
#include "basic_api/kernel_operator_scalar_intf.h"
#include "basic_api/kernel_operator_set_atomic_intf.h"
#include "basic_api/kernel_operator_sys_var_intf.h"
#include "basic_api/kernel_operator_vec_binary_intf.h"
#include "basic_api/kernel_operator_vec_binary_scalar_intf.h"
#include "basic_api/kernel_operator_vec_brcb_intf.h"
#include "basic_api/kernel_operator_vec_cmpsel_intf.h"
#include "basic_api/kernel_operator_vec_createvecindex_intf.h"
#include "basic_api/kernel_operator_vec_duplicate_intf.h"
#include "basic_api/kernel_operator_vec_gather_intf.h"
#include "basic_api/kernel_operator_vec_reduce_intf.h"
#include "basic_api/kernel_operator_vec_ternary_scalar_intf.h"
#include "basic_api/kernel_operator_vec_unary_intf.h"
#include "basic_api/kernel_operator_vec_vconv_intf.h"
#include "basic_api/kernel_tensor.h"
#include "basic_api/kernel_tpipe.h"
