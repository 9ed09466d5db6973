# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# tests: demo, test, soak, fuzz, lint and fmt.

cmd_demo() {
	need_sandbox
	VANTAGE_STATE=$STATE VANTAGE_BUILD=$BUILD exec "$ROOT/tests/demo"
}

# The programs that come from npm, in the build tree.
npm_install() {
	local dir=$BUILD/npm
	mkdir -p "$dir"
	if cmp -s "$ROOT/package-lock.json" "$dir/installed.json"; then
		return
	fi
	step "installing the tests' programs from npm"
	cp "$ROOT/package.json" "$ROOT/package-lock.json" "$ROOT/.npmrc" "$dir"
	(cd "$dir" && npm ci --ignore-scripts) >"$dir/npm.log" 2>&1 || {
		tail -n 20 "$dir/npm.log" >&2
		die "npm could not install what package-lock.json lists"
	}
	cp "$ROOT/package-lock.json" "$dir/installed.json"
}

# What tests/run and its suites are told.
test_environment() {
	export VANTAGE_ROOT=$ROOT VANTAGE_NPM=$BUILD/npm/node_modules
	export VANTAGE_BUILD_TEST=$BUILD-test VANTAGE_BUILD_SAN=$BUILD-san
	# Debian's Node is too old for them; a newer one comes with them.
	PATH=$(echo "$VANTAGE_NPM"/node-linux-*/bin):$PATH
	# Nothing of the caller's own stack reaches a test.
	local name
	for name in $(compgen -e |
		grep -E '^(STRIPE|CLERK)_|^VANTAGE_(URL|DB|PORT|STATE|SANDBOX_PORT|LIMIT_.*|POLICY_.*|BUILD)$' || true); do
		unset "$name"
	done
}

test_prepare() {
	# shellcheck disable=SC2086 # lists of words
	packages_install $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_TEST
	build "$BUILD-test" --enable-faults --enable-werror
	build "$BUILD-san" --enable-faults --enable-werror --enable-sanitizers
	# All else can be tested without them; what cannot, fails and is counted.
	(npm_install) || true
}

cmd_test() {
	test_prepare
	test_environment
	exec "$ROOT/tests/run" "$@"
}

cmd_soak() {
	local minutes=10
	[ "${1-}" != --minutes ] || minutes=${2:?how many minutes}
	test_prepare
	test_environment
	exec "$ROOT/tests/run" soak "$minutes"
}

# Of the tree that people run: no fault points, optimized.
cmd_bench() {
	# shellcheck disable=SC2086 # lists of words
	packages_install $PACKAGES_BUILD $PACKAGES_RUN
	build "$BUILD"
	make -C "$BUILD" -s -j"$(nproc)" bench >>"$BUILD/dev.log" 2>&1 ||
		build_failed "$BUILD/dev.log"
	test_environment
	exec "$ROOT/bench/run.py" --build "$BUILD" --folder "$STATE" "$@"
}

cmd_lint() {
	# shellcheck disable=SC2086 # lists of words
	packages_install $PACKAGES_RUN $PACKAGES_TEST
	npm_install
	test_environment
	exec "$ROOT/tests/lint"
}

cmd_fmt() {
	packages_install clang-format
	git -C "$ROOT" ls-files -z '*.c' '*.h' |
		(cd "$ROOT" && xargs -0 clang-format -i)
}

cmd_fuzz() {
	local seconds=60 driver
	[ "${1-}" != --seconds ] || seconds=${2:?how many seconds}
	# shellcheck disable=SC2086 # lists of words
	packages_install $PACKAGES_BUILD $PACKAGES_FUZZ
	build "$BUILD-fuzz" CC=clang --enable-fuzzers --enable-sanitizers
	rm -f "$BUILD-fuzz/crashed"
	for driver in "$BUILD-fuzz"/tests/fuzz/fuzz_*; do
		[ -x "$driver" ] || continue
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
			wait -n || true # it said so, and left a mark
		done
		fuzz_one "$driver" "${driver##*/}" "$seconds" &
	done
	wait
	[ ! -e "$BUILD-fuzz/crashed" ]
}

# New finds go to the build tree; tests/fuzz/seeds stays as it is.
fuzz_one() {
	local driver=$1 name=$2 seconds=$3 work=$BUILD-fuzz/corpus/$2 log
	log=$BUILD-fuzz/$name.log
	mkdir -p "$work"
	local words=("$work")
	[ ! -d "$ROOT/tests/fuzz/seeds/${name#fuzz_}" ] ||
		words+=("$ROOT/tests/fuzz/seeds/${name#fuzz_}")
	if "$driver" -max_total_time="$seconds" -timeout=10 \
		-artifact_prefix="$work-" -print_final_stats=1 \
		"${words[@]}" >"$log" 2>&1; then
		printf '%-20s %12s execs, no crash\n' "$name" \
			"$(awk '/number_of_executed_units/ { print $2 }' "$log")"
	else
		tail -n 30 "$log" >&2
		printf '%-20s crashed; see %s\n' "$name" "$log"
		: >"$BUILD-fuzz/crashed"
	fi
}
