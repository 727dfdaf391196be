/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

void* aclnn_moe_open(const char* path, int32_t global, char* error, size_t errorBytes) {
  void* library = dlopen(path, RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
  if (library == NULL && errorBytes > 0) {
    const char* text = dlerror();
    snprintf(error, errorBytes, "%s", text != NULL ? text : "unknown loader error");
  }
  return library;
}

void* aclnn_moe_symbol(void* library, const char* name) { return dlsym(library, name); }

void aclnn_moe_init_comm_config(HcclCommConfig* config) {
  /* What CANN's header lays over the reserved bytes. */
  struct {
    size_t size;
    uint32_t magic;
    uint32_t version;
    uint64_t reserved;
  } head = {sizeof(HcclCommConfig), HCCL_COMM_CONFIG_MAGIC_WORD, HCCL_COMM_CONFIG_VERSION, 0};
  memset(config, 0, sizeof(*config));
  memcpy(config->reserved, &head, sizeof(head));
  config->hcclBufferSize = HCCL_COMM_CONFIG_NOT_SET;
  config->hcclDeterministic = HCCL_COMM_CONFIG_NOT_SET;
  config->hcclRdmaTrafficClass = HCCL_COMM_CONFIG_NOT_SET;
  config->hcclRdmaServiceLevel = HCCL_COMM_CONFIG_NOT_SET;
  config->hcclExecTimeOut = (int32_t)HCCL_COMM_CONFIG_NOT_SET;
  config->hcclQos = HCCL_COMM_CONFIG_NOT_SET;
  config->hcclSymWinMaxMemSizePerRank = HCCL_SYMMETRIC_MEMORY_STRIDE_DEFAULT;
}
