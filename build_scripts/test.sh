#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Passes the test suite. --sanitize: instead builds all native code with AddressSanitizer and
# UndefinedBehaviorSanitizer, then with ThreadSanitizer, and runs the native tests on each.
# Other options go to pytest.
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# native_tests FOLDER [CMAKE OPTIONS]: builds the native tests there.
native_tests() {
  local folder=$1
  shift
  "$venv/bin/cmake" -S . -B "$folder" -G Ninja -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" \
    -DACLNN_MOE_TESTS=ON "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
  "$venv/bin/cmake" --build "$folder" || exit 1
  export ACLNN_MOE_NATIVE_TESTS=$PWD/$folder/tests_native
}

mkdir -p build
if [ "${1:-}" = --sanitize ]; then
  shift
  install "[test]"
  for sanitizer in address thread; do
    echo "native tests with the $sanitizer sanitizer"
    native_tests "build/sanitize-$sanitizer" -DACLNN_MOE_SANITIZE=$sanitizer
    "$venv/bin/pytest" tests/test_native.py "$@"
  done
  exit
fi

install "[test]"
native_tests build/native
"$venv/bin/ruff" check aclnn_moe tests benchmarks samples
"$venv/bin/mypy"
"$venv/bin/pytest" "$@"
