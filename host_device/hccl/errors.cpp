// SPDX-License-Identifier: Apache-2.0
#include "hccl/hccl.h"

extern "C" const char* HcclGetErrorString(HcclResult code) {
  switch (code) {
    case HCCL_SUCCESS:
      return "HCCL_SUCCESS: no error";
    case HCCL_E_PARA:
      return "HCCL_E_PARA: wrong parameter";
    case HCCL_E_PTR:
      return "HCCL_E_PTR: null pointer";
    case HCCL_E_MEMORY:
      return "HCCL_E_MEMORY: memory error";
    case HCCL_E_INTERNAL:
      return "HCCL_E_INTERNAL: internal error";
    case HCCL_E_NOT_SUPPORT:
      return "HCCL_E_NOT_SUPPORT: not supported";
    case HCCL_E_NOT_FOUND:
      return "HCCL_E_NOT_FOUND: not found";
    case HCCL_E_UNAVAIL:
      return "HCCL_E_UNAVAIL: resource not available";
    case HCCL_E_SYSCALL:
      return "HCCL_E_SYSCALL: system call failed";
    case HCCL_E_TIMEOUT:
      return "HCCL_E_TIMEOUT: timeout";
    case HCCL_E_OPEN_FILE_FAILURE:
      return "HCCL_E_OPEN_FILE_FAILURE: cannot open a file";
    case HCCL_E_TCP_CONNECT:
      return "HCCL_E_TCP_CONNECT: TCP connection failed";
    case HCCL_E_ROCE_CONNECT:
      return "HCCL_E_ROCE_CONNECT: RoCE connection failed";
    case HCCL_E_TCP_TRANSFER:
      return "HCCL_E_TCP_TRANSFER: TCP transfer failed";
    case HCCL_E_ROCE_TRANSFER:
      return "HCCL_E_ROCE_TRANSFER: RoCE transfer failed";
    case HCCL_E_RUNTIME:
      return "HCCL_E_RUNTIME: a runtime call failed";
    case HCCL_E_DRV:
      return "HCCL_E_DRV: a driver call failed";
    case HCCL_E_PROFILING:
      return "HCCL_E_PROFILING: a profiling call failed";
    case HCCL_E_CCE:
      return "HCCL_E_CCE: a CCE call failed";
    case HCCL_E_NETWORK:
      return "HCCL_E_NETWORK: a network call failed";
    case HCCL_E_AGAIN:
      return "HCCL_E_AGAIN: try again";
    case HCCL_E_REMOTE:
      return "HCCL_E_REMOTE: another rank failed";
    case HCCL_E_SUSPENDING:
      return "HCCL_E_SUSPENDING: the communicator is suspended";
    case HCCL_E_OPRETRY_FAIL:
      return "HCCL_E_OPRETRY_FAIL: retry failed";
    case HCCL_E_OOM:
      return "HCCL_E_OOM: out of memory";
    case HCCL_E_RESERVED:
      break;
  }
  return "unknown HCCL status";
}
