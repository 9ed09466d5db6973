# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# nginx: the stack's nginx.

origin_of() { printf '%s\n' "$1" | sed -E 's|^(https?://[^/]+).*|\1|'; }

# The Frontend API's origin, which a publishable key of Clerk's spells.
clerk_origin() {
	local host
	host=$(printf '%s' "${CLERK_PK#pk_*_}" | base64 -d 2>/dev/null)
	host=${host%\$}
	case $host in
	127.0.0.1:*) printf 'http://%s\n' "$host" ;;
	*) printf 'https://%s\n' "$host" ;;
	esac
}

nginx_files() {
	local dir=$STATE/nginx file script frame connect img clerk
	clerk=$(clerk_origin)
	if [ "$SIMULATED_STRIPE" = 1 ]; then
		script=$SANDBOX_URL
		frame=$SANDBOX_URL
		connect=$SANDBOX_URL
		img=
	else
		script="$(origin_of "$STRIPE_JS") https://*.js.stripe.com"
		frame="$(origin_of "$STRIPE_JS") https://*.js.stripe.com https://hooks.stripe.com"
		connect="https://api.stripe.com"
		img="https://*.stripe.com"
	fi
	[ "$clerk" = "$script" ] || script="$script $clerk"
	[ "$clerk" = "$connect" ] || connect="$connect $clerk"
	mkdir -p "$dir/temp" "$dir/site"
	for file in http server location page dev; do
		sed -e "s|@NGINXDIR@|$dir|g" -e "s|@RUNDIR@|$STATE/run|g" \
			-e "s|@LOGDIR@|$STATE/log|g" -e "s|@WWWDIR@|$ROOT/www|g" \
			-e "s|@PORT@|$PORT|g" -e "s|@CSP_SCRIPT@|$script|g" \
			-e "s|@CSP_FRAME@|$frame|g" -e "s|@CSP_CONNECT@|$connect|g" \
			-e "s|@RATE@|${VANTAGE_NGINX_RATE:-200}|" \
			-e "s|@RATE_PAY@|${VANTAGE_NGINX_RATE_PAY:-20}|" \
			-e "s|@CSP_IMG@|$img|g" -e "s|@USER@|$(nginx_user)|g" \
			"$ROOT/nginx/$file.conf.in" >"$dir/$file.conf"
	done
}

nginx_user() {
	if [ "$SEPARATE" = 1 ]; then
		printf 'user www-data www-data;\n'
	elif [ "$(id -u)" = 0 ]; then
		printf 'user root root;\n'
	fi
}

# start_nginx NAME PREFIX CONFIG: starts it, or has it read what changed.
start_nginx() {
	local name=$1 prefix=$2 config=$3 stamp pid
	stamp=$(cat "$prefix"/*.conf | sha256sum)
	stamp=${stamp%% *}
	if leader_alive "$name"; then
		[ "$(stamp_of "$name")" != "$stamp" ] || return 0
		read -r pid _ <"$STATE/run/$name.pid"
		kill -HUP "$pid"
		record "$name" "$pid" "$stamp"
		return
	fi
	stop "$name"
	STARTED+=("$name")
	spawn "$name" "$stamp" env -i PATH=/usr/sbin:/usr/bin:/bin \
		/usr/sbin/nginx -p "$prefix" -c "$config" \
		-e "$STATE/log/$name-error.log"
}
