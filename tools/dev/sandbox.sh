# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# sandbox: the sandbox: starting it, and driving it.

control() { # METHOD PATH [NAME=VALUE]...
	local method=$1 path=$2 words=() pair
	shift 2
	for pair in "$@"; do
		words+=(--data-urlencode "$pair")
	done
	curl -sS --fail-with-body --max-time 120 -X "$method" "${words[@]}" \
		--unix-socket "$STATE/run/sandbox-control.sock" \
		"http://sandbox$path"
}

# A call to the local Stripe as any of its clients would make it.
sandbox_api() { # METHOD PATH [NAME=VALUE]...
	local method=$1 path=$2 words=() pair
	shift 2
	for pair in "$@"; do
		words+=(--data-urlencode "$pair")
	done
	curl -sS --fail-with-body --max-time 20 -X "$method" "${words[@]}" \
		-H "Stripe-Version: 2026-10-28.endive" \
		-K <(printf 'header = "Authorization: Bearer %s"\n' \
			"$(kept stripe_secret_key)") "$SANDBOX_URL$path"
}

sandbox_nginx_files() {
	local dir=$STATE/sandbox-nginx
	mkdir -p "$dir/temp"
	sed -e "s|@PREFIX@|$dir|g" -e "s|@RUNDIR@|$STATE/run|g" \
		-e "s|@LOGDIR@|$STATE/log|g" -e "s|@PORT@|$SANDBOX_PORT|g" \
		-e "s|@USER@|$(nginx_user)|g" -e "s|@WWWDIR@|$ROOT/sandbox/www|g" \
		"$ROOT/sandbox/alone/nginx.conf.in" >"$dir/nginx.conf"
	if [ "$(kept outage off)" = refuse ]; then
		sed -i '/listen 127.0.0.1:/d' "$dir/nginx.conf"
	fi
}

start_sandbox() {
	local env drop stamp
	[ -n "$(kept stripe_secret_key)" ] ||
		keep stripe_secret_key "sk_test_sandbox$(random_hex 16)"
	[ -n "$(kept stripe_publishable_key)" ] ||
		keep stripe_publishable_key "pk_test_sandbox$(random_hex 16)"
	[ -n "$(kept clerk_webhook_secret)" ] ||
		keep clerk_webhook_secret "whsec_$(head -c 24 /dev/urandom | base64)"
	mapfile -t env < <(
		printf '%s\n' "PATH=/usr/local/bin:/usr/bin:/bin" \
			"LC_ALL=C.UTF-8" "VANTAGE_STATE=$STATE" \
			"VANTAGE_LOG=${VANTAGE_LOG:-info}" \
			"VANTAGE_CLOCK_FILE=$STATE/clock" \
			"VANTAGE_SANDBOX_DB=$STATE/sandbox/sandbox.db" \
			"VANTAGE_SANDBOX_URL=$SANDBOX_URL" \
			"VANTAGE_PUBLIC_URL=$URL"
		secret_for sandbox STRIPE_SECRET_KEY "$(kept stripe_secret_key)"
		printf 'STRIPE_PUBLISHABLE_KEY=%s\n' \
			"$(kept stripe_publishable_key)"
	)
	mapfile -t drop < <(drop_words sandbox none)
	stamp=$({
		printf '%s\n' "${env[@]}" "${drop[@]}"
		cat "$BUILD/sandbox/vantage-sandbox"
	} | sha256sum)
	stamp=${stamp%% *}
	if ! leader_alive sandbox || [ "$(stamp_of sandbox)" != "$stamp" ]; then
		stop sandbox
		STARTED+=(sandbox)
		local words=(-s "$STATE/run/sandbox.sock" -M 0660)
		if [ "$SEPARATE" = 1 ]; then
			words+=(-U "$(uid_of sandbox)" -G www-data)
			chown -R "$(uid_of sandbox)" "$STATE/sandbox"
		fi
		spawn sandbox "$stamp" env -i "${env[@]}" \
			spawn-fcgi -n "${words[@]}" -- "${drop[@]}" \
			"${MULTIWATCH[@]}" -f 1 -- "$BUILD/sandbox/vantage-sandbox"
	fi
	sandbox_nginx_files
	start_nginx sandbox-nginx "$STATE/sandbox-nginx" nginx.conf
	wait_until 20 "the sandbox to answer" sandbox sandbox_answers
}

sandbox_answers() { control GET /_sandbox/state >/dev/null 2>&1; }

# Tells the sandbox where our webhooks are, once for each address.
connect_sandbox() {
	local answer
	if [ "$SIMULATED_STRIPE" = 1 ] &&
		[ "$(kept webhook_url)" != "$URL" ]; then
		if [ -n "$(kept webhook_endpoint)" ]; then
			sandbox_api DELETE \
				"/v1/webhook_endpoints/$(kept webhook_endpoint)" \
				>/dev/null 2>&1 || true # forgotten by a reset
		fi
		answer=$(sandbox_api POST /v1/webhook_endpoints \
			"url=$URL/api/webhooks/stripe" "enabled_events[]=*" \
			"api_version=2026-10-28.endive") ||
			die "the sandbox takes no webhook endpoint: $answer"
		keep webhook_endpoint "$(jq -r .id <<<"$answer")"
		keep stripe_webhook_secret "$(jq -r .secret <<<"$answer")"
		keep webhook_url "$URL"
	fi
	if [ "$SIMULATED_CLERK" = 1 ]; then
		control POST /_sandbox/clerk-endpoint \
			"url=$URL/api/webhooks/clerk" \
			"secret=$(kept clerk_webhook_secret)" >/dev/null
		keep clerk_jwt_key "$(control GET /_sandbox/clerk/public.pem)"
	fi
}

# The local Stripe without the rest, in the foreground. Options come last, so
# that they win.
cmd_sandbox() {
	if [ "${VANTAGE_BUILT-}" != 1 ]; then
		# shellcheck disable=SC2086 # lists of words
		packages_install $PACKAGES_BUILD $PACKAGES_RUN
		build "$BUILD"
	fi
	exec "$BUILD/sandbox/vantage-sandbox" --www "$ROOT/sandbox/www" \
		--dir "$STATE/alone" --port "${VANTAGE_SANDBOX_PORT:-9555}" "$@"
}

need_sandbox() {
	need_stack
	running sandbox || die "there is no sandbox in this stack"
}

query() { sqlite3 -batch -init /dev/null "file:$DB?mode=ro" "$1"; }

user_stored() { # EMAIL ROLE, which may be empty
	[ -n "$(query "SELECT 1 FROM users WHERE deleted_at IS NULL
		AND email_verified AND ('$2' = '' OR role = '$2')
		AND lower(email) = lower('${1//\'/\'\'}')" 2>/dev/null)" ]
}

cmd_token() {
	local email='' role='' word answer
	for word in "$@"; do
		case $word in
		--admin) role="admin" ;;
		-*) die "unknown option $word" ;;
		*) email=$word ;;
		esac
	done
	case $email in
	?*@?*) ;;
	*) die "usage: ./dev token EMAIL [--admin]" ;;
	esac
	need_sandbox
	choose_settings
	answer=$(control POST /_sandbox/user "email=$email" \
		${role:+"role=$role"}) ||
		die "the sandbox did not make the user: $answer"
	wait_until 20 "the user to be stored" clerk-webhook \
		user_stored "$email" "$role"
	answer=$(control POST /_sandbox/token "email=$email" ttl_s=43200) ||
		die "the sandbox gave no token: $answer"
	jq -r .jwt <<<"$answer"
}

seconds_of() { # 31d, 5m, ...
	local number=${1%[smhd]}
	case $number in
	'' | *[!0-9]*) die "a time is a number and s, m, h or d: $1" ;;
	esac
	case $1 in
	*s) printf '%s\n' "$number" ;;
	*m) printf '%s\n' $((number * 60)) ;;
	*h) printf '%s\n' $((number * 3600)) ;;
	*d) printf '%s\n' $((number * 86400)) ;;
	*) die "a time is a number and s, m, h or d: $1" ;;
	esac
}

# The rest of cmd_up's knowledge, for a command that restarts a part.
know_stack() {
	need_sandbox
	choose_settings
	SEPARATE=$(separate_users)
	load_settings
	STARTED=()
}

# Registers our webhooks at the sandbox again; who checks them starts anew.
reconnect() {
	know_stack
	connect_sandbox
	load_settings
	start_process stripe-webhook
	start_process clerk-webhook
	wait_until 20 "/api/ready" stripe-webhook ready_or_dead
}

stripe_advance() {
	local seconds answer
	seconds=$(seconds_of "$1")
	choose_settings
	answer=$(control POST /_sandbox/advance "seconds=$seconds") ||
		die "the clock does not move: $answer"
	wait_until 300 "what fell due" "" nothing_due
}

# One pass over what is due on both sides; true if there was nothing.
nothing_due() {
	local due rows
	due=$(control POST /_sandbox/tick | jq -r .due) || return 1
	rows=$(rows_due)
	if [ "$rows" != 0 ]; then
		nudge keeper reconciler
		wait_until 60 "keeper and reconciler" "" no_rows_due
	fi
	[ "$due" = 0 ] && [ "$rows" = 0 ]
}

no_rows_due() { [ "$(rows_due)" = 0 ]; }

# Rows that keeper and reconciler have to work on by the stack's clock. Each
# of them gets a later time when it has been looked at.
rows_due() {
	local now
	now=$(($(date +%s%3N) + $(cat "$STATE/clock")))
	query "SELECT
		(SELECT COUNT(*) FROM events
		 WHERE state IN ('failed', 'waiting') AND next_at <= $now) +
		(SELECT COUNT(*) FROM attempts
		 WHERE state IN ('intent', 'in_flight', 'unknown')
		   AND next_at <= $now) +
		(SELECT COUNT(*) FROM orders
		 WHERE state IN ('created', 'intent_sent', 'open',
				 'processing', 'requires_action', 'paid')
		   AND pi IS NOT NULL AND updated_at <= $now - 300000
		   AND (checked_at IS NULL
			OR $now - checked_at >= checked_at - updated_at
			OR (created_at <= $now - 86400000
			    AND checked_at < created_at + 86400000)))"
}

stripe_outage() {
	local mode=$1
	if [ "$mode" = refuse ]; then
		keep outage refuse
	else
		asked POST /_sandbox/outage "mode=$mode" >/dev/null
		keep outage off
	fi
	choose_settings
	SEPARATE=$(separate_users)
	STARTED=()
	sandbox_nginx_files
	start_nginx sandbox-nginx "$STATE/sandbox-nginx" nginx.conf
	if [ "$mode" = refuse ]; then
		wait_until 10 "the port to close" sandbox-nginx \
			eval "! port_taken $SANDBOX_PORT"
	else
		wait_until 10 "the port to open" sandbox-nginx \
			port_taken "$SANDBOX_PORT"
	fi
}

stripe_events() {
	case $1 in
	resend) asked POST /_sandbox/events/resend "event=$2" ;;
	delay) asked POST /_sandbox/events mode=delay "seconds=$2" ;;
	*) asked POST /_sandbox/events "mode=$1" ;;
	esac >/dev/null
}

# What an owner would do in the dashboard; prints what became of it.
stripe_refund() {
	local intent='' amount='' course='' word
	for word in "$@"; do
		case $word in
		--pending) course=pending ;;
		--fail) course=fail ;;
		-*) die "unknown option $word" ;;
		*)
			if [ -z "$intent" ]; then
				intent=$word
			elif [ -z "$amount" ]; then
				amount=$word
			else
				die "one payment intent and one amount at most"
			fi
			;;
		esac
	done
	[ -n "$intent" ] ||
		stripe_usage refund "INTENT [AMOUNT] [--pending|--fail]"
	asked POST /_sandbox/refund "payment_intent=$intent" \
		${amount:+"amount=$amount"} ${course:+"course=$course"} |
		jq -r '"\(.id) \(.status) \(.amount) \(.currency)"'
}

# Like control, but what it refuses ends ./dev with the sandbox's own words.
asked() {
	local answer why
	answer=$(control "$@" 2>/dev/null) || {
		why=$(jq -r '.error.message // empty' <<<"$answer" 2>/dev/null)
		die "${why:-${answer:-the sandbox does not answer}}"
	}
	printf '%s\n' "$answer"
}

# A new secret beside the old one, which the sandbox signs with as well.
stripe_roll() {
	local answer
	answer=$(control POST /_sandbox/roll-secret)
	keep stripe_webhook_secret \
		"$(jq -r .secret <<<"$answer"),$(kept stripe_webhook_secret)"
	know_stack
	start_process stripe-webhook
	wait_until 20 "/api/ready" stripe-webhook ready_or_dead
}

# How one of them is called, as the list of ./dev has it.
stripe_usage() { # NAME ARGUMENTS
	die "usage: ./dev stripe $1 $2"
}

OUTAGES='off|refuse|hang|reset|500|429|garbage|truncate|lost-answer'
EVENTS='deliver|withhold|duplicate|reverse|delay N|resend EVENT'

cmd_stripe() {
	local what=${1-}
	[ -n "$what" ] || {
		usage | sed -n '/^  stripe /,/reset$/p' >&2
		exit 64
	}
	shift
	case $what in
	advance) [ $# = 1 ] || stripe_usage advance "31d (s, m, h or d)" ;;
	outage) [ $# = 1 ] || stripe_usage outage "$OUTAGES" ;;
	events)
		case ${1-} in
		resend | delay) [ $# = 2 ] ;;
		*) [ $# = 1 ] ;;
		esac || stripe_usage events "$EVENTS"
		;;
	card) [ $# = 2 ] || stripe_usage card "CUSTOMER ok|CODE" ;;
	dispute)
		[ $# = 2 ] ||
			stripe_usage dispute "INTENT open|inquiry|win|lose"
		;;
	latency) [ $# = 1 ] || stripe_usage latency MS ;;
	esac
	need_sandbox
	case $what in
	advance) stripe_advance "$1" ;;
	outage) stripe_outage "$1" ;;
	events) stripe_events "$@" ;;
	card) asked POST /_sandbox/card "customer=$1" "code=$2" >/dev/null ;;
	refund) stripe_refund "$@" ;;
	dispute)
		asked POST /_sandbox/dispute "payment_intent=$1" "action=$2" |
			jq -r '"\(.id) \(.status) \(.amount) \(.currency)"'
		;;
	latency) asked POST /_sandbox/latency "ms=$1" >/dev/null ;;
	roll-secret) stripe_roll ;;
	reset)
		control POST /_sandbox/reset >/dev/null
		keep webhook_url ''
		reconnect
		;;
	*) die "unknown: ./dev stripe $what" ;;
	esac
}
