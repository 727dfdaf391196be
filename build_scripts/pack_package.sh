#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pack_package.sh FOLDER FILE: makes FILE, a .run, of install.sh and packages/vendors/<vendor> in FOLDER.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/../cann_op/package" && pwd)
command -v makeself >/dev/null || { echo "makeself is missing: apt-get install makeself" >&2; exit 1; }
(
  cd "$1"/packages/vendors/*/
  find . -type f ! -name manifest.sha256 -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >manifest.sha256
)
rm -f "$2"  # makeself warns of a file that is there
makeself --quiet --nomd5 --nocrc --sha256 --tar-format ustar --tar-extra "--owner=0 --group=0 --numeric-owner" \
  --header "$scripts/run_header.sh" "$1" "$2" "operator package of aclnn_moe" ./install.sh
