// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_ascendc/kernel_choice.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "op_plan/combine_tiling.h"

namespace host_ascendc_kernel {
namespace {

constexpr char kKernel[] = "ACLNN_MOE_HOST_KERNEL";
constexpr char kCheck[] = "ACLNN_MOE_HOST_KERNEL_CHECK";
constexpr char kCores[] = "ACLNN_MOE_HOST_KERNEL_CORES";
constexpr char kTrace[] = "ACLNN_MOE_HOST_KERNEL_TRACE";

// Null for a variable that is not set, or empty.
const char* Value(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

op_plan::Verdict ReadFlag(const char* variable, bool* flag) {
  const char* value = Value(variable);
  *flag = value != nullptr && std::strcmp(value, "1") == 0;
  if (value == nullptr || *flag || std::strcmp(value, "0") == 0) return {};
  return op_plan::Refuse(op_plan::kTilingError, "%s must be 0 or 1, got '%.40s'", variable, value);
}

op_plan::Verdict ReadCores(uint32_t* cores) {
  *cores = op_plan::kMaxVectorCores;
  const char* value = Value(kCores);
  if (value == nullptr) return {};
  char* end = nullptr;
  const unsigned long number = std::strtoul(value, &end, 10);
  OP_PLAN_REQUIRE(
      *end == '\0' && *value != '-' && number >= 1 && number <= op_plan::kMaxVectorCores,
      "%s must be in [1, %u], got '%.40s'", kCores, op_plan::kMaxVectorCores, value);
  *cores = static_cast<uint32_t>(number);
  return {};
}

// Access alone would take a file that can be executed, and for root any file.
op_plan::Verdict CheckTraceFolder() {
  const char* folder = TraceFolder();
  if (folder == nullptr) return {};
  struct stat status;
  int error = 0;
  if (stat(folder, &status) != 0) {
    error = errno;
  } else if (!S_ISDIR(status.st_mode)) {
    error = ENOTDIR;
  } else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0) {
    error = errno;
  }
  OP_PLAN_REQUIRE(error == 0, "%s must be a folder that can be written to, got '%.200s': %s",
                  kTrace, folder, std::strerror(error));
  return {};
}

}  // namespace

op_plan::Verdict ReadKernelChoice(KernelChoice* choice) {
  const char* kernel = Value(kKernel);
  choice->ascend_c = kernel != nullptr && std::strcmp(kernel, "ascend910_93") == 0;
  OP_PLAN_REQUIRE(kernel == nullptr || choice->ascend_c || std::strcmp(kernel, "host_cpu") == 0,
                  "%s must be host_cpu or ascend910_93, got '%.40s'", kKernel, kernel);
  if (!choice->ascend_c) return {};
  OP_PLAN_CHECK(ReadFlag(kCheck, &choice->checked));
  OP_PLAN_CHECK(CheckTraceFolder());
  return ReadCores(&choice->cores);
}

const char* TraceFolder() { return Value(kTrace); }

}  // namespace host_ascendc_kernel
