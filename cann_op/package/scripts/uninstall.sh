#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Removes the operator package in whose folder `scripts` it lies; other vendors' packages stay.
# usage: uninstall.sh [--quiet]

main() {
  program=uninstall.sh
  quiet=
  for word; do
    case $word in
      --quiet) quiet=yes ;;
      *) echo "usage: uninstall.sh [--quiet]" >&2; exit 2 ;;
    esac
  done
  here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
  . "$here/vendors.sh"
  package=${here%/*}
  vendor=${package##*/}
  vendors=${package%/*}
  [ -f "$package/manifest.sha256" ] || fail "$package was not installed by a .run: it has no manifest.sha256"
  lock "$vendors"
  recover "$vendors" "$vendor"
  [ -d "$package" ] || fail "$package is not there any more"
  stage=$(mktemp -d "$vendors/.$vendor.stage.XXXXXX") || fail "cannot write in $vendors"
  trap 'rm -rf "$stage"' EXIT
  # First out of the search, then off the disk, in one step each.
  write_config "$vendors" "$vendor" remove || fail "cannot write $vendors/config.ini; nothing was removed"
  if ! mv "$package" "$stage/removed"; then
    write_config "$vendors" "$vendor" add
    fail "cannot remove $package"
  fi
  say "removed $package"
}

main "$@"
exit
