#!/bin/sh
# branch.sh REMOTE: repairs the templates of a repository on a branch of its own.
# 0 if the branch is pushed, is there already, or has nothing to hold; another status
# if that failed, and then nothing is pushed. OPEN names a command that opens the
# pull request; it runs in the clone, with the branch and a file with the text.
set -eu
remote=$1
branch=${BRANCH:-immutag}
here=$(cd "$(dirname "$0")" && pwd)
export GIT_TERMINAL_PROMPT=0

folder=$(mktemp -d)
pushed=
finish() {
  # The next run would pass over a branch whose pull request was never opened.
  if [ -n "$pushed" ]; then
    git -C "$folder/clone" push --quiet origin --delete "$branch"
  fi
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

status=0
git ls-remote --quiet --exit-code "$remote" "refs/heads/$branch" > "$folder/heads" || status=$?
case $status in
0)
  echo "$remote: $branch is there already"
  exit
  ;;
2) ;; # There is no such branch.
*) exit "$status" ;;
esac

git clone --quiet --depth 1 "$remote" "$folder/clone"
cd "$folder/clone"
git switch --quiet --create "$branch"
immutag diff --quiet --exit-zero --output-format markdown > "$folder/body.md"
immutag fix --quiet --exit-zero > "$folder/fixed"
if git diff --quiet; then
  echo "$remote: nothing to do"
  exit
fi
git commit --quiet --all --file "$here/message.txt"
git push --quiet origin "$branch"
pushed=yes
if [ -n "${OPEN-}" ]; then
  "$OPEN" "$branch" "$folder/body.md"
fi
pushed=
echo "$remote: $branch is pushed"
