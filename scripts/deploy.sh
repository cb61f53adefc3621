#!/bin/sh
# The head of scripts/deploy.ts says what it takes.
cd "$(dirname "$0")/.." && exec node_modules/.bin/bun --config=/dev/null --no-env-file scripts/deploy.ts deploy "$@"
