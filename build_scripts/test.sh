#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Passes the test suite. Other selections; what follows goes to pytest:
# --sanitize: the native tests, with all native code built with AddressSanitizer and
#   UndefinedBehaviorSanitizer, then with ThreadSanitizer.
# --torch-npu: the tests on the real torch_npu, in an environment of their own.
# any other option: the rest.
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

# torch_npu_tests [PYTEST OPTIONS]: what runs on the real torch_npu, in its environment.
torch_npu_tests() {
  install "$npu_venv" "[torch-npu,torch-npu-test]"
  "$npu_venv/bin/aclnn-moe" run -- "$npu_venv/bin/pytest" tests/torch_npu "$@"
}

mkdir -p build
build_wheel
case ${1:-} in
  --sanitize)
    shift
    install "$venv" "[test]"
    for sanitizer in address thread; do
      echo "native tests with the $sanitizer sanitizer"
      native_tests "build/sanitize-$sanitizer" -DACLNN_MOE_SANITIZE=$sanitizer
      "$venv/bin/pytest" tests/test_native.py "$@"
    done
    ;;
  --torch-npu)
    shift
    torch_npu_tests "$@"
    ;;
  *)
    install "$venv" "[test]"
    native_tests build/native
    "$venv/bin/ruff" check aclnn_moe tests benchmarks samples
    "$venv/bin/mypy"
    "$venv/bin/pytest" --ignore tests/torch_npu "$@"
    [ $# -gt 0 ] || torch_npu_tests
    ;;
esac
