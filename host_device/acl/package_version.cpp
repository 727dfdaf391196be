// SPDX-License-Identifier: Apache-2.0
// The release of CANN whose interface this home follows. Programs choose by it which functions they
// call; they look for each of them besides, so one that is missing stays a missing symbol.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "acl/acl_rt.h"
#include "call.h"

namespace host {
namespace {

constexpr const char* kVersion = "8.5.0";
constexpr std::array<const char*, 3> kParts = {"8", "5", "0"};
// Packages that newer releases consist of, as far as this home holds something of them.
constexpr std::array<std::string_view, 7> kPackages = {
    "hccl", "hcomm", "opbase", "ops_math", "ops_nn", "ops_transformer", "runtime"};

template <size_t kSize>
void Write(const char* text, char (&room)[kSize]) {
  std::snprintf(room, kSize, "%s", text);
}

}  // namespace
}  // namespace host

using host::Call;
using host::Fail;

extern "C" {

aclError aclsysGetCANNVersion(aclCANNPackageName name, aclCANNPackageVersion* version) {
  return Call(__func__, [&] {
    if (version == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "version is null");
    if (name < ACL_PKG_NAME_CANN || name > ACL_PKG_NAME_DRIVER) {
      return Fail(ACL_ERROR_INVALID_PARAM, "name is %d, want an aclCANNPackageName",
                  static_cast<int>(name));
    }
    if (name == ACL_PKG_NAME_DRIVER) {
      return Fail(ACL_ERROR_INVALID_FILE, "the host device has no driver");
    }
    *version = {};
    host::Write(host::kVersion, version->version);
    host::Write(host::kParts[0], version->majorVersion);
    host::Write(host::kParts[1], version->minorVersion);
    host::Write(host::kParts[2], version->releaseVersion);
    return ACL_SUCCESS;
  });
}

aclError aclsysGetVersionStr(char* pkgName, char* versionStr) {
  return Call(__func__, [&] {
    if (pkgName == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "pkgName is null");
    if (versionStr == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "versionStr is null");
    const std::string_view package = pkgName;
    if (std::find(host::kPackages.begin(), host::kPackages.end(), package) ==
        host::kPackages.end()) {
      return Fail(ACL_ERROR_INVALID_FILE, "the host device has nothing of package '%.64s'",
                  pkgName);
    }
    std::memcpy(versionStr, host::kVersion, std::strlen(host::kVersion) + 1);
    return ACL_SUCCESS;
  });
}

}  // extern "C"
