#!/bin/sh
# Everything that can be said about the source without running it, all of it
# even when an early part fails. $1 is golangci-lint, $2 is govulncheck.
set -u
cd "$(dirname "$0")/.."
lint=$1
vuln=$2
failed=""

begin() { printf 'check: %s\n' "$1"; }
wrong() { failed="$failed $1"; }

begin "formatting (gofmt)"
unformatted=$(git ls-files -co --exclude-standard '*.go' | while read -r file; do
	if [ -e "$file" ]; then gofmt -l "$file"; fi
done)
if [ -n "$unformatted" ]; then
	printf '%s\n' "$unformatted" "repair with: gofmt -w <file>"
	wrong formatting
fi

begin "go vet"
go vet ./... || wrong vet

begin "linters (.golangci.yml)"
"$lint" run ./... || wrong linters

begin "layers (internal/layers)"
go test ./internal/layers || wrong layers

begin "go.mod and go.sum are tidy"
go mod tidy -diff || {
	echo "repair with: go mod tidy"
	wrong go.mod
}

begin "known vulnerabilities (govulncheck)"
report=$(mktemp)
trap 'rm -f "$report"' EXIT
"$vuln" ./... >"$report" 2>&1
case $? in
0) echo "none reachable" ;;
3)
	cat "$report"
	wrong vulnerabilities
	;;
*)
	# It tells a database that it cannot fetch apart from everything else only in its text.
	if grep -q -e 'fetching vulnerabilities' -e 'vuln.go.dev' -e 'dial tcp' -e 'no such host' "$report"; then
		echo "SKIPPED: the vulnerability database cannot be reached from here:"
		tail -n 1 "$report"
	else
		cat "$report"
		wrong govulncheck
	fi
	;;
esac

if [ -n "$failed" ]; then
	printf 'check: FAILED:%s\n' "$failed" >&2
	exit 1
fi
echo "check: all well"
