#!/bin/sh
# multi-gitter.sh FLAG...: flags that say where, as --org ORGANIZATION.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

multi-gitter run "$here/fix.sh" --branch immutag \
  --commit-message "$(cat "$here/message.txt")" "$@"
