#!/bin/sh
# Runs every fuzz test of the module for the time $1, one after the other.
set -eu
cd "$(dirname "$0")/.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT
git ls-files -co --exclude-standard '*_test.go' | while read -r file; do
	if [ -e "$file" ]; then
		sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*testing\.F).*/\1/p' "$file" | while read -r name; do
			printf '%s ./%s\n' "$name" "$(dirname "$file")"
		done
	fi
done >"$list"
[ -s "$list" ] || { echo "fuzz: no fuzz test found" >&2; exit 1; }
while read -r name package; do
	echo "fuzz: $name in $package for $1"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" "$package" </dev/null
done <"$list"
