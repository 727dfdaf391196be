/* SPDX-License-Identifier: Apache-2.0
 *
 * Libraries opened at run time, and the table through which every function of cann.h is called.
 * The binding itself links against no CANN library.
 */
#pragma once

#include "cann.h"

/* What a function of cann.h returns when no opened library has it (no status of CANN is negative
 * and this large); those that return a pointer give NULL. */
#define ACLNN_MOE_SYMBOL_MISSING -2000001

/* Opens the library at an absolute path, with its symbols visible to libraries opened later when
 * `global` is not 0. NULL on failure, with the loader's text in `error`. */
void* aclnn_moe_open(const char* path, int32_t global, char* error, size_t errorBytes);

/* Address of a function in an opened library, or NULL. */
void* aclnn_moe_symbol(void* library, const char* name);

/* Fills the entries of the table that are still empty from `library`. */
void aclnn_moe_bind(void* library);

/* 1 when the table has the function, 0 when no library opened so far has it. */
int32_t aclnn_moe_is_bound(const char* name);

/* Defaults of a communicator's configuration: "not set" everywhere, with the header CANN checks. */
void aclnn_moe_init_comm_config(HcclCommConfig* config);
