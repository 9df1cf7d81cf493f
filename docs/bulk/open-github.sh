#!/bin/sh
# open-github.sh BRANCH FILE, in a clone: opens the pull request of a branch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
gh pr create --head "$1" --title "$(sed 1q "$here/message.txt")" --body-file "$2"
