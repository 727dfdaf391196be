#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build_package.sh --device host|npu [--build FOLDER] [--output FOLDER]
# Builds the operator package custom_opp_<os>_<arch>.run (docs/package.md) into FOLDER, build/package by default.
# --build: a CMake folder of the project that is built already, whose library is taken.
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
  npu)
    config=$(find -L "${ASCEND_HOME_PATH:-/usr/local/Ascend}" -name 'ASCConfig.cmake' -print -quit 2>/dev/null || true)
    [ -n "$config" ] || {
      echo "--device npu: no CANN toolkit in ${ASCEND_HOME_PATH:-/usr/local/Ascend} (no ASCConfig.cmake, which find_package(ASC)" \
        "needs); remedy: install the toolkit and source its set_env.sh" >&2
      exit 1
    }
    echo "--device npu: there is $config, but this version of the project has no kernel for an NPU yet; --device host builds" \
      "the package for the host device" >&2
    exit 1
    ;;
  *) echo "--device is '$device': want host (the CPU) or npu" >&2; exit 2 ;;
esac
PATH=$venv/bin:$PATH
# Said before anything is built.
command -v makeself >/dev/null || { echo "makeself is missing: apt-get install makeself" >&2; exit 1; }

if [ -z "$build" ]; then
  build=build/package/cmake
  make_venv "$venv"
  pip_in "$venv" install cmake ninja cmeel-eigen
  cmake -S . -B "$build" -G Ninja -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja"
  cmake --build "$build" --target cust_opapi_package --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
fi
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
cmake --install "$build" --component package --prefix "$payload" >/dev/null
mkdir -p "$output"
# shellcheck source=/dev/null
os=$(. /etc/os-release && echo "$ID")
bash build_scripts/pack_package.sh "$payload" "$output/custom_opp_${os}_$(uname -m).run"
