#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034 # vendors.sh reads program and quiet
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
  unset CDPATH
  here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
  # shellcheck source=vendors.sh
  . "$here/vendors.sh"
  package=${here%/*}
  vendor=${package##*/}
  vendors=${package%/*}
  [ -f "$package/manifest.sha256" ] || fail "$package was not installed by a .run: it has no manifest.sha256"
  lock "$vendors"
  # What begins ends: half of it would leave files that no name leads to.
  trap '' HUP INT TERM
  recover "$vendors" "$vendor"
  [ -d "$package" ] || fail "$package is not there any more"
  stage=$(mktemp -d "$vendors/.$vendor.stage.XXXXXX") || fail "cannot write in $vendors"
  trap 'rm -rf "$stage"' EXIT
  # First out of the search, then off the disk, in one step each.
  [ ! -f "$vendors/config.ini" ] || cp -p "$vendors/config.ini" "$stage/before" || fail "cannot write in $vendors"
  write_config "$vendors" "$vendor" remove || fail "cannot write $vendors/config.ini; nothing was removed"
  if ! mv "$package" "$stage/removed"; then
    [ ! -f "$stage/before" ] || mv -f "$stage/before" "$vendors/config.ini"
    fail "cannot remove $package"
  fi
  rm -rf "$stage" || fail "$package is gone, but what is left of it in $stage cannot be removed"
  say "removed $package"
}

main "$@"
exit
