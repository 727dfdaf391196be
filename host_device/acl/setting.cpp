// SPDX-License-Identifier: Apache-2.0
#include "setting.h"

#include <cerrno>
#include <cstdlib>

namespace host {
namespace {

constexpr uint32_t kDefaultDevices =
    16;  // the dies of one Atlas A3 node that the seed's samples use
constexpr uint32_t kMaxDevices = 1024;
constexpr uint32_t kMaxCores = 1024;

Setting Read(const char* variable, uint32_t fallback, uint32_t most) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return {fallback, ""};
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (errno != 0 || *end != '\0' || value < 1 || value > most) {
    return {fallback, std::string(variable) + " is '" + text + "', want a number from 1 to " +
                          std::to_string(most)};
  }
  return {static_cast<uint32_t>(value), ""};
}

}  // namespace

const Setting& DeviceCountSetting() {
  static const auto& setting =
      *new Setting(Read("ACLNN_MOE_HOST_DEVICES", kDefaultDevices, kMaxDevices));
  return setting;
}

const Setting& CoreCountSetting() {
  static const auto& setting = *new Setting(Read("ACLNN_MOE_HOST_CORES", 0, kMaxCores));
  return setting;
}

}  // namespace host
