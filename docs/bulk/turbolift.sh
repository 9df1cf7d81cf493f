#!/bin/sh
# turbolift.sh FLAG..., in a campaign with its repos.txt: flags of create-prs, as --draft.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

turbolift clone
turbolift foreach -- "$here/fix.sh"
turbolift commit --message "$(cat "$here/message.txt")"
# create-prs pushes the branches of all repositories that it is told of.
for clone in work/*/*; do
  if ! git -C "$clone" diff --quiet origin/HEAD HEAD; then
    echo "${clone#work/}"
  fi
done > changed.txt
turbolift create-prs --repos changed.txt --description "$here/message.txt" "$@"
