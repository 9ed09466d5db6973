#!/bin/sh
# Writes a C file that holds the migrations named on the command line, in the
# order given, so that programs need no file beside them. The text is the
# file's own, byte for byte: its SHA-256 is what migrate records.
#
#	sh db/embed.sh db/sqlite/001_core.sql … >migrate_steps.c
set -eu
LC_ALL=C
export LC_ALL

printf '/* Made by db/embed.sh; change db/sqlite instead. */\n'
printf '#include "store/migrate_steps.h"\n\n'
printf 'const struct migrate_step migrate_steps[] = {\n'
for file in "$@"; do
	base=${file##*/}
	base=${base%.sql}
	number=${base%%_*}
	# A leading zero would make it octal, a cut line end another text.
	version=$(printf '%s\n' "$number" | sed 's/^0*//')
	if [ -n "$(tail -c 1 "$file")" ]; then
		printf '%s: no line end after the last line\n' "$file" >&2
		exit 1
	fi
	printf '\t{ %s, "%s",\n' "$version" "${base#*_}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' \
	    -e 's/^/\t    "/' -e 's/$/\\n"/' "$file"
	printf '\t},\n'
done
printf '\t{ 0, 0, 0 }\n};\n'
