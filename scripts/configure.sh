#!/bin/sh
# Writes the variables of a model's provider to a file that `nanos --env-file FILE` reads:
#
#     scripts/configure.sh openai|anthropic|custom [FILE]     FILE is .env where none is named
#
# It asks for the model, for the address of a provider of your own, and for the key, which is not
# shown. The file can be read by you alone; git keeps no .env.
set -eu
umask 077

ask() {
  printf '%s: ' "$1" >&2
  IFS= read -r said || said=""
  [ -n "$said" ] || { echo "nothing was said; nothing is written" >&2; exit 2; }
}

secret() {
  if [ -t 0 ]; then stty -echo; trap 'stty echo' EXIT; fi
  ask "$1"
  if [ -t 0 ]; then stty echo; trap - EXIT; echo >&2; fi
}

provider=${1:-}
file=${2:-.env}
case "$provider" in
  openai | anthropic)
    name=$(echo "$provider" | tr '[:lower:]' '[:upper:]')
    ask "model"
    model=$said
    secret "key"
    text="${name}_MODEL=$model
${name}_API_KEY=$said"
    ;;
  custom)
    ask "address, as http://127.0.0.1:8000/v1"
    url=$said
    ask "model"
    model=$said
    secret "key"
    text="CUSTOM_MODEL_BASE_URL=$url
CUSTOM_MODEL_NAME=$model
CUSTOM_MODEL_API_KEY=$said"
    ;;
  *)
    echo "say which: scripts/configure.sh openai|anthropic|custom [FILE]" >&2
    exit 2
    ;;
esac

# What is there already is not written over: it may hold the only copy of a key.
[ ! -e "$file" ] || { echo "$file is there already; name another file" >&2; exit 2; }
printf '%s\n' "$text" >"$file"
echo "written: $file. Use it: npm start -- --env-file $file" >&2
