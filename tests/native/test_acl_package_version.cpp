// SPDX-License-Identifier: Apache-2.0
// Which release of CANN the home answers for.
#include <string>

#include "acl/acl.h"
#include "check.h"
#include "recent_text.h"

TEST(packages_have_the_version_of_the_interface) {
  for (const aclCANNPackageName name :
       {ACL_PKG_NAME_CANN, ACL_PKG_NAME_RUNTIME, ACL_PKG_NAME_COMPILER, ACL_PKG_NAME_HCCL,
        ACL_PKG_NAME_TOOLKIT, ACL_PKG_NAME_OPP, ACL_PKG_NAME_OPP_KERNEL}) {
    aclCANNPackageVersion version;
    EXPECT_EQ(aclsysGetCANNVersion(name, &version), ACL_SUCCESS);
    EXPECT_EQ(std::string(version.version), "8.5.0");
    EXPECT_EQ(std::string(version.majorVersion), "8");
    EXPECT_EQ(std::string(version.minorVersion), "5");
    EXPECT_EQ(std::string(version.releaseVersion), "0");
    EXPECT_EQ(std::string(version.patchVersion), "");
  }
  char text[ACL_PKG_VERSION_MAX_SIZE] = "";
  char package[] = "runtime";
  EXPECT_EQ(aclsysGetVersionStr(package, text), ACL_SUCCESS);
  EXPECT_EQ(std::string(text), "8.5.0");
}

TEST(versions_of_what_is_not_there_are_refused) {
  aclCANNPackageVersion version;
  version.version[0] = 'x';
  EXPECT_EQ(aclsysGetCANNVersion(ACL_PKG_NAME_DRIVER, &version), ACL_ERROR_INVALID_FILE);
  EXPECT_TEXT_HAS(RecentText(), "aclsysGetCANNVersion: the host device has no driver");
  EXPECT_EQ(aclsysGetCANNVersion(static_cast<aclCANNPackageName>(8), &version),
            ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(version.version[0], 'x');
  EXPECT_EQ(aclsysGetCANNVersion(ACL_PKG_NAME_CANN, nullptr), ACL_ERROR_INVALID_PARAM);
  char text[ACL_PKG_VERSION_MAX_SIZE] = "x";
  char package[] = "dvpp";
  EXPECT_EQ(aclsysGetVersionStr(package, text), ACL_ERROR_INVALID_FILE);
  EXPECT_TEXT_HAS(RecentText(), "nothing of package 'dvpp'");
  EXPECT_EQ(std::string(text), "x");
  EXPECT_EQ(aclsysGetVersionStr(nullptr, text), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclsysGetVersionStr(package, nullptr), ACL_ERROR_INVALID_PARAM);
}
