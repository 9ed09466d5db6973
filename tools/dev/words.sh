# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# words: words, ports and what a stack keeps.

say() { printf '%s\n' "$*" >&2; }
step() { printf '  %s\n' "$*" >&2; }
die() {
	printf 'dev: %s\n' "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root (or sudo): $*"
	fi
}

# The table's row of NAME: program kind forks db needs.
process_row() {
	local name rest
	while read -r name rest; do
		if [ "$name" = "$1" ]; then
			printf '%s\n' "$rest"
			return 0
		fi
	done <<<"$PROCESSES"
	return 1
}

process_names() {
	local name rest
	while read -r name rest; do
		[ -z "$name" ] || printf '%s\n' "$name"
	done <<<"$PROCESSES"
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# What a stack decided once and keeps: small files, closed to others.
keep() { (umask 077 && printf '%s\n' "$2" >"$STATE/settings/$1"); }
kept() { cat "$STATE/settings/$1" 2>/dev/null || printf '%s' "${2-}"; }

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
	local port
	for _ in $(seq 100); do
		port=$((20000 + RANDOM % 10000))
		if ! port_taken "$port"; then
			printf '%s\n' "$port"
			return
		fi
	done
	die "found no free port"
}
