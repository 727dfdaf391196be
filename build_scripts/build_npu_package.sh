#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build_npu_package.sh FOLDER [TOOLKIT]
# Builds the operator for an Atlas A3 with the CANN toolkit in TOOLKIT, else ASCEND_HOME_PATH, and puts it as
# packages/vendors/aclnn_moe into FOLDER, which build_scripts/pack_package.sh makes a .run of.
set -euo pipefail
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "want build_npu_package.sh FOLDER [TOOLKIT]" >&2; exit 2; }
toolkit=${2:-${ASCEND_HOME_PATH:-}}
[ -n "$toolkit" ] || {
  echo "no CANN toolkit: source its set_env.sh, which sets ASCEND_HOME_PATH, or give its folder" >&2
  exit 1
}
module=$toolkit/compiler/tikcpp/ascendc_kernel_cmake/asc-config.cmake
[ -f "$module" ] || {
  echo "$toolkit is no CANN toolkit that builds operators by find_package(ASC): $module is missing; install a later" \
    "toolkit (that of CANN 8.1 has none)" >&2
  exit 1
}
ASCEND_HOME_PATH=$(cd "$toolkit" && pwd)
export ASCEND_HOME_PATH
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/npu
# From the start: the toolkit's build does not notice that a kernel has changed.
rm -rf "$build" "${build}_kernel"
# The toolkit compiles kernels by a make of its own.
cmake -G "Unix Makefiles" -S cann_op/npu -B "$build" \
  -DASCEND_CANN_PACKAGE_PATH="$ASCEND_HOME_PATH" -DACLNN_MOE_PAYLOAD="$PWD/$build/payload"
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
cmake --build "$build" --target binary --parallel "$jobs"
cmake --build "$build" --parallel "$jobs"
cmake --install "$build"
rm -rf "$folder/packages"
cp -a "$build/payload/packages" "$folder/packages"
