# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# settings: what a process is told, and as whom it runs.

# 1 if each process gets a user of its own: we are root, the tree and the
# state folder are not inside a folder closed to others (such as /root), and
# the database is ours, so that its folder may change its owner.
separate_users() {
	local answer
	if [ "$(id -u)" != 0 ] || [ "$DB" != "$STATE/db/vantage.db" ]; then
		printf '0\n'
		return
	fi
	answer=$(setpriv --reuid "$UID_FIRST" --regid "$UID_FIRST" \
		--clear-groups sh -c "test -x '$BUILD' && test -x '$STATE' &&
		test -r '$ROOT/www' && echo 1" 2>/dev/null) || true
	printf '%s\n' "${answer:-0}"
}

uid_of() {
	local name n=$UID_FIRST
	while read -r name _; do
		[ -n "$name" ] || continue
		n=$((n + 1))
		if [ "$name" = "$1" ]; then
			printf '%s\n' "$n"
			return
		fi
	done <<<"$PROCESSES"
	printf '%s\n' "$UID_FIRST" # the sandbox
}

# The words before a program that take it away from root; none otherwise.
drop_words() {
	local name=$1 db=$2
	[ "$SEPARATE" = 1 ] || return 0
	# The watchdog ends processes of other users.
	if [ "$name" = keeper ]; then
		printf '/usr/bin/setpriv\n--reuid=%s\n--regid=%s\n--groups=%s\n' \
			"$(uid_of keeper)" "$GID_WRITE" "$GID_READ"
		printf '%s\n' --inh-caps=+kill --ambient-caps=+kill --
		return
	fi
	case $db in
	write) printf '/usr/bin/setpriv\n--reuid=%s\n--regid=%s\n--groups=%s\n--' \
		"$(uid_of "$name")" "$GID_WRITE" "$GID_READ" ;;
	read) printf '/usr/bin/setpriv\n--reuid=%s\n--regid=%s\n--clear-groups\n--' \
		"$(uid_of "$name")" "$GID_READ" ;;
	*) printf '/usr/bin/setpriv\n--reuid=%s\n--regid=%s\n--clear-groups\n--' \
		"$(uid_of "$name")" "$(uid_of "$name")" ;;
	esac
}


# Puts a secret where only this process's user can read it.
secret_for() { # PROCESS NAME VALUE
	local dir=$STATE/secrets/$1
	(
		umask 077
		mkdir -p "$dir"
		printf '%s\n' "$3" >"$dir/$2"
		if [ "$SEPARATE" = 1 ]; then
			chown -R "$(uid_of "$1")" "$dir"
		fi
	)
	printf '%s_FILE=%s\n' "$2" "$dir/$2"
}

# SQLite keeps what a savepoint would have to undo in pieces of a kilobyte, a
# hundred of them for one spend, and gives them back at once. Of one size
# glibc keeps seven for each thread; the rest goes the long way, with a lock.
# A hundred would be a little faster still, but each of the threads that parse
# webhooks would keep as many of every size: 30 MB instead of 13.
MALLOC=GLIBC_TUNABLES=glibc.malloc.tcache_count=32

# One process's whole environment, a line a variable.
settings_for() { # PROCESS NEEDS
	local need name
	printf '%s\n' "PATH=/usr/local/bin:/usr/bin:/bin" "LC_ALL=C.UTF-8" \
		"$MALLOC" \
		"VANTAGE_DB=$DB" "VANTAGE_STATE=$STATE" \
		"VANTAGE_LIMITS_DB=$STATE/limits/limits.db" \
		"VANTAGE_PUBLIC_URL=$URL" "VANTAGE_LOG=${VANTAGE_LOG:-info}"
	[ "$LIVE" = 1 ] || printf 'VANTAGE_CLOCK_FILE=%s\n' "$STATE/clock"
	for name in $(compgen -e | grep -E '^VANTAGE_((LIMIT|POLICY|RECONCILE|KEEPER|WRITE)_|HEADS_INTERVAL_S$)' || true); do
		printf '%s=%s\n' "$name" "${!name}"
	done
	# The sanitizers' own settings, for a tree built with them.
	for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
		[ -z "${!name-}" ] || printf '%s=%s\n' "$name" "${!name}"
	done
	for need in ${2//,/ }; do
		case $need in
		*=*) printf '%s\n' "$need" ;;
		stripe)
			secret_for "$1" STRIPE_SECRET_KEY "$STRIPE_KEY"
			printf 'STRIPE_API_BASE=%s\n' "$STRIPE_BASE"
			;;
		publish)
			printf '%s\n' "STRIPE_PUBLISHABLE_KEY=$STRIPE_PK" \
				"STRIPE_JS_URL=$STRIPE_JS" \
				"CLERK_PUBLISHABLE_KEY=$CLERK_PK"
			;;
		clerk)
			printf '%s\n' "CLERK_ISSUER=$CLERK_ISS" \
				"CLERK_AUTHORIZED_PARTIES=$CLERK_PARTIES" \
				"CLERK_PUBLISHABLE_KEY=$CLERK_PK"
			if [ -n "$CLERK_KEY" ]; then
				secret_for "$1" CLERK_JWT_KEY "$CLERK_KEY"
			fi
			;;
		jwks) [ -z "$CLERK_JWKS" ] ||
			printf 'CLERK_JWKS_URL=%s\n' "$CLERK_JWKS" ;;
		stripe-hook)
			secret_for "$1" STRIPE_WEBHOOK_SECRET "$STRIPE_HOOK" ;;
		statement-key) # made by migrate() where it is not the user's
			if [ -n "$STATEMENT_KEY" ]; then
				secret_for "$1" VANTAGE_STATEMENT_KEY "$STATEMENT_KEY"
			fi
			;;
		clerk-hook)
			secret_for "$1" CLERK_WEBHOOK_SIGNING_SECRET "$CLERK_HOOK" ;;
		esac
	done
}

# A setting of the user's: NAME_FILE's content, or NAME.
given() {
	local file=$1_FILE
	if [ -n "${!file-}" ]; then
		cat "${!file}"
	else
		printf '%s' "${!1-}"
	fi
}

# The same, of one that must be there beside another.
needed() {
	local value
	value=$(given "$1")
	[ -n "$value" ] || die "$1 is needed beside $2"
	printf '%s\n' "$value"
}

# Which Stripe, which sign-in, which mode. Keys of a sandbox of ours have a
# form of their own, so that what `./dev env` put into a shell is not taken
# for the user's choice.
choose_settings() {
	local key
	key=$(given STRIPE_SECRET_KEY)
	LIVE=0
	SIMULATED_STRIPE=0
	DB=$STATE/db/vantage.db
	case $key in
	'' | sk_test_sandbox*)
		SIMULATED_STRIPE=1
		[ -n "$key" ] || DB=${VANTAGE_DB:-$DB}
		;;
	sk_live_* | rk_live_*)
		LIVE=1
		DB=${VANTAGE_DB:-$DB}
		;;
	*) DB=${VANTAGE_DB:-$DB} ;;
	esac
	SIMULATED_CLERK=0
	if [ -z "$(given CLERK_JWT_KEY)${CLERK_JWKS_URL-}" ]; then
		[ "$LIVE" = 0 ] || die "CLERK_JWT_KEY or CLERK_JWKS_URL is needed" \
			"beside a live key of Stripe"
		SIMULATED_CLERK=1
	fi
	SANDBOX=0
	if [ "$SIMULATED_STRIPE" = 1 ] || [ "$SIMULATED_CLERK" = 1 ]; then
		SANDBOX=1
	fi
}

# The settings' values, once the sandbox (if any) can be asked.
load_settings() {
	STATEMENT_KEY=$(given VANTAGE_STATEMENT_KEY)
	if [ "$SIMULATED_STRIPE" = 1 ]; then
		STRIPE_KEY=$(kept stripe_secret_key)
		STRIPE_PK=$(kept stripe_publishable_key)
		STRIPE_BASE=$SANDBOX_URL
		STRIPE_JS=$SANDBOX_URL/endive/stripe.js
		STRIPE_HOOK=$(kept stripe_webhook_secret)
	else
		STRIPE_KEY=$(given STRIPE_SECRET_KEY)
		STRIPE_PK=$(needed STRIPE_PUBLISHABLE_KEY STRIPE_SECRET_KEY)
		STRIPE_BASE=${STRIPE_API_BASE:-https://api.stripe.com}
		STRIPE_JS=${STRIPE_JS_URL:-https://js.stripe.com/endive/stripe.js}
		# `stripe listen --print-secret` has one for a machine at home.
		STRIPE_HOOK=$(needed STRIPE_WEBHOOK_SECRET STRIPE_SECRET_KEY)
	fi
	CLERK_JWKS=
	if [ "$SIMULATED_CLERK" = 1 ]; then
		CLERK_ISS=$SANDBOX_URL
		CLERK_KEY=$(kept clerk_jwt_key)
		CLERK_PK=pk_test_$(printf '127.0.0.1:%s$' "$SANDBOX_PORT" | base64)
		CLERK_PARTIES=$URL
		CLERK_HOOK=$(kept clerk_webhook_secret)
	else
		CLERK_ISS=$(needed CLERK_ISSUER "a key of Clerk's")
		CLERK_KEY=$(given CLERK_JWT_KEY)
		CLERK_JWKS=${CLERK_JWKS_URL-}
		CLERK_PK=$(needed CLERK_PUBLISHABLE_KEY "a key of Clerk's")
		CLERK_PARTIES=${CLERK_AUTHORIZED_PARTIES:-$URL}
		CLERK_HOOK=$(needed CLERK_WEBHOOK_SIGNING_SECRET \
			"a key of Clerk's")
	fi
}
