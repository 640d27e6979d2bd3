#!/bin/sh
# test-branch.sh SERVICE KEY COMMAND...: runs the checked-out code of a service beside the stable ones, and COMMAND against it.
set -eu
service=$1 key=$2 port=${EDGE_PORT:-8080}
shift 2

finish() {
  code=$?
  trap - EXIT
  if [ "$code" -ne 0 ]; then
    cocktail status || true
    cocktail doctor || true
    cocktail logs --tail 1000 > cocktail-logs.txt || true
  fi
  cocktail down --purge || true
  exit "$code"
}
trap finish EXIT
trap 'exit 143' INT TERM

cocktail up --detach --port "$port" --wait-timeout 10m
cocktail branch deploy "$service" --key "$key" --path "$service" --wait-timeout 5m
export EDGE="http://localhost:$port" ROUTE="$service:$key"
"$@"
