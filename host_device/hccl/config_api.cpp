// SPDX-License-Identifier: Apache-2.0
// Settings of the whole process. There is one, and the results here are the same bits whatever it
// says.
#include <atomic>

#include "api_call.h"
#include "hccl/hccl.h"

namespace host_hccl {
namespace {

constexpr int32_t kMaxDeterministic = 2;  // HCCL's: off, on, strict

std::atomic<int32_t> deterministic{0};

Outcome CheckConfig(HcclConfig config) {
  if (config == HCCL_DETERMINISTIC) return {};
  return Failed(HCCL_E_NOT_SUPPORT,
                "configuration %d is not supported on the host device: want HCCL_DETERMINISTIC (0)",
                static_cast<int>(config));
}

}  // namespace
}  // namespace host_hccl

using host_hccl::ApiCall;
using host_hccl::Failed;
using host_hccl::Outcome;

extern "C" {

HcclResult HcclSetConfig(HcclConfig config, HcclConfigValue configValue) {
  return ApiCall(__func__, [&] {
    Outcome outcome = host_hccl::CheckConfig(config);
    if (!outcome.ok()) return outcome;
    if (configValue.value < 0 || configValue.value > host_hccl::kMaxDeterministic) {
      return Failed(HCCL_E_PARA, "HCCL_DETERMINISTIC is %d: want 0 to %d", configValue.value,
                    host_hccl::kMaxDeterministic);
    }
    host_hccl::deterministic.store(configValue.value);
    return outcome;
  });
}

HcclResult HcclGetConfig(HcclConfig config, HcclConfigValue* configValue) {
  return ApiCall(__func__, [&] {
    Outcome outcome = host_hccl::CheckConfig(config);
    if (outcome.ok() && !configValue) return Failed(HCCL_E_PTR, "configValue is null");
    if (outcome.ok()) configValue->value = host_hccl::deterministic.load();
    return outcome;
  });
}

}  // extern "C"
