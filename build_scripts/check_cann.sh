#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check_cann.sh [TOOLKIT]
# Compiles what runs on an NPU (the kernel, in CANN's CPU debugging mode, op_host and op_api) against the headers of the CANN
# toolkit in TOOLKIT, else ASCEND_HOME_PATH, and says file by file what compiles. Status 0: all, or there is no toolkit.
set -euo pipefail
[ $# -le 1 ] || { echo "want check_cann.sh [TOOLKIT]" >&2; exit 2; }
definition=include/register/op_def_registry.h
if [ $# = 1 ]; then
  [ -f "$1/$definition" ] || { echo "$1 is no CANN toolkit: it has no $definition" >&2; exit 1; }
elif [ -z "${ASCEND_HOME_PATH:-}" ]; then
  echo "skipped: no CANN toolkit (ASCEND_HOME_PATH is not set, and no folder is given)"
  exit 0
elif [ ! -d "$ASCEND_HOME_PATH" ]; then
  echo "ASCEND_HOME_PATH is $ASCEND_HOME_PATH, which is no folder" >&2
  exit 1
elif [ ! -f "$ASCEND_HOME_PATH/$definition" ]; then
  echo "skipped: no CANN toolkit ($ASCEND_HOME_PATH runs programs, but has no $definition)"
  exit 0
fi
toolkit=$(cd "${1:-$ASCEND_HOME_PATH}" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../cann_op"

# include_options FOLDER...: those that the toolkit has. Their places differ between versions.
include_options() {
  local folder
  for folder in "$@"; do
    [ ! -d "$toolkit/$folder" ] || printf '%s\n' -isystem "$toolkit/$folder"
  done
}
highlevel=compiler/ascendc/include/highlevel_api
asc=(asc asc/include{,/adv_api,/basic_api,/c_api,/interface,/micro_api,/simt_api,/tiling,/utils})
mapfile -t host_includes < <(include_options include "${asc[@]}")
mapfile -t kernel_includes < <(include_options tools/cpudebug/include tools/tikicpulib/lib/include include \
  compiler/tikcpp/tikcfw{,/impl,/interface} "$highlevel"{/lib,/impl,} asc/impl/{adv_api,basic_api,c_api,micro_api,simt_api,utils} \
  "${asc[@]}")
# As the toolkit's own builds do. The libraries of CANN have the old ABI of std::string.
host=("${host_includes[@]}" -D_GLIBCXX_USE_CXX11_ABI=0 -Iop_api/include -DFUNC_VISIBILITY)
kernel=("${kernel_includes[@]}" -D__CCE_KT_TEST__=1 -DASCENDC_CPU_DEBUG=1 -DASCENDC_DEBUG=1 -D__CCE_AICORE__=220 -D__DAV_C220__
  -D__NPU_ARCH__=2201 -include npu/kernel_macros.h)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
checked=0 failed=0
# check TEXT OPTIONS...
check() {
  checked=$((checked + 1))
  if "${CXX:-g++}" -std=c++17 -Wall -Wextra -c -o /dev/null -I. "${@:2}" >"$log" 2>&1; then
    echo "ok      $1"
  else
    failed=$((failed + 1))
    echo "FAILED  $1"
    { grep -E 'error' "$log" || cat "$log"; } | head -n 5 | sed 's/^/        /' || true
  fi
}

echo "compiling against the headers of $toolkit"
for source in op_kernel/ascend910_93/*.cpp; do check "$source" "${kernel[@]}" "$source"; done
for source in op_host/*.cpp npu/*.cpp op_api/*.cpp op_api/npu/*.cpp; do check "$source" "${host[@]}" "$source"; done
# The definition registers something else in each library.
for source in op_host/*_def.cpp; do
  for library in OP_PROTO_LIB OP_TILING_LIB; do check "$source ($library)" "${host[@]}" -D$library "$source"; done
done
[ "$failed" = 0 ] || { echo "$failed of $checked do not compile against $toolkit" >&2; exit 1; }
echo "all $checked compile against $toolkit"
