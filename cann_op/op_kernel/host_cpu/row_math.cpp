// SPDX-License-Identifier: Apache-2.0
#include "op_kernel/host_cpu/row_math.h"

#include <cstdlib>
#include <cstring>

namespace row_math {

namespace baseline {
extern const RowMath kRowMath;
}
#if defined(__x86_64__)
namespace avx2 {
extern const RowMath kRowMath;
}
namespace avx512 {
extern const RowMath kRowMath;
}
#endif

namespace {

const RowMath& Choose() {
  const char* wanted = std::getenv("ACLNN_MOE_HOST_ISA");
  const auto allowed = [wanted](const RowMath& math) {
    return wanted == nullptr || std::strcmp(wanted, math.isa) == 0;
  };
#if defined(__x86_64__)
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v4 && allowed(avx512::kRowMath)) return avx512::kRowMath;
  if (v3 && allowed(avx2::kRowMath)) return avx2::kRowMath;
#else
  (void)allowed;
#endif
  return baseline::kRowMath;
}

}  // namespace

const RowMath& BestRowMath() {
  static const RowMath& best = Choose();
  return best;
}

}  // namespace row_math
