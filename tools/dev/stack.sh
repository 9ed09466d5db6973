# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# stack: up, down, status, logs and env.

wait_until() { # SECONDS WHAT LOG COMMAND...
	local deadline=$((SECONDS + $1)) what=$2 log=$3
	shift 3
	until "$@"; do
		if [ $SECONDS -ge $deadline ]; then
			say "dev: gave up waiting for $what; the last log lines:"
			tail -n 15 "$STATE/log/$log"*.log >&2
			exit 1
		fi
		sleep 0.05
	done
}

lock_stack() {
	mkdir -p "$STATE"
	exec 9>"$STATE/lock"
	flock -w 600 9 || die "another ./dev works on $STATE"
}

make_folders() {
	mkdir -p "$STATE"/{run,log,db,limits,nginx,settings,secrets,heads}
	chmod 700 "$STATE/settings"
	chmod 711 "$STATE/secrets"
	# The sandbox moves the clock, in a folder that it may write.
	mkdir -p "$STATE/sandbox"
	if [ ! -L "$STATE/clock" ]; then
		printf '%s\n' "$(cat "$STATE/clock" 2>/dev/null || echo 0)" \
			>"$STATE/sandbox/clock"
		ln -sfn sandbox/clock "$STATE/clock.new"
		mv -T "$STATE/clock.new" "$STATE/clock"
	fi
	# The longest name below; sun_path holds 108 bytes.
	[ "$(printf '%s' "$STATE/run/create-payment-intent.sock" | wc -c)" \
		-lt 108 ] ||
		die "VANTAGE_STATE is too long for a Unix socket: $STATE"
}

# Ports are looked at before anything starts, so that the message is ours.
choose_ports() {
	case $PORT in
	*[!0-9]* | '') die "VANTAGE_PORT is no port: $PORT" ;;
	esac
	if ! leader_alive nginx || [ "$(kept port)" != "$PORT" ]; then
		if port_taken "$PORT"; then
			die "port $PORT is taken by another program;" \
				"choose one: VANTAGE_PORT=8081 ./dev up"
		fi
	fi
	SANDBOX_PORT=${VANTAGE_SANDBOX_PORT:-$(kept sandbox_port)}
	if [ "$SANDBOX" = 1 ] && { ! leader_alive sandbox-nginx ||
		[ "$(kept sandbox_port)" != "$SANDBOX_PORT" ]; }; then
		if [ -n "$SANDBOX_PORT" ] && port_taken "$SANDBOX_PORT"; then
			[ -z "${VANTAGE_SANDBOX_PORT-}" ] ||
				die "port $SANDBOX_PORT (VANTAGE_SANDBOX_PORT)" \
					"is taken by another program"
			SANDBOX_PORT=
		fi
	fi
	[ -n "$SANDBOX_PORT" ] || SANDBOX_PORT=$(free_port)
	keep port "$PORT"
	keep sandbox_port "$SANDBOX_PORT"
	SANDBOX_URL=http://127.0.0.1:$SANDBOX_PORT
}

migrate() {
	local log=$STATE/log/migrate.log words=()
	[ "$LIVE" = 0 ] || words=(--live)
	env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 VANTAGE_DB="$DB" \
		VANTAGE_STATE="$STATE" "$BUILD/bin/vantage" migrate "${words[@]}" \
		>"$log" 2>&1 9>&- || {
		tail -n 20 "$log" >&2
		die "the database could not be prepared"
	}
	[ "$SEPARATE" = 1 ] || return 0
	# keeper alone signs, and writes where the signed heads are.
	chown "$(uid_of keeper)" "$STATE/heads" "$STATE/statement.key"
	# Every worker counts calls.
	(umask 007 && : >>"$STATE/limits/limits.db")
	chown -R "$(uid_of keeper):$GID_READ" "$STATE/limits"
	chmod 2770 "$STATE/limits"
	# Who is in the folder may read; the group of writers may write.
	chown "$(uid_of keeper):$GID_READ" "$(dirname "$DB")"
	chmod 750 "$(dirname "$DB")"
	find "$(dirname "$DB")" -mindepth 1 \
		-exec chown "$(uid_of keeper):$GID_WRITE" {} + \
		-exec chmod ug+rw,o+r,o-w {} +
}

ready() {
	[ "$(curl -s -o /dev/null --max-time 5 -w '%{http_code}' \
		"$URL/api/ready")" = 200 ]
}

# Everything that was started is there, or we know early that it is not.
ready_or_dead() {
	local name
	for name in "${STARTED[@]}"; do
		if ! leader_alive "$name"; then
			say "dev: $name ended at once; its last log lines:"
			tail -n 15 "$STATE/log/$name"*.log >&2
			exit 1
		fi
	done
	ready
}

cmd_up() {
	local name built
	STARTED=()
	# The tests start many stacks out of one tree that is built.
	if [ "${VANTAGE_BUILT-}" != 1 ]; then
		# shellcheck disable=SC2086 # lists of words
		packages_install $PACKAGES_BUILD $PACKAGES_RUN
		build "$BUILD"
	fi
	lock_stack
	make_folders
	choose_settings
	SEPARATE=$(separate_users)
	if [ "$SEPARATE" = 0 ] && [ "$(id -u)" = 0 ]; then
		step "this folder (or the database's) is not for other users:" \
			"everything runs as root"
	fi
	choose_ports
	if [ "$SANDBOX" = 1 ]; then
		start_sandbox
		connect_sandbox
	fi
	load_settings
	keep summary "$(printf '%s\n' "$URL" "$STRIPE_BASE" "$DB")"
	migrate
	mapfile -t built < <(built_names)
	nginx_files
	for name in "${built[@]}"; do
		start_process "$name"
	done
	start_nginx nginx "$STATE/nginx" dev.conf
	[ "${#STARTED[@]}" = 0 ] || step "started ${STARTED[*]}"
	wait_until 60 "/api/ready" "" ready_or_dead
	report_up
}

report_up() {
	cat <<EOF
Vantage tokens is at $URL

  buy tokens      $URL/buy
  sign-in, cards  $([ "$SIMULATED_STRIPE" = 1 ] &&
		printf 'simulated; try 4242 4242 4242 4242' ||
		printf 'Stripe at %s' "$STRIPE_BASE")
  the whole story ./dev demo
  a session       ./dev token ada@example.com
  keys for tools  eval "\$(./dev env)"
  logs, stopping  ./dev logs, ./dev down
EOF
}


need_stack() {
	leader_alive nginx || die "nothing runs in $STATE; start it: ./dev up"
	PORT=$(kept port)
	URL=http://127.0.0.1:$PORT
	SANDBOX_PORT=$(kept sandbox_port)
	SANDBOX_URL=http://127.0.0.1:$SANDBOX_PORT
}

cmd_down() {
	[ -d "$STATE/run" ] || return 0
	lock_stack
	# nginx first, so that nothing new reaches a worker that ends.
	stop nginx
	# shellcheck disable=SC2046 # names without blanks
	stop $(process_names | grep -v '^keeper$')
	stop keeper
	stop sandbox-nginx
	stop sandbox
	rm -f "$STATE"/run/*
}

private_kib() {
	local rollup
	# A process that keeps others of its user from looking into it shows
	# only this; its code's pages are missing from it.
	if ! rollup=$(cat "/proc/$1/smaps_rollup" 2>/dev/null) ||
		[ -z "$rollup" ]; then
		awk '/^RssAnon:/ { print $2 }' "/proc/$1/status"
		return
	fi
	awk '/^Private_/ { n += $2 } END { print n }' <<<"$rollup"
}

uptime_text() { # PID
	local ticks now seconds
	ticks=$(stat_field "$1" 22)
	read -r now _ </proc/uptime
	seconds=$((${now%.*} - ticks / $(getconf CLK_TCK)))
	printf '%dd %02d:%02d:%02d' $((seconds / 86400)) \
		$((seconds / 3600 % 24)) $((seconds / 60 % 60)) $((seconds % 60))
}

cmd_status() {
	local name pids pid comm down=0 total=0 kib
	printf '%-24s %-14s %8s %14s %14s\n' process program pid \
		'private KiB' uptime
	for name in $(all_names | tac); do
		mapfile -t pids < <(members "$name")
		if [ -z "${pids[*]-}" ]; then
			[ ! -e "$STATE/run/$name.pid" ] || {
				printf '%-24s %s\n' "$name" 'not running'
				down=1
			}
			continue
		fi
		for pid in "${pids[@]}"; do
			comm=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
			kib=$(private_kib "$pid" 2>/dev/null) || continue
			total=$((total + kib))
			printf '%-24s %-14s %8s %14s %14s\n' "$name" "$comm" \
				"$pid" "$kib" "$(uptime_text "$pid")"
		done
	done
	printf '%-24s %-14s %8s %14s\n' 'all together' '' '' "$total"
	[ $total -gt 0 ] && [ $down = 0 ]
}

cmd_logs() {
	[ -d "$STATE/log" ] || die "there are no logs in $STATE"
	exec tail -n 20 -F "$STATE"/log/*.log
}


cmd_env() {
	need_stack
	choose_settings
	load_settings
	printf 'export %s=%q\n' VANTAGE_URL "$URL" \
		STRIPE_API_BASE "$STRIPE_BASE" STRIPE_SECRET_KEY "$STRIPE_KEY" \
		STRIPE_PUBLISHABLE_KEY "$STRIPE_PK" \
		STRIPE_WEBHOOK_SECRET "$STRIPE_HOOK" VANTAGE_DB "$DB"
}

# A new key of the service "dev", which is made when it is first asked for.
cmd_key() {
	local known words=()
	[ $# -gt 0 ] || die "usage: ./dev key SCOPE..."
	need_stack
	choose_settings
	words=(env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 VANTAGE_LOG=error
		"VANTAGE_DB=$DB" "VANTAGE_STATE=$STATE"
		"VANTAGE_CLOCK_FILE=$STATE/clock")
	known=$("${words[@]}" "$BUILD/bin/vantage" service list)
	grep -q '^dev ' <<<"$known" ||
		"${words[@]}" "$BUILD/bin/vantage" service add dev
	"${words[@]}" "$BUILD/bin/vantage" key add dev "$@"
}
