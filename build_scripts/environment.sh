# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: makes the virtual environment and installs the package into it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${ACLNN_MOE_VENV:-$PWD/.venv}

make_venv() {
  [ -x "$venv/bin/pip" ] && return
  # Debian ships venv without pip unless python3-venv is installed; virtualenv brings its own.
  python3 -m venv "$venv" 2>/dev/null && [ -x "$venv/bin/pip" ] && return
  python3 -m pip install --quiet --target build/virtualenv virtualenv
  PYTHONPATH=build/virtualenv python3 -m virtualenv --quiet --clear "$venv"
}

# install EXTRAS: the package with its extras, e.g. install "[test]".
install() {
  make_venv
  command -v "${CXX:-c++}" >/dev/null || { echo "no C++ compiler: install g++ 11 or later" >&2; exit 1; }
  echo "building and installing aclnn-moe into $venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check ".${1:-}"
}
