#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Passes the test suite. Other selections; what follows goes to pytest:
# --sanitize: the native tests, with all native code built with AddressSanitizer and
#   UndefinedBehaviorSanitizer, then with ThreadSanitizer.
# --torch-npu: the tests on the real torch_npu, in an environment of their own.
# any other option: the rest.
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# Options of pytest for two processes: most tests keep one core busy. Each takes neighbours, which share
# fixtures, and then of what the other has left.
parallel=(-n 2 --dist worksteal)

# sanitized_tests SANITIZER [PYTEST OPTIONS]: builds all native code with it, and runs the native tests.
sanitized_tests() {
  local folder=build/sanitize-$1
  echo "native tests with the $1 sanitizer"
  "$venv/bin/cmake" -S . -B "$folder" -G Ninja -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" \
    -DACLNN_MOE_TESTS=ON -DACLNN_MOE_SANITIZE="$1" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
  "$venv/bin/cmake" --build "$folder" --target host_device/all cann_op/all tests/native/all || exit 1
  ACLNN_MOE_NATIVE_TESTS=$PWD/$folder/tests_native "$venv/bin/pytest" "${parallel[@]}" tests/test_native.py "${@:2}"
}

# get_makeself: Debian's package, unpacked into build/makeself. That needs no root, and changes nothing of the machine.
get_makeself() {
  PATH=$PWD/build/makeself/usr/bin:$PATH
  if command -v makeself >/dev/null || ! command -v apt-get >/dev/null; then return; fi
  mkdir -p build/makeself/{lists,archives}/partial
  (
    cd build/makeself
    options=(-o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD" -o Acquire::http::Timeout=30)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" download makeself
    dpkg-deb --extract makeself_*.deb .
  ) >build/makeself.log 2>&1 || echo "cannot get makeself: $(tail -n 1 build/makeself.log)" >&2
}

# operator_package BUILD: packs what is built in the folder BUILD, for tests/test_opp_install.py.
operator_package() {
  get_makeself
  command -v makeself >/dev/null ||
    { echo "no tests of the operator package: makeself is missing (apt-get install makeself)" >&2; return 0; }
  bash build_scripts/build_package.sh --device host --build "$1"
  ACLNN_MOE_PACKAGE=$(ls "$PWD"/build/package/custom_opp_*.run)
  export ACLNN_MOE_PACKAGE
}

# torch_npu_tests [PYTEST OPTIONS]: what runs on the real torch_npu, in its environment.
torch_npu_tests() {
  install "$npu_venv" "[torch-npu,torch-npu-test]"
  # torch's threads wait by spinning; there is a core for one of them in each process.
  OMP_NUM_THREADS=1 "$npu_venv/bin/aclnn-moe" run -- "$npu_venv/bin/pytest" "${parallel[@]}" tests/torch_npu "$@"
}

mkdir -p build
case ${1:-} in
  --sanitize)
    # Of the wheel only what its tests need is used, so one from before will do.
    [ -d build/wheel ] || build_wheel
    install "$venv" "[test]"
    sanitized_tests address "${@:2}"
    sanitized_tests thread "${@:2}"
    ;;
  --torch-npu)
    build_wheel
    torch_npu_tests "${@:2}"
    ;;
  *)
    # The native tests are built with the wheel, on the libraries that are in it.
    build_wheel --config-settings=cmake.define.ACLNN_MOE_TESTS=ON
    install "$venv" "[test]"
    ACLNN_MOE_NATIVE_TESTS=$(ls -dt "$PWD"/build/cp*/tests_native | head -n 1)
    export ACLNN_MOE_NATIVE_TESTS
    operator_package "$(dirname "$ACLNN_MOE_NATIVE_TESTS")"
    "$venv/bin/ruff" check aclnn_moe tests benchmarks samples
    "$venv/bin/mypy"
    "$venv/bin/pytest" "${parallel[@]}" "$@"
    [ $# -gt 0 ] || torch_npu_tests
    ;;
esac
