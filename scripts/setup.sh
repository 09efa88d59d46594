#!/bin/sh
# Gets ready what building and testing need: PostgreSQL's server programs and
# the Go modules. It looks first, installs only what is missing, and says what
# it does. The places are those of testkit.FindPostgres, in the same order.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

fail() {
	say "$*" >&2
	exit 1
}

usable() { [ -x "$1/postgres" ] && [ -x "$1/initdb" ]; }

# newest prints the usable directory with the highest version among its arguments.
newest() {
	for bin in "$@"; do
		if usable "$bin"; then
			version=$(printf '%s\n' "$bin" | sed -n 's|.*[^0-9]\([0-9][0-9]*\)\(\.[0-9]*\)\{0,1\}/bin$|\1|p')
			printf '%s %s\n' "${version:-0}" "$bin"
		fi
	done | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

# find_postgres prints the directory of the server programs and where it was
# found; it fails when there is none.
find_postgres() {
	if [ -n "${UNOACTOR_PG_BIN:-}" ]; then
		usable "$UNOACTOR_PG_BIN" || fail "UNOACTOR_PG_BIN=$UNOACTOR_PG_BIN: no postgres and initdb there;" \
			"correct the variable, or unset it to look elsewhere"
		printf '%s (from UNOACTOR_PG_BIN)\n' "$UNOACTOR_PG_BIN"
		return
	fi
	found=$(command -v postgres || true)
	if [ -n "$found" ]; then
		# Follow links by hand: readlink -f is not everywhere.
		while [ -L "$found" ]; do
			target=$(readlink "$found")
			case $target in
			/*) found=$target ;;
			*) found=$(dirname "$found")/$target ;;
			esac
		done
		bin=$(cd "$(dirname "$found")" && pwd -P)
		if usable "$bin"; then
			printf '%s (from PATH)\n' "$bin"
			return
		fi
	fi
	bin=$(newest /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
		/usr/local/opt/postgresql*/bin /home/linuxbrew/.linuxbrew/opt/postgresql*/bin)
	[ -n "$bin" ] || return 1
	printf '%s (newest of the installed packages)\n' "$bin"
}

# as_root runs a command as root, or fails when that is not possible without a password.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"
}

createcluster=/etc/postgresql-common/createcluster.conf

install_postgres() {
	if command -v apt-get >/dev/null; then
		if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
			fail "PostgreSQL is missing and installing it needs root; type: sudo apt-get install postgresql"
		fi
		say "PostgreSQL is missing: apt-get install postgresql postgresql-client"
		as_root apt-get update -qq
		if [ ! -e "$createcluster" ]; then
			# Otherwise the package makes and starts a server of its own, which nothing here uses.
			apt_install postgresql-common
			as_root sed -i 's/^#*create_main_cluster *=.*/create_main_cluster = false/' "$createcluster"
			say "set create_main_cluster = false in $createcluster, so that the package starts no server"
		fi
		apt_install postgresql postgresql-client
	elif command -v brew >/dev/null; then
		say "PostgreSQL is missing: brew install postgresql@17"
		brew install postgresql@17
	else
		fail "PostgreSQL is missing. Install it with your system's package manager" \
			"(for example: sudo dnf install postgresql-server), or set UNOACTOR_PG_BIN to the directory of postgres and initdb"
	fi
}

command -v go >/dev/null || fail "Go is missing: install the version that go.mod names from https://go.dev/dl/"
say "Go: $(go version | cut -d ' ' -f 3)"

if ! postgres=$(find_postgres); then
	[ -z "${UNOACTOR_PG_BIN:-}" ] || exit 1 # said above
	install_postgres
	postgres=$(find_postgres) || fail "PostgreSQL was installed, but is in none of the places looked at;" \
		"set UNOACTOR_PG_BIN to the directory of postgres and initdb"
fi
say "PostgreSQL: $postgres: $("${postgres%% (*}/postgres" --version)"

go mod download
say "Go modules: downloaded"
