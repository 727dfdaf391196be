// SPDX-License-Identifier: Apache-2.0
#include "system_option.h"

#include <cinttypes>

#include "call.h"
#include "context.h"

namespace host {
namespace {

// Determinism has levels in newer releases of CANN: up to batch consistency.
constexpr int64_t kMostDeterminism = 3;

SystemOptions& OfProcess() {
  static auto& options = *new SystemOptions;
  return options;
}

// Those of the context, or of the process.
aclError FindOptions(bool in_context, SystemOptions** options, std::shared_ptr<Context>* context) {
  *options = &OfProcess();
  if (!in_context) return ACL_SUCCESS;
  const aclError status = CurrentContext(context);
  if (status == ACL_SUCCESS) *options = &(*context)->options();
  return status;
}

aclError CheckOption(aclSysParamOpt option) {
  if (option >= ACL_OPT_DETERMINISTIC && option < SystemOptions::kCount) return ACL_SUCCESS;
  return Fail(ACL_ERROR_INVALID_PARAM, "opt is %d, want an aclSysParamOpt",
              static_cast<int>(option));
}

aclError SetOption(const char* function, bool in_context, aclSysParamOpt option, int64_t value) {
  return Call(function, [&] {
    aclError status = CheckOption(option);
    if (status != ACL_SUCCESS) return status;
    const int64_t most = option == ACL_OPT_DETERMINISTIC ? kMostDeterminism : 1;
    if (value < 0 || value > most) {
      return Fail(ACL_ERROR_INVALID_PARAM, "value is %" PRId64 ", want 0 to %" PRId64, value, most);
    }
    if (option == ACL_OPT_ENABLE_DEBUG_KERNEL && value != 0) {
      return Fail(ACL_ERROR_RT_FEATURE_NOT_SUPPORT,
                  "the host device has no debug kernels; build it with ACLNN_MOE_SANITIZE=address "
                  "to find wrong accesses");
    }
    SystemOptions* options = nullptr;
    std::shared_ptr<Context> context;
    status = FindOptions(in_context, &options, &context);
    if (status == ACL_SUCCESS) (*options)[option].store(value, std::memory_order_relaxed);
    return status;
  });
}

aclError GetOption(const char* function, bool in_context, aclSysParamOpt option, int64_t* value) {
  return Call(function, [&] {
    aclError status = CheckOption(option);
    if (status != ACL_SUCCESS) return status;
    if (value == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "value is null");
    SystemOptions* options = nullptr;
    std::shared_ptr<Context> context;
    status = FindOptions(in_context, &options, &context);
    if (status == ACL_SUCCESS) *value = (*options)[option].load(std::memory_order_relaxed);
    return status;
  });
}

}  // namespace
}  // namespace host

extern "C" {

aclError aclrtSetSysParamOpt(aclSysParamOpt opt, int64_t value) {
  return host::SetOption(__func__, false, opt, value);
}

aclError aclrtGetSysParamOpt(aclSysParamOpt opt, int64_t* value) {
  return host::GetOption(__func__, false, opt, value);
}

aclError aclrtCtxSetSysParamOpt(aclSysParamOpt opt, int64_t value) {
  return host::SetOption(__func__, true, opt, value);
}

aclError aclrtCtxGetSysParamOpt(aclSysParamOpt opt, int64_t* value) {
  return host::GetOption(__func__, true, opt, value);
}

}  // extern "C"
