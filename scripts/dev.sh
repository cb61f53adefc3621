#!/bin/sh
# `nanos serve` from this checkout, with the variables of .env where scripts/configure.sh wrote one.
# What is given goes to nanos: scripts/dev.sh --port 9000
cd "$(dirname "$0")/.."
if [ -f .env ]; then set -- --env-file .env "$@"; fi
exec node_modules/.bin/bun --config=/dev/null --no-env-file --no-install \
  --tsconfig-override=/dev/null src/cli/main.ts serve "$@"
