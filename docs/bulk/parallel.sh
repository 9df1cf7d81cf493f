#!/bin/sh
# parallel.sh MACHINES, with a remote on each line of its input: branch.sh on machines
# that a file names, as `ssh` knows them. They have this folder at the same place.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export BRANCH="${BRANCH:-immutag}" OPEN="${OPEN-}"

parallel --sshloginfile "$1" --env BRANCH --env OPEN \
  --joblog immutag.joblog --resume-failed --halt soon,fail=50 \
  "'$here/branch.sh' {}"
