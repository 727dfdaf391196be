#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pack_package.sh FOLDER FILE: makes FILE, a .run, of packages/vendors/<vendor> in FOLDER, which holds the package as CANN lays
# it out, with Version=... in its version.info. The installer, the vendor's `scripts` and manifest.sha256 are put into FOLDER.
set -euo pipefail
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../cann_op/package" && pwd)
command -v makeself >/dev/null || { echo "makeself is missing: apt-get install makeself" >&2; exit 1; }
vendors=("$1"/packages/vendors/*/)
vendor=${vendors[0]}
if [ "${#vendors[@]}" != 1 ] || ! grep -q '^Version=.' "$vendor/version.info"; then
  echo "$1/packages/vendors: want one vendor, with Version=... in its version.info" >&2
  exit 1
fi
cp "$sources/install.sh" "$1"
mkdir -p "$vendor/scripts"
cp "$sources"/scripts/*.sh "$vendor/scripts"
(
  cd "$vendor"
  find . ! -type d ! -path ./manifest.sha256 -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >../manifest.sha256
  mv ../manifest.sha256 .
)
rm -f "$2"  # makeself warns of a file that is there
makeself --quiet --nomd5 --nocrc --sha256 --tar-format ustar --tar-extra "--owner=0 --group=0 --numeric-owner" \
  --header "$sources/run_header.sh" "$1" "$2" "operator package of aclnn_moe" ./install.sh
