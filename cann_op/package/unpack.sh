# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # the lines before this file set header_lines and payload_*
# The part of the .run that runs first: checks the archive, unpacks it and starts install.sh.

usage() {
  cat <<EOF
Installs the operator package of aclnn_moe.
usage: $program [OPTION ...]
  --install-path=ABS  install into ABS/vendors, and write a set_env.bash;
                      without it: into \$ASCEND_OPP_PATH/vendors, named in its config.ini
  --install-for-all   all users may use it; else only the owner and the group
  --force             install an older version over a newer one, over a folder that no .run made, in a
                      folder of somebody else's, or libraries that cannot run on this machine
  --quiet             print errors only
  --check             check that this file is whole, and install nothing
  --extract=ABS       unpack into the new folder ABS, and install nothing
  --help              print this
EOF
}

fail() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

payload() {
  tail -c "+$(($(head -n "$header_lines" "$run" | wc -c) + 1))" "$run"
}

check() {
  [ "$(payload | wc -c)" -eq "$payload_bytes" ] ||
    fail "the file is cut off or has grown: want $payload_bytes bytes of archive, it has $(payload | wc -c); remedy: copy it again"
  [ "$(payload | sha256sum | cut -c-64)" = "$payload_sha256" ] ||
    fail "the archive was changed: its sha256 is not $payload_sha256; remedy: copy it again"
  # A link may lead to what lies below its own folder: CANN's packages have such a one.
  payload | gzip -dc | LC_ALL=C tar -tvf - | LC_ALL=C awk '
    /^l/ && $(NF - 1) == "->" && $NF !~ /^\// && $NF !~ /(^|\/)\.\.(\/|$)/ { next }
    !/^[-d]/ { print "no plain file or folder: " $0; exit 1 }' >&2 ||
    fail "the archive holds more than files and folders; remedy: build it again"
  # Names end the lines, and none of a package's has a blank.
  payload | gzip -dc | LC_ALL=C tar -tf - | LC_ALL=C awk '
    /^\// || /(^|\/)\.\.(\/|$)/ || /[^-A-Za-z0-9_.\/+]/ { print "leaves its folder: " $0; exit 1 }' >&2 ||
    fail "the archive holds a path that leaves its folder; remedy: build it again"
}

# unpack FOLDER REMEDY
unpack() {
  # As root, tar would give the files the owner that they had where they were packed.
  if ! payload | gzip -dc | tar -xof - -C "$1" || [ ! -f "$1/install.sh" ]; then
    fail "cannot unpack into $1; remedy: $2"
  fi
}

main() {
  # In the place of a closed one would come the first file that is opened.
  (: >&2) || exec 2>/dev/null
  (: <&0) 2>/dev/null || exec </dev/null
  (: >&1) 2>/dev/null || exec >/dev/null
  # They would change what the tools do.
  unset TAR_OPTIONS GZIP CDPATH
  run=$0
  program=${0##*/}
  only=
  quiet=
  for word; do
    case $word in
      --help | -h) usage; exit 0 ;;
      --check) only=check ;;
      --extract=/*) only=extract; folder=${word#*=} ;;
      --extract*) fail "$word: want an absolute path, --extract=/FOLDER" ;;
      --quiet) quiet=yes ;;
      --force | --install-for-all | --install-path*) ;;
      *) fail "unknown option $word; --help lists them" ;;
    esac
  done
  umask 077
  check
  case $only in
    check)
      [ -n "$quiet" ] || echo "$program is whole"
      exit 0
      ;;
    extract)
      mkdir "$folder" || fail "cannot make the folder $folder"
      trap 'rm -rf "$folder"' EXIT
      trap 'exit 130' HUP INT TERM
      unpack "$folder" "name a folder with more room"
      trap - EXIT
      exit 0
      ;;
  esac
  folder=$(mktemp -d) || fail "cannot make a folder in ${TMPDIR:-/tmp}; remedy: name another in TMPDIR"
  trap 'rm -rf "$folder"' EXIT
  # install.sh gets these signals too, and puts back what was there; its end is awaited.
  trap 'interrupted=yes' HUP INT TERM
  unpack "$folder" "name a folder with more room in TMPDIR"
  [ -z "${interrupted-}" ] || exit 130
  program=$program sh "$folder/install.sh" "$@" &
  installer=$!
  wait "$installer"
  status=$?
  while [ -n "${interrupted-}" ] && kill -0 "$installer" 2>/dev/null; do
    kill -TERM "$installer" 2>/dev/null
    wait "$installer"
    status=$?
  done
  exit "$status"
}

