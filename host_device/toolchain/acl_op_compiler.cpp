// SPDX-License-Identifier: Apache-2.0
// The compiler of aclop operators. There is none: what needs more than a copy is refused by
// name; options are kept, as programs set them at their start and read them back.
#include "acl/acl_op_compiler.h"

#include <array>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

#include "copying_operators.h"
#include "exported_operators.h"
#include "host_operator.h"
#include "refuse.h"

namespace host {
namespace {

constexpr size_t kOptions = ACL_OP_DEBUG_OPTION + 1;

struct Options {
  std::mutex mutex;
  std::array<std::string, kOptions> values;
};

Options& AllOptions() {
  static auto& options = [&]() -> Options& {
    auto& fresh = *new Options;
    // What CANN says on an Atlas A3: operators come ready-made.
    fresh.values[ACL_OP_JIT_COMPILE] = "disable";
    return fresh;
  }();
  return options;
}

bool Known(aclCompileOpt option) {
  return option >= ACL_PRECISION_MODE && static_cast<size_t>(option) < kOptions;
}

aclError Unknown(const char* function, aclCompileOpt option) {
  return Refuse(ACL_ERROR_INVALID_PARAM, "%s: opt is %d, want an aclCompileOpt", function,
                static_cast<int>(option));
}

aclError NoOperator(const AclopCall& call) {
  char attributes[512] = "";
  HostDescribeOpAttributes(call.attributes, attributes, sizeof(attributes));
  return Refuse(ACL_ERROR_OP_NOT_FOUND,
                "%s: operator '%s' (%d inputs, %d outputs, attributes: %s) cannot be compiled: "
                "the host device runs aclnn operators only. There are, each with aclnn before its "
                "name:%s",
                call.function, call.type == nullptr ? "" : call.type, call.input_count,
                call.output_count, *attributes == '\0' ? "none" : attributes,
                ExportedOperators().c_str());
}

aclError Execute(const AclopCall& call) {
  try {
    const AclopFunction run = FindCopyingOperator(call);
    return run == nullptr ? NoOperator(call) : run(call);
  } catch (const std::exception&) {
    return Refuse(ACL_ERROR_BAD_ALLOC, "%s: operator '%s': out of host memory", call.function,
                  call.type == nullptr ? "" : call.type);
  }
}

}  // namespace
}  // namespace host

extern "C" {

aclError aclopCompileAndExecute(const char* opType, int numInputs,
                                const aclTensorDesc* const inputDesc[],
                                const aclDataBuffer* const inputs[], int numOutputs,
                                const aclTensorDesc* const outputDesc[],
                                aclDataBuffer* const outputs[], const aclopAttr* attr,
                                aclopEngineType /*engineType*/, aclopCompileType /*compileFlag*/,
                                const char* /*opPath*/, aclrtStream stream) {
  return host::Execute({__func__, opType, numInputs, numOutputs, inputDesc, inputs, outputDesc,
                        outputs, attr, stream});
}

aclError aclopCompileAndExecuteV2(const char* opType, int numInputs, aclTensorDesc* inputDesc[],
                                  aclDataBuffer* inputs[], int numOutputs,
                                  aclTensorDesc* outputDesc[], aclDataBuffer* outputs[],
                                  aclopAttr* attr, aclopEngineType /*engineType*/,
                                  aclopCompileType /*compileFlag*/, const char* /*opPath*/,
                                  aclrtStream stream) {
  return host::Execute({__func__, opType, numInputs, numOutputs, inputDesc, inputs, outputDesc,
                        outputs, attr, stream});
}

aclError aclSetCompileopt(aclCompileOpt opt, const char* value) {
  if (!host::Known(opt)) return host::Unknown(__func__, opt);
  if (value == nullptr) return host::Refuse(ACL_ERROR_INVALID_PARAM, "%s: value is null", __func__);
  try {
    host::Options& options = host::AllOptions();
    const std::lock_guard<std::mutex> lock(options.mutex);
    options.values[static_cast<size_t>(opt)] = value;
    return ACL_SUCCESS;
  } catch (const std::exception&) {
    return host::Refuse(ACL_ERROR_BAD_ALLOC, "%s: out of host memory", __func__);
  }
}

size_t aclGetCompileoptSize(aclCompileOpt opt) {
  if (!host::Known(opt)) {
    host::Unknown(__func__, opt);
    return 0;
  }
  host::Options& options = host::AllOptions();
  const std::lock_guard<std::mutex> lock(options.mutex);
  return options.values[static_cast<size_t>(opt)].size() + 1;
}

aclError aclGetCompileopt(aclCompileOpt opt, char* value, size_t length) {
  if (!host::Known(opt)) return host::Unknown(__func__, opt);
  if (value == nullptr) return host::Refuse(ACL_ERROR_INVALID_PARAM, "%s: value is null", __func__);
  host::Options& options = host::AllOptions();
  const std::lock_guard<std::mutex> lock(options.mutex);
  const std::string& kept = options.values[static_cast<size_t>(opt)];
  if (length < kept.size() + 1) {
    return host::Refuse(ACL_ERROR_INVALID_PARAM, "%s: length is %zu, want at least %zu", __func__,
                        length, kept.size() + 1);
  }
  std::memcpy(value, kept.c_str(), kept.size() + 1);
  return ACL_SUCCESS;
}

}  // extern "C"
