// SPDX-License-Identifier: Apache-2.0
// What the host device has not, it refuses by name; and the log.
#include <unistd.h>

#include <cstdlib>

#include "check.h"
#include "recent_text.h"

TEST(memory_is_not_shared_by_handle) {
  uint64_t shareable = 0;
  aclrtDrvMemHandle handle = nullptr;
  int32_t pid = 1;
  EXPECT_EQ(aclrtMemExportToShareableHandle(handle, ACL_MEM_HANDLE_TYPE_NONE, 0, &shareable),
            ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "aclrtMemExportToShareableHandle: the host device shares no");
  EXPECT_EQ(aclrtMemImportFromShareableHandle(shareable, 0, &handle),
            ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtMemSetPidToShareableHandle(shareable, &pid, 1), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
}

TEST(the_process_id_is_that_of_this_process) {
  int32_t pid = 0;
  EXPECT_EQ(aclrtDeviceGetBareTgid(&pid), ACL_SUCCESS);
  EXPECT_EQ(pid, static_cast<int32_t>(getpid()));
  EXPECT_EQ(aclrtDeviceGetBareTgid(nullptr), ACL_ERROR_INVALID_PARAM);
}

TEST(kernel_binaries_are_refused) {
  aclrtBinHandle binary = nullptr;
  aclrtFuncHandle function = nullptr;
  void* address = nullptr;
  EXPECT_EQ(aclrtBinaryLoadFromData("", 0, nullptr, &binary), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "aclrtBinaryLoadFromData: a kernel binary holds NPU machine code");
  EXPECT_EQ(aclrtBinaryGetFunction(binary, "f", &function), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(aclrtGetFunctionAddr(function, &address, &address), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
}

TEST(dumps_are_refused) {
  EXPECT_EQ(aclmdlInitDump(), ACL_ERROR_API_NOT_SUPPORT);
  EXPECT_EQ(aclmdlSetDump("acl.json"), ACL_ERROR_API_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "aclmdlSetDump: the host device dumps no operators");
  EXPECT_EQ(aclmdlFinalizeDump(), ACL_ERROR_API_NOT_SUPPORT);
}

namespace {

// What aclAppLog writes to standard error with this environment; the first call reads it.
std::string Logged(const char* to_stdout, const char* level) {
  setenv("ASCEND_SLOG_PRINT_TO_STDOUT", to_stdout, 1);
  setenv("ASCEND_GLOBAL_LOG_LEVEL", level, 1);
  FILE* file = std::tmpfile();
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  aclAppLog(ACL_INFO, "Function", "file.cpp", 12, "step %d of %s", 3, "x");
  aclAppLog(ACL_ERROR, nullptr, nullptr, 0, "%s", std::string(5000, 'y').c_str());
  aclAppLog(static_cast<aclLogLevel>(7), "Function", "file.cpp", 12, "no such level");
  dup2(before, STDERR_FILENO);
  std::rewind(file);
  std::string text(8192, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST(the_log_is_silent_unless_asked_for) { EXPECT_EQ(Logged("0", "0"), ""); }

TEST(the_log_goes_to_standard_error_from_its_level_on) {
  const std::string text = Logged("1", "1");
  EXPECT_TEXT_HAS(text, "[INFO] file.cpp:12 Function: step 3 of x\n[ERROR] :0 : yyy");
  EXPECT_TRUE(text.find("no such level") == text.npos);
}

TEST(the_log_leaves_out_what_is_below_its_level) {
  const std::string text = Logged("1", "3");
  EXPECT_TRUE(text.find("INFO") == text.npos);
  EXPECT_TEXT_HAS(text, "[ERROR]");
}
