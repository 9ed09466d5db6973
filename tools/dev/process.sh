# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# process: starting, finding and stopping processes.

# Each process leads a session of its own. Its file in run/ says which pid
# that is and when it started, so that a number used again by someone else
# is never taken for ours.

stat_field() { # PID FIELD (from 3, behind the name, which may hold blanks)
	local line rest fields
	read -r line 2>/dev/null <"/proc/$1/stat" || return 1
	rest=${line##*) }
	read -r -a fields <<<"$rest"
	printf '%s\n' "${fields[$2 - 3]}"
}

BOOT=$(cat /proc/sys/kernel/random/boot_id)

record() { # NAME PID STAMP
	printf '%s %s %s %s\n' "$2" "$(stat_field "$2" 22 || echo 0)" \
		"$BOOT" "$3" >"$STATE/run/$1.pid"
}

# The pids of NAME's session, its leader first; none when it is not running.
members() {
	local leader started boot pid
	[ -e "$STATE/run/$1.pid" ] || return 0
	read -r leader started boot _ <"$STATE/run/$1.pid"
	[ "$boot" = "$BOOT" ] || return 0
	if [ ! -d "/proc/$leader" ]; then
		# The number of a session that is over may be another's by now.
		for pid in $(session_of "$leader"); do
			! is_ours "$pid" || printf '%s\n' "$pid"
		done
	elif [ "$(stat_field "$leader" 22)" = "$started" ]; then
		session_of "$leader"
	fi
}

# The pids of the session that this one leads or led, itself first.
session_of() {
	# Field 3 is the state, 6 the session; 1 and 2 are cut off.
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v leader="$1" '
		{ pid = $1; sub(/^.*\) /, "") }
		$4 != leader || $1 == "Z" { next }
		pid == leader { print pid; next }
		{ others = others pid "\n" }
		END { printf "%s", others }'
}

# Was it told of this state folder? nginx writes over its environment, and a
# worker that keeps others of its user from looking into it shows none.
is_ours() {
	[ ! -r "/proc/$1/environ" ] ||
		grep -qzxF "VANTAGE_STATE=$STATE" "/proc/$1/environ" ||
		[ "$(cat "/proc/$1/comm")" = nginx ]
} 2>/dev/null

running() { [ -n "$(members "$1")" ]; }

leader_alive() {
	local leader started boot _
	[ -e "$STATE/run/$1.pid" ] || return 1
	read -r leader started boot _ <"$STATE/run/$1.pid"
	[ "$boot" = "$BOOT" ] &&
		[ "$(stat_field "$leader" 22)" = "$started" ] 2>/dev/null &&
		[ "$(stat_field "$leader" 3)" != Z ]
}

stamp_of() {
	local stamp=
	[ ! -e "$STATE/run/$1.pid" ] ||
		read -r _ _ _ stamp <"$STATE/run/$1.pid"
	printf '%s\n' "$stamp"
}

# Asks NAME to end: its leader, which tells its children; without one, them.
ask_to_end() {
	local pids
	[ -e "$STATE/run/$1.pid" ] || return 0
	mapfile -t pids < <(members "$1")
	[ -n "${pids[*]-}" ] || return 0
	if leader_alive "$1"; then
		pids=("${pids[0]}")
	fi
	kill -TERM "${pids[@]}" 2>/dev/null || true
}

# Asks them all to end, waits, and ends what did not.
stop() {
	local name pids left deadline known=()
	for name in "$@"; do
		[ ! -e "$STATE/run/$name.pid" ] || known+=("$name")
	done
	[ -n "${known[*]-}" ] || return 0
	set -- "${known[@]}"
	for name in "$@"; do
		ask_to_end "$name"
	done
	# multiwatch sleeps over the first signal that it gets and wakes at the
	# second one.
	sleep 0.05
	for name in "$@"; do
		ask_to_end "$name"
	done
	deadline=$((SECONDS + 12))
	while :; do
		left=0
		for name in "$@"; do
			mapfile -t pids < <(members "$name")
			[ -n "${pids[*]-}" ] || continue
			# multiwatch waits for a timer of its own after a
			# restart; with its children gone it has no more to do.
			if [ "${#pids[@]}" = 1 ] && [ "$(cat \
				"/proc/${pids[0]}/comm" 2>/dev/null)" = multiwatch ]; then
				kill -KILL "${pids[0]}" 2>/dev/null || true
			elif [ $SECONDS -ge $deadline ]; then
				kill -KILL "${pids[@]}" 2>/dev/null || true
			fi
			left=1
		done
		[ $left = 1 ] || break
		sleep 0.05
	done
	for name in "$@"; do
		rm -f "$STATE/run/$name.pid" "$STATE/run/$name.sock"
	done
}

# spawn NAME STAMP COMMAND...: in a session of its own, on nobody's terminal.
spawn() {
	local name=$1 stamp=$2
	shift 2
	setsid "$@" </dev/null >>"$STATE/log/$name.log" 2>&1 9>&- &
	record "$name" $! "$stamp"
}

# Restarts a child that dies, at once; gives up on one that dies at once.
# spawn-fcgi looks for nothing along PATH.
MULTIWATCH=(/usr/bin/multiwatch -r 50 -t 1000)

# SIGUSR1 to the programs themselves: there is work.
nudge() {
	local name pids
	for name in "$@"; do
		mapfile -t pids < <(members "$name" | tail -n +2)
		[ -z "${pids[*]-}" ] || kill -USR1 "${pids[@]}" || true
	done
}

# Starts NAME unless it runs and nothing about it has changed.
start_process() {
	local name=$1 program kind forks db needs env drop stamp words
	read -r program kind forks db needs < <(process_row "$name")
	mapfile -t env < <(settings_for "$name" "$needs")
	mapfile -t drop < <(drop_words "$name" "$db")
	stamp=$({
		printf '%s\n' "${env[@]}" "${drop[@]}" "$kind $forks"
		cat "$STATE/secrets/$name"/* 2>/dev/null || true
		cat "$BUILD/$program"
	} | sha256sum)
	stamp=${stamp%% *}
	if leader_alive "$name" && [ "$(stamp_of "$name")" = "$stamp" ]; then
		return
	fi
	stop "$name"
	STARTED+=("$name")
	words=(env -i "${env[@]}")
	if [ "$kind" = worker ]; then
		words+=(spawn-fcgi -n -s "$STATE/run/$name.sock" -M 0660)
		if [ "$SEPARATE" = 1 ]; then
			words+=(-U "$(uid_of "$name")" -G www-data)
		fi
		words+=(--)
	fi
	words+=("${drop[@]}" "${MULTIWATCH[@]}" -f "$forks" --
		"$BUILD/$program")
	spawn "$name" "$stamp" "${words[@]}"
}

# Names of the table whose programs are there.
built_names() {
	local name
	for name in $(process_names); do
		[ ! -x "$BUILD/$(process_row "$name" | cut -d' ' -f1)" ] ||
			printf '%s\n' "$name"
	done
}

all_names() {
	printf 'nginx\n'
	process_names | tac
	printf 'sandbox-nginx\nsandbox\n'
}
