# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# packages: the Debian packages that a command needs.

# package, or package:command where the command may come from elsewhere.
PACKAGES_BUILD='gcc libc6-dev make autoconf automake libtool autoconf-archive
	pkgconf:pkg-config libfcgi-dev libcurl4-openssl-dev libcjson-dev
	libsqlite3-dev libsodium-dev libssl-dev libseccomp-dev check'
PACKAGES_RUN='nginx-light:/usr/sbin/nginx spawn-fcgi multiwatch sqlite3 curl jq
	openssl ca-certificates python3'
PACKAGES_TEST='mandoc clang clang-format cppcheck shellcheck
	nodejs:node npm chromium fonts-dejavu-core git'
PACKAGES_FUZZ='clang libclang-rt-dev'

packages_missing() {
	local entry missing=() have
	have=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package} ' 2>/dev/null |
		tr '\n' ' ') "
	for entry in "$@"; do
		case $entry in
		*:*) command -v "${entry#*:}" >/dev/null && continue ;;
		esac
		case $have in
		*"ii ${entry%%:*} "*) ;;
		*)
			command -v "${entry%%:*}" >/dev/null ||
				missing+=("${entry%%:*}")
			;;
		esac
	done
	printf '%s\n' "${missing[@]}"
}

# Runs a command while no package may start a service (nginx's would).
without_services() {
	local policy=/usr/sbin/policy-rc.d made=0 status=0
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
		made=1
	fi
	"$@" || status=$?
	[ $made = 0 ] || as_root rm -f $policy
	return $status
}

packages_install() {
	local missing
	command -v dpkg-query >/dev/null ||
		die "this is not Debian; install what design and README name"
	mapfile -t missing < <(packages_missing "$@" | grep .)
	[ "${#missing[@]}" -gt 0 ] || return 0
	step "installing ${missing[*]}"
	mkdir -p "$STATE/log"
	if ! {
		as_root apt-get -q update &&
			without_services as_root env DEBIAN_FRONTEND=noninteractive \
				apt-get -qy install --no-install-recommends \
				"${missing[@]}"
	} >"$STATE/log/apt.log" 2>&1 </dev/null; then
		tail -n 20 "$STATE/log/apt.log" >&2
		die "apt-get could not install ${missing[*]}"
	fi
}
