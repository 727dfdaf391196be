#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds, installs, and runs the demo. Options are those of `aclnn-moe demo`.
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
build_wheel
install "$venv"
exec "$venv/bin/aclnn-moe" demo "$@"
