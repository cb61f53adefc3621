#!/bin/sh
# The receipts in one go: what git keeps holds no secret and nothing of a home, and every test passes.
# --print shows the steps and runs none.
set -eu
cd "$(dirname "$0")/.."
step() {
  echo "$*"
  if [ "${print:-}" = "" ]; then "$@"; fi
}
case "${1:-}" in
  "") ;;
  --print) print=1 ;;
  *) echo "say nothing, or --print" >&2; exit 2 ;;
esac
step npm run --silent check -- boundary secrets
step npm test
