#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the package beside it: all of it, or nothing. Started by the .run (unpack.sh).
#
# The new package is made whole in a folder beside the old one, `.VENDOR.stage.*`, and put in its
# place by renaming: VENDOR to `.VENDOR.old`, new to VENDOR, and then its name into config.ini.
# What fails or is interrupted is undone; what a kill left is put right by `recover` of the next run.

main() {
  unset CDPATH
  program=${program:-install.sh}
  here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
  for payload in "$here"/packages/vendors/*; do :; done
  vendor=${payload##*/}
  # shellcheck source=scripts/vendors.sh
  . "$payload/scripts/vendors.sh"
  read_options "$@"
  check_payload
  check_libraries
  choose_root
  open_vendors
  lock "$vendors"
  recover "$vendors" "$vendor"
  compare_versions
  make_stage
  swap
}

read_options() {
  quiet=
  force=
  for_all=
  install_path=
  for word; do
    case $word in
      --quiet) quiet=yes ;;
      --force) force=yes ;;
      --install-for-all) for_all=yes ;;
      --install-path=/*) install_path=${word#*=} ;;
      --install-path*) fail "$word: want an absolute path, --install-path=/FOLDER" ;;
      *) fail "unknown option $word; --help lists them" ;;
    esac
  done
  case $install_path in
    *:* | *'
'*) fail "$install_path: a path with ':' or a line break cannot stand in ASCEND_CUSTOM_OPP_PATH" ;;
    */../* | */..) fail "$install_path: want a path without '..'" ;;
  esac
}

check_payload() {
  (
    cd "$payload" || exit
    # Every file is in the manifest, and is what it says; so is what a link leads to.
    sha256sum -c manifest.sha256 >/dev/null 2>&1 &&
      [ "$(sed 's/^.\{66\}//' manifest.sha256)" = "$(find . ! -type d ! -path ./manifest.sha256 | LC_ALL=C sort)" ]
  ) || fail "the package is damaged: its files are not those of manifest.sha256; remedy: copy the .run again"
  version=$(field "$payload/version.info" Version)
  [ -n "$version" ] || fail "the package does not say its version"
}

# unless_forced TEXT: an error, and with --force a warning.
unless_forced() {
  [ -n "$force" ] || fail "$*, or --force installs it all the same"
  warn "$*"
}

# Libraries are for this machine's processor and C library.
check_libraries() {
  machine=$(uname -m)
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null)
  libc=${libc#glibc }
  (
    cd "$payload" || exit
    # Folders linux/ARCH may be for other processors.
    find . -type f -name '*.so' \( ! -path '*/linux/*' -o -path "*/linux/$machine/*" \) |
      while IFS= read -r library; do
        check_library "$library"
      done
  ) || exit
}

check_library() {
  # The processor that an ELF file is for: bytes 18 and 19.
  case $(od -An -tu1 -j18 -N2 "$1" | tr -s ' ') in
    " 62 0") arch=x86_64 ;;
    " 183 0") arch=aarch64 ;;
    *) arch="an unknown processor" ;;
  esac
  [ "$arch" = "$machine" ] || unless_forced "${1##*/} is built for $arch, and this machine is $machine; remedy:" \
    "install the package that is built for $machine"
  needed=0
  # shellcheck disable=SC2013 # each word
  for each in $(LC_ALL=C grep -ao 'GLIBC_[0-9][0-9.]*' "$1" | sort -u); do
    ! older "$needed" "${each#GLIBC_}" || needed=${each#GLIBC_}
  done
  ! older "${libc:-0}" "$needed" || unless_forced "${1##*/} is built for glibc $needed, and this machine has" \
    "${libc:-another C library}; remedy: install a package that is built on an older system"
}

choose_root() {
  if [ -n "$install_path" ]; then
    root=$install_path
  else
    default_root
  fi
  # Slashes at the end, but of / itself, would end up in set_env.bash.
  while [ "${root%/}" != "$root" ] && [ "$root" != / ]; do
    root=${root%/}
  done
}

default_root() {
  # CANN's installers would take this variable for the target; programs read it for vendor folders.
  [ -z "${ASCEND_CUSTOM_OPP_PATH-}" ] ||
    fail "ASCEND_CUSTOM_OPP_PATH is set, so the target is not clear; remedy: give --install-path=/FOLDER, or unset it to install into ASCEND_OPP_PATH"
  root=${ASCEND_OPP_PATH-}
  case $root in
    /*) ;;
    "") fail "no target: ASCEND_OPP_PATH is not set; remedy: source CANN's set_env.sh, or give --install-path=/FOLDER" ;;
    *) fail "ASCEND_OPP_PATH is $root: want an absolute path" ;;
  esac
  [ -d "$root" ] || fail "ASCEND_OPP_PATH names $root, which is no folder; remedy: source the right set_env.sh, or give --install-path=/FOLDER"
}

open_vendors() {
  if [ -n "$for_all" ]; then
    umask 022
  else
    umask 027
  fi
  vendors=$root/vendors
  final=$vendors/$vendor
  old=$vendors/.$vendor.old
  stage=
  committed=
  swapping=
  for_others=
  # The topmost folder that has to be made: an install that fails takes it away again.
  made=
  folder=$vendors
  while [ ! -e "$folder" ] && [ ! -L "$folder" ]; do
    made=$folder
    folder=$(dirname "$folder")
  done
  trap undo EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  [ ! -L "$vendors" ] || fail "$vendors is a link; remedy: give --install-path=/FOLDER where it leads to, or remove it"
  [ ! -L "$folder" ] || [ -e "$folder" ] ||
    fail "$folder leads nowhere: it is a link to $(readlink "$folder"); remedy: make that folder, or remove the link"
  mkdir -p "$vendors" || fail "cannot make the folder $vendors; remedy: give --install-path=/FOLDER where $(id -un) may write"
  [ -w "$vendors" ] || fail "$(id -un) may not write in $vendors; remedy: run as its owner, or give --install-path=/FOLDER"
  [ -z "$(find "$root/." -prune -perm -0002 ! -perm -1000)" ] ||
    fail "$root is writable by everybody, who could put code of their own there; remedy: chmod o-w $root"
  [ -z "$(find "$vendors/." -prune -perm -0002)" ] ||
    fail "$vendors is writable by everybody, who could put code of their own there; remedy: chmod o-w $vendors"
  [ -z "$(find "$vendors/." -prune ! -user 0 ! -user "$(id -u)")" ] ||
    unless_forced "$vendors belongs to another user, who could put code of their own there; remedy: install as that user"
}

# older A B: whether version A comes before B, by their numbers and words: 1.0rc2, 1.0rc10, 1.0 (or
# 1.0.0), 1.0.post1, 1.0.1.
older() {
  awk -v a="$1" -v b="$2" '
    # Takes the first number or word off rest[i].
    function take(i) {
      sub(/^[^0-9A-Za-z]+/, "", rest[i])
      match(rest[i], /^([0-9]+|[A-Za-z]+)/)
      part[i] = RLENGTH > 0 ? tolower(substr(rest[i], 1, RLENGTH)) : ""
      if (RLENGTH > 0) rest[i] = substr(rest[i], RLENGTH + 1)
    }
    # Words come before the end, which is 0.
    function place(word) {
      return word ~ /^[0-9]/ ? word + 0 : word == "" ? 0 : word == "post" ? 0.5 : -1
    }
    BEGIN {
      rest[1] = a; rest[2] = b
      do {
        take(1); take(2)
        if (place(part[1]) != place(part[2])) exit !(place(part[1]) < place(part[2]))
        if (place(part[1]) < 0 && part[1] != part[2]) exit !(part[1] < part[2])
      } while (part[1] != "" || part[2] != "")
      exit 1
    }'
}

compare_versions() {
  done_text="installed $vendor $version in $final"
  [ -e "$final" ] || return 0
  # Empty, or the folder that was open to other users.
  for_others=$(find "$final/." -prune -perm -0005)
  [ -d "$final" ] || fail "$final is no folder; remedy: remove it"
  if [ ! -f "$final/manifest.sha256" ]; then
    [ -n "$force" ] || fail "$final is there and was not installed by a .run; remedy: --force replaces it"
    return 0
  fi
  there=$(field "$final/version.info" Version)
  there=${there:-0}
  if older "$version" "$there"; then
    [ -n "$force" ] ||
      fail "$final is version $there, newer than this $version; remedy: --force installs the older one"
    done_text="downgraded $vendor in $final from $there to $version"
  elif older "$there" "$version"; then
    done_text="upgraded $vendor in $final from $there to $version"
  else
    done_text="installed $vendor $version again in $final"
  fi
}

make_stage() {
  stage=$(mktemp -d "$vendors/.$vendor.stage.XXXXXX") || fail "cannot write in $vendors"
  new=$stage/new
  cp -RP "$payload" "$new" || fail "cannot copy the package into $vendors; what was there is unchanged"
  if [ -n "$install_path" ] || [ -f "$final/bin/set_env.bash" ]; then
    (
      mkdir "$new/bin" && write_set_env >"$new/bin/set_env.bash" &&
        cd "$new" && sha256sum ./bin/set_env.bash >>manifest.sha256
    ) ||
      fail "cannot write set_env.bash into $vendors; what was there is unchanged"
  fi
  dirs=750 files=640
  [ -z "$for_all" ] || dirs=755 files=644
  {
    find "$new" -type d -exec chmod "$dirs" {} + &&
      find "$new" -type f -exec chmod "$files" {} + &&
      chmod "$dirs" "$new/scripts/uninstall.sh"
  } || fail "cannot set the modes in $new"
  to_disk "$new" || fail "cannot write the package to the disk; what was there is unchanged"
}

write_set_env() {
  quoted="'$(printf '%s' "$final" | sed "s/'/'\\\\''/g")'"
  cat <<EOF
# Source it: programs then find this package first.
export ASCEND_CUSTOM_OPP_PATH=$quoted\${ASCEND_CUSTOM_OPP_PATH:+:\$ASCEND_CUSTOM_OPP_PATH}
export LD_LIBRARY_PATH=$quoted/op_api/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
EOF
}

swap() {
  if [ -e "$final" ]; then
    mv -T "$final" "$old" || fail "cannot move $final"
  fi
  swapping=yes
  mv -T "$new" "$final" || fail "cannot move the new package to $final"
  # A signal between config.ini and `committed` could not be undone; what remains is short.
  trap '' HUP INT TERM
  [ -n "$install_path" ] || write_config "$vendors" "$vendor" add ||
    fail "cannot write $vendors/config.ini"
  committed=yes
  to_disk "$vendors"
  say "$done_text"
  how_to_use
}

how_to_use() {
  if [ -n "$install_path" ]; then
    say "before programs use it: source $final/bin/set_env.bash"
  else
    priority=$(field "$vendors/config.ini" load_priority)
    [ "${priority%%,*}" = "$vendor" ] || say "config.ini has load_priority=$priority: the first that has an operator serves it"
    say "programs that link it need $final/op_api/lib in LD_LIBRARY_PATH"
  fi
  if [ -z "$for_all" ]; then
    [ -z "$for_others" ] ||
      warn "other users could use the package that was there, and not this one; remedy: --install-for-all"
    return
  fi
  # Folders from here up, as far as they lead.
  folder=$(cd "$vendors" && pwd -P)
  while :; do
    [ -z "$(find "$folder/." -prune ! -perm -0001)" ] ||
      warn "other users cannot enter $folder, so they cannot use the package; remedy: chmod o+x $folder"
    [ "$folder" != / ] || break
    folder=$(dirname "$folder")
  done
  config=$vendors/config.ini
  [ -n "$install_path" ] || [ -n "$(find "$config" -perm -0004)" ] ||
    warn "other users cannot read $config; remedy: chmod o+r $config"
}

# shellcheck disable=SC2317 # the trap calls it
# Runs however this script ends, but for a kill: puts back what was there, unless all is done.
undo() {
  trap '' HUP INT TERM
  if [ -n "$committed" ]; then
    rm -rf "$old"
  elif [ -n "$stage" ]; then
    # What has left the stage is in place.
    [ -z "$swapping" ] || [ -d "$new" ] || mv -T "$final" "$new"
    [ ! -d "$old" ] || [ -e "$final" ] || mv -T "$old" "$final"
  fi
  [ -z "$stage" ] || rm -rf "$stage"
  if [ -z "$committed" ] && [ -n "$made" ]; then
    folder=$vendors
    while rmdir "$folder" 2>/dev/null || [ ! -e "$folder" ]; do
      [ "$folder" != "$made" ] || break
      folder=$(dirname "$folder")
    done
  fi
}

main "$@"
exit
