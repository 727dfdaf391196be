# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: makes virtual environments and installs the package into them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${ACLNN_MOE_VENV:-$PWD/.venv}
# torch_npu gets an environment of its own: where it is installed, every `import torch` needs CANN.
npu_venv=${ACLNN_MOE_TORCH_NPU_VENV:-$PWD/.venv-torch-npu}

make_venv() {
  [ -x "$1/bin/pip" ] && return
  # Debian ships venv without pip unless python3-venv is installed; virtualenv brings its own.
  python3 -m venv "$1" 2>/dev/null && [ -x "$1/bin/pip" ] && return
  python3 -m pip install --quiet --target build/virtualenv virtualenv
  PYTHONPATH=build/virtualenv python3 -m virtualenv --quiet --clear "$1"
}

pip_in() {
  local environment=$1
  shift
  "$environment/bin/pip" --quiet --disable-pip-version-check "$@"
}

# build_wheel [PIP OPTIONS]
build_wheel() {
  make_venv "$venv"
  command -v "${CXX:-c++}" >/dev/null || { echo "no C++ compiler: install g++ 11 or later" >&2; exit 1; }
  echo "building aclnn-moe"
  rm -rf build/wheel
  pip_in "$venv" wheel --no-deps --wheel-dir build/wheel "$@" .
}

# install ENVIRONMENT [EXTRAS]: the wheel with its extras, e.g. install "$venv" "[test]".
install() {
  local wheel
  make_venv "$1"
  wheel=$(echo build/wheel/aclnn_moe-*.whl)
  echo "installing aclnn-moe${2:-} into $1"
  pip_in "$1" install "$wheel${2:-}"
  # pip takes an installed wheel of the same version for this one.
  pip_in "$1" install --force-reinstall --no-deps "$wheel"
}
