// SPDX-License-Identifier: Apache-2.0
// What can be set about a communicator, by HcclCommConfig, else by the environment, else the
// default.
#pragma once

#include <string>

#include "outcome.h"

namespace host_hccl {

constexpr int64_t kDefaultExecTimeoutSeconds = 1836;    // HCCL's
constexpr int64_t kDefaultConnectTimeoutSeconds = 120;  // HCCL's

struct CommSettings {
  std::string name;  // empty: derived
  uint32_t window_megabytes = HCCL_COMM_DEFAULT_BUFFSIZE;
  int64_t exec_timeout_seconds = kDefaultExecTimeoutSeconds;
  int64_t connect_timeout_seconds = kDefaultConnectTimeoutSeconds;
};

// `config` may be null; it may be of any version since 1, as its head says.
Outcome ReadSettings(const HcclCommConfig* config, CommSettings* settings);

// Items below this one have an effect here, or none could be seen; those from it on are refused.
constexpr uint32_t kConfigCapability = HCCL_COMM_CONFIG_ALGO;

}  // namespace host_hccl
