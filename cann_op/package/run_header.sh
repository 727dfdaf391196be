# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # makeself sets archname, totalsize, SHAsum
# Sourced by makeself, which gives the variables: writes the start of the .run, before the archive.
# The braces make the shell read all of it first: a file cut off in here is a syntax error, and runs nothing.
cat >"$archname" <<EOF
#!/bin/sh
{
payload_bytes=$totalsize
payload_sha256=$SHAsum
header_lines=$SKIP
EOF
cat "${HEADER%/*}/unpack.sh" - >>"$archname" <<'EOF'
main "$@"
exit
}
EOF
