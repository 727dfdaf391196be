// SPDX-License-Identifier: Apache-2.0
// Libraries that programs link or open by name: they open, and refuse by name.
#include <dlfcn.h>

#include "acl/acl_op_compiler.h"
#include "check.h"
#include "recent_text.h"

namespace {

// As a program that looks functions up does; the library stays open.
template <typename Function>
Function* Find(const char* library, const char* name) {
  void* handle = dlopen(library, RTLD_LAZY);
  EXPECT_TRUE(handle != nullptr);
  if (handle == nullptr) return nullptr;
  void* found = dlsym(handle, name);
  EXPECT_TRUE(found != nullptr);
  return reinterpret_cast<Function*>(found);
}

#define FIND(library, name) Find<decltype(name)>(library, #name)

constexpr const char* kCompiler = "libacl_op_compiler.so";

}  // namespace

TEST(every_library_opens_by_its_name) {
  for (const char* name :
       {"libacl_op_compiler.so", "libacl_tdt_channel.so", "libascend_hal.so", "libge_runner.so",
        "libgraph.so", "libmsprofiler.so", "libprofapi.so", "libruntime.so"}) {
    EXPECT_TRUE(dlopen(name, RTLD_NOW) != nullptr);
  }
}

TEST(an_operator_is_refused_with_its_name_its_attributes_and_those_that_there_are) {
  auto* execute = FIND(kCompiler, aclopCompileAndExecute);
  REQUIRE(execute != nullptr);
  aclopAttr* attr = aclopCreateAttr();
  EXPECT_EQ(aclopSetAttrBool(attr, "keep_dims", 1), ACL_SUCCESS);
  EXPECT_EQ(execute("ReduceSum", 2, nullptr, nullptr, 1, nullptr, nullptr, attr, ACL_ENGINE_SYS,
                    ACL_COMPILE_SYS, nullptr, nullptr),
            ACL_ERROR_OP_NOT_FOUND);
  const std::string text = RecentText();
  EXPECT_TEXT_HAS(text,
                  "aclopCompileAndExecute: operator 'ReduceSum' (2 inputs, 1 outputs, attributes: "
                  "keep_dims=true) cannot be compiled");
  EXPECT_TEXT_HAS(text, "MoeDistributeDispatchV2");
  EXPECT_TEXT_HAS(text, " in libopapi.so");
  EXPECT_TRUE(text.find("GetWorkspaceSize") == text.npos);
  aclopDestroyAttr(attr);
}

TEST(an_operator_without_name_and_attributes_is_refused) {
  auto* execute = FIND(kCompiler, aclopCompileAndExecuteV2);
  REQUIRE(execute != nullptr);
  EXPECT_EQ(execute(nullptr, 0, nullptr, nullptr, 0, nullptr, nullptr, nullptr, ACL_ENGINE_SYS,
                    ACL_COMPILE_SYS, nullptr, nullptr),
            ACL_ERROR_OP_NOT_FOUND);
  EXPECT_TEXT_HAS(RecentText(), "operator '' (0 inputs, 0 outputs, attributes: none)");
}

namespace {

// A tensor of four int32 on the device.
class Operand {
 public:
  Operand(aclFormat format, int32_t first, int64_t count = 4)
      : description(aclCreateTensorDesc(ACL_INT32, 1, &count, ACL_FORMAT_ND)) {
    aclSetTensorFormat(description, format);
    EXPECT_EQ(aclrtMalloc(&data_, kBytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    const int32_t values[] = {first, first + 1, first + 2, first + 3};
    EXPECT_EQ(aclrtMemcpy(data_, kBytes, values, kBytes, ACL_MEMCPY_HOST_TO_DEVICE), ACL_SUCCESS);
    buffer = aclCreateDataBuffer(data_, kBytes);
  }
  ~Operand() {
    aclDestroyDataBuffer(buffer);
    aclDestroyTensorDesc(description);
    aclrtFree(data_);
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;

  int32_t Last() const {
    int32_t values[4] = {};
    aclrtMemcpy(values, kBytes, data_, kBytes, ACL_MEMCPY_DEVICE_TO_HOST);
    return values[3];
  }

  aclTensorDesc* description;
  aclDataBuffer* buffer;

 private:
  static constexpr size_t kBytes = 16;
  void* data_ = nullptr;
};

aclError RunIdentity(const Operand& from, const Operand& to) {
  auto* execute = FIND(kCompiler, aclopCompileAndExecute);
  aclrtStream stream = nullptr;
  EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
  aclDataBuffer* outputs[] = {to.buffer};
  const aclError status =
      execute("Identity", 1, &from.description, &from.buffer, 1, &to.description, outputs, nullptr,
              ACL_ENGINE_SYS, ACL_COMPILE_SYS, nullptr, stream);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  return status;
}

}  // namespace

TEST(identity_between_base_formats_is_a_copy) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  const Operand from(ACL_FORMAT_ND, 10);
  const Operand to(ACL_FORMAT_NCHW, 20);
  EXPECT_EQ(RunIdentity(from, to), ACL_SUCCESS);
  EXPECT_EQ(to.Last(), 13);
}

TEST(identity_that_would_change_the_layout_is_refused) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  const Operand from(ACL_FORMAT_ND, 10);
  const Operand to(ACL_FORMAT_FRACTAL_NZ, 20);
  EXPECT_EQ(RunIdentity(from, to), ACL_ERROR_OP_NOT_FOUND);
  EXPECT_EQ(RunIdentity(to, from), ACL_ERROR_OP_NOT_FOUND);
  EXPECT_EQ(to.Last(), 23);
  EXPECT_EQ(from.Last(), 13);
}

TEST(identity_of_tensors_that_do_not_fit_is_refused) {
  EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
  const Operand from(ACL_FORMAT_ND, 10);
  const Operand shorter(ACL_FORMAT_ND, 20, 3);
  const Operand longer(ACL_FORMAT_ND, 30, 5);
  EXPECT_EQ(RunIdentity(from, shorter), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(RunIdentity(longer, from), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(shorter.Last(), 23);
  EXPECT_EQ(from.Last(), 13);
}

TEST(compile_options_are_kept) {
  auto* set = FIND(kCompiler, aclSetCompileopt);
  auto* size = FIND(kCompiler, aclGetCompileoptSize);
  auto* get = FIND(kCompiler, aclGetCompileopt);
  REQUIRE(set != nullptr && size != nullptr && get != nullptr);
  EXPECT_EQ(size(ACL_PRECISION_MODE), 1u);
  EXPECT_EQ(set(ACL_PRECISION_MODE, "must_keep_origin_dtype"), ACL_SUCCESS);
  EXPECT_EQ(size(ACL_PRECISION_MODE), sizeof("must_keep_origin_dtype"));
  char value[32] = "";
  EXPECT_EQ(get(ACL_PRECISION_MODE, value, sizeof(value)), ACL_SUCCESS);
  EXPECT_EQ(std::string(value), "must_keep_origin_dtype");
  EXPECT_EQ(get(ACL_OP_JIT_COMPILE, value, sizeof(value)), ACL_SUCCESS);
  EXPECT_EQ(std::string(value), "disable");
}

TEST(wrong_compile_options_are_refused) {
  auto* set = FIND(kCompiler, aclSetCompileopt);
  auto* size = FIND(kCompiler, aclGetCompileoptSize);
  auto* get = FIND(kCompiler, aclGetCompileopt);
  REQUIRE(set != nullptr && size != nullptr && get != nullptr);
  const auto unknown = static_cast<aclCompileOpt>(17);
  char value[4] = "abc";
  EXPECT_EQ(set(unknown, ""), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "aclSetCompileopt: opt is 17");
  EXPECT_EQ(set(ACL_PRECISION_MODE, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(size(unknown), 0u);
  EXPECT_EQ(get(unknown, value, sizeof(value)), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(get(ACL_OP_JIT_COMPILE, nullptr, 8), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(get(ACL_OP_JIT_COMPILE, value, sizeof(value)), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "length is 4, want at least 8");
  EXPECT_EQ(std::string(value), "abc");
}

TEST(machine_code_is_refused_by_the_runtime) {
  using Register = int32_t(const void*, void**);
  using Launch = int32_t(const void*, uint32_t, void*, uint32_t, void*, void*);
  auto* register_binary = Find<Register>("libruntime.so", "rtDevBinaryRegister");
  // Through the library that programs link.
  auto* launch = Find<Launch>("libge_runner.so", "rtKernelLaunch");
  REQUIRE(register_binary != nullptr && launch != nullptr);
  void* handle = nullptr;
  EXPECT_EQ(register_binary(nullptr, &handle), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_TEXT_HAS(RecentText(), "rtDevBinaryRegister: the host device cannot run kernels");
  EXPECT_EQ(launch(nullptr, 1, nullptr, 0, nullptr, nullptr), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
}

TEST(reports_to_the_profiler_are_refused) {
  using Report = int32_t(uint32_t, const void*);
  using Cycles = uint64_t();
  using Hash = uint64_t(const char*, size_t);
  auto* report = Find<Report>("libge_runner.so", "MsprofReportApi");
  auto* cycles = Find<Cycles>("libprofapi.so", "MsprofSysCycleTime");
  auto* hash = Find<Hash>("libprofapi.so", "MsprofGetHashId");
  REQUIRE(report != nullptr && cycles != nullptr && hash != nullptr);
  EXPECT_EQ(report(0, nullptr), ACL_ERROR_PROF_MODULES_UNSUPPORTED);
  EXPECT_TEXT_HAS(RecentText(), "MsprofReportApi: the host device has no profiler");
  const uint64_t before = cycles();
  EXPECT_TRUE(cycles() >= before);
  EXPECT_EQ(hash("Add", 3), hash("Add2", 3));
  EXPECT_NE(hash("Add", 3), hash("Sub", 3));
}

TEST(there_is_no_driver_to_ask) {
  auto* version = Find<int32_t(int32_t*)>("libascend_hal.so", "halGetAPIVersion");
  REQUIRE(version != nullptr);
  int32_t value = 7;
  EXPECT_NE(version(&value), 0);
  EXPECT_EQ(value, 7);
}
