// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "hccl/hccl.h"

namespace host_hccl {
namespace {

// The layout is part of the binary interface: one row per field that is read.
static_assert(offsetof(HcclCommConfig, hcclBufferSize) == 24);
static_assert(offsetof(HcclCommConfig, hcclDeterministic) == 28);
static_assert(offsetof(HcclCommConfig, hcclCommName) == 32);
static_assert(offsetof(HcclCommConfig, hcclUdi) == 160);
static_assert(offsetof(HcclCommConfig, hcclOpExpansionMode) == 288);
static_assert(offsetof(HcclCommConfig, hcclRdmaTrafficClass) == 292);
static_assert(offsetof(HcclCommConfig, hcclRdmaServiceLevel) == 296);
static_assert(offsetof(HcclCommConfig, hcclWorldRankID) == 300);
static_assert(offsetof(HcclCommConfig, hcclJobID) == 304);
static_assert(offsetof(HcclCommConfig, aclGraphZeroCopyEnable) == 312);
static_assert(offsetof(HcclCommConfig, hcclExecTimeOut) == 316);
static_assert(offsetof(HcclCommConfig, hcclAlgo) == 320);
static_assert(offsetof(HcclCommConfig, hcclRetryEnable) == 1920);
static_assert(offsetof(HcclCommConfig, hcclRetryParams) == 1970);
static_assert(offsetof(HcclCommConfig, hcclBufferName) == 2098);
static_assert(offsetof(HcclCommConfig, hcclQos) == 2228);
static_assert(offsetof(HcclCommConfig, hcclSymWinMaxMemSizePerRank) == 2232);
static_assert(sizeof(HcclCommConfig) == 2240);

struct ConfigHead {
  uint64_t size;
  uint32_t magic;
  uint32_t version;
  uint64_t reserved;
};
static_assert(sizeof(ConfigHead) == HCCL_COMM_CONFIG_INFO_BYTES);

// Version since which each field is there.
constexpr uint32_t kVersionOfBuffer = 1;
constexpr uint32_t kVersionOfName = 2;
constexpr uint32_t kVersionOfExecTimeout = 8;
constexpr uint32_t kVersionOfAlgo = 9;
constexpr uint32_t kVersionOfBufferName = 10;

// HCCL's words for deterministic computing: off, on, strict. All are the same here: always on.
constexpr uint32_t kMaxDeterministic = 2;

constexpr int64_t kMaxExecTimeoutSeconds = 2147483647;
constexpr int64_t kMaxConnectTimeoutSeconds = 7200;
constexpr int64_t kMaxBufferMegabytes = 1 << 20;

Outcome FromEnvironment(const char* name, int64_t low, int64_t high, const char* unit,
                        int64_t* value) {
  const char* text = getenv(name);
  if (!text || !*text) return {};
  char* end = nullptr;
  errno = 0;
  const long long number = strtoll(text, &end, 10);
  if (errno != 0 || *end != '\0' || number < low || number > high) {
    return Failed(HCCL_E_PARA,
                  "environment variable %s is '%.64s': want whole %s from %lld to %lld", name, text,
                  unit, static_cast<long long>(low), static_cast<long long>(high));
  }
  *value = number;
  return {};
}

bool Present(const ConfigHead& head, uint32_t since, size_t end) {
  return head.version >= since && head.size >= end;
}

#define FIELD_END(field) (offsetof(HcclCommConfig, field) + sizeof(HcclCommConfig::field))

// Copies the known part, leaving "not set" where the caller's version has nothing.
Outcome ReadConfig(const HcclCommConfig* given, HcclCommConfig* config) {
  ConfigHead head;
  memcpy(&head, given, sizeof(head));
  if (head.magic != HCCL_COMM_CONFIG_MAGIC_WORD || head.version == 0 ||
      head.size < FIELD_END(hcclDeterministic)) {
    return Failed(HCCL_E_PARA,
                  "config was not set up: call HcclCommConfigInit on it first (magic word 0x%x, "
                  "version %u, size %llu)",
                  head.magic, head.version, static_cast<unsigned long long>(head.size));
  }
  HcclCommConfigInit(config);
  if (Present(head, kVersionOfBuffer, FIELD_END(hcclDeterministic))) {
    config->hcclBufferSize = given->hcclBufferSize;
    config->hcclDeterministic = given->hcclDeterministic;
  }
  if (Present(head, kVersionOfName, FIELD_END(hcclCommName))) {
    memcpy(config->hcclCommName, given->hcclCommName, sizeof(config->hcclCommName));
  }
  if (Present(head, kVersionOfExecTimeout, FIELD_END(hcclExecTimeOut))) {
    config->hcclExecTimeOut = given->hcclExecTimeOut;
  }
  if (Present(head, kVersionOfAlgo, FIELD_END(hcclRetryParams))) {
    config->hcclAlgo[0] = given->hcclAlgo[0];
    config->hcclRetryEnable[0] = given->hcclRetryEnable[0];
  }
  if (Present(head, kVersionOfBufferName, FIELD_END(hcclBufferName))) {
    config->hcclBufferName[0] = given->hcclBufferName[0];
  }
  return {};
}

#undef FIELD_END

Outcome ApplyConfig(const HcclCommConfig& config, CommSettings* settings) {
  if (config.hcclBufferSize != HCCL_COMM_BUFFSIZE_CONFIG_NOT_SET) {
    if (config.hcclBufferSize < 1 || config.hcclBufferSize > kMaxBufferMegabytes) {
      return Failed(HCCL_E_PARA, "hcclBufferSize is %u: want 1 to %lld (MB)", config.hcclBufferSize,
                    static_cast<long long>(kMaxBufferMegabytes));
    }
    settings->window_megabytes = config.hcclBufferSize;
  }
  if (config.hcclDeterministic != HCCL_COMM_DETERMINISTIC_CONFIG_NOT_SET &&
      config.hcclDeterministic > kMaxDeterministic) {
    return Failed(HCCL_E_PARA, "hcclDeterministic is %u: want 0 to %u", config.hcclDeterministic,
                  kMaxDeterministic);
  }
  if (!memchr(config.hcclCommName, '\0', sizeof(config.hcclCommName))) {
    return Failed(HCCL_E_PARA, "hcclCommName has no end within %u bytes: want 1 to %u and a zero",
                  COMM_NAME_MAX_LENGTH, COMM_NAME_MAX_LENGTH - 1);
  }
  settings->name = config.hcclCommName;
  if (config.hcclExecTimeOut != HCCL_COMM_EXECTIMEOUT_CONFIG_NOT_SET) {
    if (config.hcclExecTimeOut < 0) {
      return Failed(HCCL_E_PARA, "hcclExecTimeOut is %d: want 0 (none) or more seconds",
                    config.hcclExecTimeOut);
    }
    settings->exec_timeout_seconds = config.hcclExecTimeOut;
  }
  const char* refused = config.hcclAlgo[0]          ? "hcclAlgo"
                        : config.hcclRetryEnable[0] ? "hcclRetryEnable"
                        : config.hcclBufferName[0]  ? "hcclBufferName"
                                                    : nullptr;
  if (refused) {
    return Failed(HCCL_E_NOT_SUPPORT,
                  "%s is set, which the host device does not support (see "
                  "HcclGetCommConfigCapability): leave it empty",
                  refused);
  }
  return {};
}

}  // namespace

Outcome ReadSettings(const HcclCommConfig* config, CommSettings* settings) {
  *settings = {};
  HcclCommConfig known;
  HcclCommConfigInit(&known);
  Outcome outcome = config ? ReadConfig(config, &known) : Outcome{};
  int64_t megabytes = HCCL_COMM_DEFAULT_BUFFSIZE;
  // What the configuration sets, the environment need not get right.
  if (outcome.ok() && known.hcclBufferSize == HCCL_COMM_BUFFSIZE_CONFIG_NOT_SET) {
    outcome = FromEnvironment("HCCL_BUFFSIZE", 1, kMaxBufferMegabytes, "MB", &megabytes);
    settings->window_megabytes = static_cast<uint32_t>(megabytes);
  }
  if (outcome.ok() && known.hcclExecTimeOut == HCCL_COMM_EXECTIMEOUT_CONFIG_NOT_SET) {
    outcome = FromEnvironment("HCCL_EXEC_TIMEOUT", 0, kMaxExecTimeoutSeconds, "seconds",
                              &settings->exec_timeout_seconds);
  }
  if (outcome.ok()) {
    outcome = FromEnvironment("HCCL_CONNECT_TIMEOUT", 1, kMaxConnectTimeoutSeconds, "seconds",
                              &settings->connect_timeout_seconds);
  }
  if (outcome.ok()) outcome = ApplyConfig(known, settings);
  // HCCL's 0 means no limit; a rank that dies is noticed all the same.
  if (settings->exec_timeout_seconds == 0) settings->exec_timeout_seconds = kMaxExecTimeoutSeconds;
  return outcome;
}

}  // namespace host_hccl
