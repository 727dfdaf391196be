# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # who sources it sets program, quiet and stage
# Sourced by install.sh and uninstall.sh: a folder `vendors`, which all vendors' packages share.

# Who reads the messages may go away: that ends nothing half-way.
trap '' PIPE

say() {
  [ -n "$quiet" ] || printf '%s: %s\n' "$program" "$*" 2>/dev/null || :
}

warn() {
  [ -n "$quiet" ] || printf '%s: warning: %s\n' "$program" "$*" >&2 || :
}

fail() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

# field FILE NAME: the value of NAME in a version.info.
field() {
  sed -n "s/^$2=//p" "$1" 2>/dev/null | head -n 1
}

# lock VENDORS: one installer at a time, for as long as this process lives. The folder itself is
# locked, so nothing is left behind.
lock() {
  command -v flock >/dev/null || fail "the command flock is missing; remedy: install util-linux"
  [ -r "$1" ] || fail "$(id -un) may not read the folder $1; remedy: chmod u+r $1"
  exec 9<"$1"
  flock -w 60 9 || fail "another installer works in $1 and did not end within 60 s"
  # Whoever had it may have failed, and taken away the folder that it had made.
  [ "$(stat -Lc %d:%i /proc/self/fd/9)" = "$(stat -Lc %d:%i "$1" 2>/dev/null)" ] ||
    fail "another installer removed $1 meanwhile; remedy: run this again"
}

# recover VENDORS NAME: ends what an installer that was killed had begun.
recover() {
  for link in "$1/$2" "$1/.$2.old"; do
    [ ! -L "$link" ] || fail "$link is a link; remedy: remove it"
  done
  if [ -d "$1/.$2.old" ]; then
    if [ -e "$1/$2" ]; then
      # It had put the new package in place, whole.
      rm -rf "$1/.$2.old" || fail "cannot remove $1/.$2.old"
    else
      mv -T "$1/.$2.old" "$1/$2" || fail "cannot move $1/.$2.old to $1/$2"
      say "an install of $2 was killed: put back what was there before"
    fi
  fi
  for left in "$1/.$2.stage."*; do
    [ ! -d "$left" ] || rm -rf "$left" || fail "cannot remove $left"
  done
}

# to_disk FOLDER: everything written on its file system is on the disk.
to_disk() {
  sync -f "$1" 2>/dev/null || sync
}

# write_config VENDORS NAME add|remove: a new name comes first, one that is there keeps its place;
# other names, other lines, mode and owner stay. Needs `stage`, a folder beside it.
write_config() {
  config=$1/config.ini
  [ ! -L "$config" ] || fail "$config is a link; remedy: put the file in its place"
  if [ -e "$config" ]; then
    cp -p "$config" "$stage/config.ini" || return 1
    read_from=$config
  elif [ "$3" = remove ]; then
    return 0
  else
    read_from=/dev/null
    : >"$stage/config.ini" || return 1
  fi
  awk -v name="$2" -v action="$3" '
    !found && /^[ \t]*load_priority[ \t]*=/ {
      found = 1
      sub(/^[^=]*=/, "")
      count = split($0, names, ",")
      kept = ""
      for (i = 1; i <= count; i++) {
        sub(/^[ \t]+/, "", names[i])
        sub(/[ \t\r]+$/, "", names[i])
        if (names[i] == name) {
          known = 1
          if (action == "remove") continue
        }
        if (names[i] != "") kept = kept (kept == "" ? "" : ",") names[i]
      }
      if (action == "add" && !known) kept = name (kept == "" ? "" : ",") kept
      if (kept != "") print "load_priority=" kept
      next
    }
    { print }
    END { if (!found && action == "add") print "load_priority=" name }
  ' "$read_from" >"$stage/config.ini" || return 1
  cmp -s "$stage/config.ini" "$config" && return
  # As CANN does: no vendor left, no file.
  if [ ! -s "$stage/config.ini" ]; then
    rm -f "$config"
    return
  fi
  to_disk "$stage" && mv -f "$stage/config.ini" "$config"
}
