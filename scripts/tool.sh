#!/bin/sh
# Builds the Go program $2 (path@version) into the file $1.
set -eu
mkdir -p "$(dirname "$1")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
GOFLAGS='' GOBIN="$dir" go install "$2"
mv "$dir"/* "$1"
