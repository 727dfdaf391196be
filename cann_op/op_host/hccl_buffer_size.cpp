// SPDX-License-Identifier: Apache-2.0
#include "op_host/hccl_buffer_size.h"

#include <cerrno>
#include <cstdlib>

namespace op_host {
namespace {
constexpr char kVariable[] = "HCCL_BUFFSIZE";
constexpr uint64_t kMegabyte = 1024 * 1024;
constexpr uint64_t kDefaultMegabytes = 200;
constexpr uint64_t kMaxMegabytes = UINT64_MAX / kMegabyte;
}  // namespace

op_plan::Verdict ReadHcclBufferSize(uint64_t* bytes) {
  *bytes = kDefaultMegabytes * kMegabyte;
  const char* const text = std::getenv(kVariable);
  if (text == nullptr || text[0] == '\0') return {};
  char* end = nullptr;
  errno = 0;
  const unsigned long long megabytes = std::strtoull(text, &end, 10);
  // strtoull takes signs and blanks, HCCL does not.
  OP_PLAN_REQUIRE(text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
                      megabytes >= 1 && megabytes <= kMaxMegabytes,
                  "%s must be a number of megabytes from 1 on, got '%.40s'", kVariable, text);
  *bytes = megabytes * kMegabyte;
  return {};
}

}  // namespace op_host
