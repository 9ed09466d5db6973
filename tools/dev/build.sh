# shellcheck shell=bash disable=SC2034,SC2154 # sourced by ../../dev
#
# build: build trees.

# A tree of links in the build folder is what autoreconf and configure see,
# so that the sources stay as they were cloned, whatever is built from them.
link_tree() {
	local tree=$1/tree entry name
	mkdir -p "$tree/m4" "$tree/build-aux"
	find "$tree" -maxdepth 1 -xtype l -delete
	for entry in "$ROOT"/* "$ROOT"/.[!.]*; do
		name=${entry##*/}
		case $name in
		.git | .dev* | build* | autom4te.cache | m4 | configure | configure~ | \
			aclocal.m4 | Makefile.in | node_modules) continue ;;
		esac
		[ -L "$tree/$name" ] || ln -s "$entry" "$tree/$name"
	done
}

# build DIR [CONFIGURE OPTION]...: DIR is up to date afterwards.
build() {
	local dir=$1 tree=$1/tree log jobs
	shift
	mkdir -p "$dir"
	log=$dir/dev.log
	jobs=$(nproc)
	: >"$log"
	if [ -e "$dir/config.status" ] && [ ! -e "$dir/dev.options" ]; then
		: # someone configured it by hand, and keeps it
	else
		link_tree "$dir"
		if [ ! -e "$tree/configure" ] ||
			[ "$ROOT/configure.ac" -nt "$tree/configure" ]; then
			step "preparing the build"
			(cd "$tree" && autoreconf -i) >>"$log" 2>&1 ||
				build_failed "$log"
		fi
		# Without options, what is configured stays as it is.
		if [ ! -e "$dir/config.status" ] || { [ $# -gt 0 ] &&
			[ "$(cat "$dir/dev.options")" != "$*" ]; }; then
			step "configuring ${dir##*/} $*"
			(cd "$dir" && "$tree/configure" -q "$@") \
				>>"$log" 2>&1 || build_failed "$log"
			printf '%s\n' "$*" >"$dir/dev.options"
		fi
	fi
	if ! make -C "$dir" -q >/dev/null 2>&1; then
		step "building ${dir##*/}"
	fi
	make -C "$dir" -s -j"$jobs" >>"$log" 2>&1 || build_failed "$log"
}

build_failed() {
	tail -n 40 "$1" >&2
	die "the build failed; all of it is in $1"
}
