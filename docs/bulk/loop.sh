#!/bin/sh
# loop.sh, with a remote on each line of its input: branch.sh for one after the other.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

failed=0
# The last line need not end in a line break.
while IFS= read -r remote || [ -n "$remote" ]; do
  status=0
  "$here/branch.sh" "$remote" < /dev/null || status=$?
  case $status in
  0) ;;
  130) exit 130 ;;
  *)
    echo "$remote: failed with status $status" >&2
    failed=$((failed + 1))
    ;;
  esac
done
if [ "$failed" -gt 0 ]; then
  echo "$failed failed" >&2
  exit 1
fi
