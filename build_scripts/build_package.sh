#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build_package.sh --device host|npu [--build FOLDER] [--output FOLDER]
# Builds the operator package custom_opp_<os>_<arch>.run (docs/package.md) into FOLDER, build/package by default.
# host needs a C++ compiler, npu the toolkit of CANN in ASCEND_HOME_PATH (build_npu_package.sh).
# --build: a CMake folder of the project that is built already, whose library is taken for host.
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

device='' build='' output=build/package
while [ $# -gt 0 ]; do
  case $1 in
    --device | --build | --output)
      [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    *) echo "unknown option $1: want --device host|npu [--build FOLDER] [--output FOLDER]" >&2; exit 2 ;;
  esac
done

case $device in
  host) ;;
  npu) [ -z "$build" ] || { echo "--build takes a library for --device host" >&2; exit 2; } ;;
  *) echo "--device is '$device': want host (the CPU) or npu" >&2; exit 2 ;;
esac
PATH=$venv/bin:$PATH
# Said before anything is built.
command -v makeself >/dev/null || { echo "makeself is missing: apt-get install makeself" >&2; exit 1; }

payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
if [ "$device" = npu ]; then
  bash build_scripts/build_npu_package.sh "$payload"
else
  if [ -z "$build" ]; then
    build=build/package/cmake
    make_venv "$venv"
    pip_in "$venv" install cmake ninja cmeel-eigen
    cmake -S . -B "$build" -G Ninja -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja"
    cmake --build "$build" --target cust_opapi_package --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
  fi
  cmake --install "$build" --component package --prefix "$payload" >/dev/null
fi
mkdir -p "$output"
# shellcheck source=/dev/null
os=$(. /etc/os-release && echo "$ID")
bash build_scripts/pack_package.sh "$payload" "$output/custom_opp_${os}_$(uname -m).run"
