#!/bin/bash
# The command line: usage errors, help, exit codes, and standard files that are closed, full, or have nobody at the other end.
# Scripts and timers see nothing of the program but these.
# `make check-system` runs it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh" "$@"
need_program

says() { # DESCRIPTION CODE TEXT ARGS...: stderr is exactly this, stdout empty
	local what=$1 code=$2 text=$3
	shift 3
	"$PORTFLOW" "$@" >"$WORK/out" 2>"$WORK/err"
	is "$what" "exit $?, $(cat "$WORK/err")$(cat "$WORK/out")" "exit $code, $text"
}

# -- help -----------------------------------------------------------------------------------------------------------------
mapfile -t names < <(sed -n 's/^\t\.name = "\(.*\)",$/\1/p' "$ROOT"/src/cmd/*.c)
is_ge "commands were found in the source" "${#names[@]}" 1
for form in -h --help help; do
	text=$("$PORTFLOW" $form 2>"$WORK/err")
	is "$form ends with 0 and says nothing on stderr" "$? $(cat "$WORK/err")" "0 "
	for name in "${names[@]}"; do
		grep -q "^  $name\( \|\$\)" <<<"$text" || fail "$form lists $name" "$text"
	done
done
for name in "${names[@]}"; do
	# shellcheck disable=SC2086 # a name may be two words
	text=$("$PORTFLOW" help $name) || fail "help $name" "exit $?"
	[[ $text == "Usage: portflow $name"* ]] || fail "help $name begins with its usage" "$text"
	# shellcheck disable=SC2086
	short=$("$PORTFLOW" $name -h) || fail "$name -h" "exit $?"
	[ "${#short}" -le "${#text}" ] || fail "$name -h is shorter than its manual" "$short"
done
is "as many commands in list.def as in the source" "$(grep -c '^COMMAND(' "$ROOT/src/cmd/list.def")" "${#names[@]}"
"$PORTFLOW" >"$WORK/out" 2>"$WORK/err"
is "alone: exit 64" $? 64
is "alone: nothing on stdout" "$(cat "$WORK/out")" ""
like "alone: short help on stderr" "$(cat "$WORK/err")" "^Usage: portflow"
like "--version" "$("$PORTFLOW" --version)" '^portflow [0-9]+\.[0-9]+\.[0-9]+$'
unlike "help fits 100 columns" "$("$PORTFLOW" --help)" '^.{101}'

# -- usage errors ---------------------------------------------------------------------------------------------------------
says "a mistyped command" 64 'portflow: unknown command "hlep"; did you mean "help"?' hlep
says "a mistyped option" 64 'portflow: unknown option --versoin; did you mean --version?' --versoin
says "a word too many" 64 'portflow: "help" does not know what to do with "b"' help help b
says "no file after -c" 64 'portflow: -c wants a value: -c FILE' help -c
says "control characters do not reach the terminal" 64 'portflow: unknown command "?[31m"; "portflow help" lists them' $'\e[31m'
for word in top sessions talkers export collect push import web menu; do
	"$PORTFLOW" $word >"$WORK/out" 2>"$WORK/err"
	[ "$?, $(cat "$WORK/err")" = "64, portflow: \"$word\" is planned for a later version, this one does not have it" ] ||
		fail "$word is refused as planned" "$(cat "$WORK/err")"
done
pass "planned commands are refused by name"

# -- standard files -------------------------------------------------------------------------------------------------------
"$PORTFLOW" help >/dev/full 2>"$WORK/err"
is "a full disk is told" "$? $(cat "$WORK/err")" "1 portflow: standard output: no space left, the output is not complete"
"$PORTFLOW" help >&- 2>"$WORK/err"
is "a closed stdout is told" "$? $(cat "$WORK/err")" "1 portflow: standard output: it could not be written, the output is not complete"
"$PORTFLOW" help >"$WORK/out" 2>&-
is "a closed stderr is no error where nothing is said" $? 0
"$PORTFLOW" hlep 2>&-
is "a closed stderr keeps the exit code" $? 64
"$PORTFLOW" <&- >&- 2>&-
is "all three closed keep the exit code" $? 64
exec 7> >(exec true)
wait $! # the reader is gone, the pipe is not
"$PORTFLOW" help >&7 2>"$WORK/err"
is "a reader that went away ends it quietly" "$? $(cat "$WORK/err")" "141 "
(trap '' PIPE; exec "$PORTFLOW" help >&7 2>"$WORK/err")
is "where SIGPIPE is ignored it is an error" "$? $(cat "$WORK/err")" \
	"1 portflow: standard output: it could not be written, the output is not complete"
exec 7>&-
: >"$WORK/err"
JOURNAL_STREAM=$(stat -c %d:%i "$WORK/err") "$PORTFLOW" hlep 2>"$WORK/err"
like "the journal gets a level" "$(cat "$WORK/err")" '^<3>portflow: unknown command'
JOURNAL_STREAM=1:2 "$PORTFLOW" hlep 2>"$WORK/err"
like "another journal's variable means nothing" "$(cat "$WORK/err")" '^portflow: unknown command'

# -- the user's locale ----------------------------------------------------------------------------------------------------
mkdir -p "$WORK/locale"
if localedef -i de_DE -f UTF-8 "$WORK/locale/de_DE.UTF-8" >/dev/null 2>&1; then
	export LOCPATH=$WORK/locale
	for args in help hlep; do
		LC_ALL=C "$PORTFLOW" $args >"$WORK/c" 2>&1
		LC_ALL=de_DE.UTF-8 "$PORTFLOW" $args >"$WORK/de" 2>&1
		is "$args is the same under LC_ALL=de_DE.UTF-8" "$(cat "$WORK/de")" "$(cat "$WORK/c")"
	done
else
	skip "LC_ALL=de_DE.UTF-8" "localedef cannot make a German locale here (package locales)"
fi
done_testing
