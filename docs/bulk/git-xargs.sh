#!/bin/sh
# git-xargs.sh FLAG...: flags that say where, as --github-org ORGANIZATION.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

git-xargs --branch-name immutag --commit-message "$(cat "$here/message.txt")" \
  --pull-request-title "$(sed 1q "$here/message.txt")" \
  --pull-request-description "$(sed 1,2d "$here/message.txt")" "$@" "$here/fix.sh"
