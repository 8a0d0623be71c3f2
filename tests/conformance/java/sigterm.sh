#!/usr/bin/env bash
# sigterm.sh ROUNDS JAVA...: a service whose server is down ends within a second of SIGTERM, each time.
#
# A busy machine makes every program slow to end: the limit is a second more than one takes there that does nothing else, and
# grows with the number of processes that wait for a processor.
set -u
rounds=$1
shift
java=("$@")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Prints the milliseconds from SIGTERM to the end of the program, which is sent when it has said "running".
ending() {
  local pid start
  : >"$log" # what the program before has said
  "${java[@]}" "$@" >"$log" 2>&1 &
  pid=$!
  until grep -q running "$log"; do
    kill -0 "$pid" 2>/dev/null || { cat "$log" >&2 && return 1; }
    sleep 0.02
  done
  sleep 0.3 # the worker is in its first flush by then; should it not be, ending is only easier
  start=$(date +%s%N)
  kill -TERM "$pid"
  wait "$pid"
  echo $((($(date +%s%N) - start) / 1000000))
}

for _ in $(seq "$rounds"); do
  idle=$(ending Idle) || exit 1
  took=$(ending questdb.example.Service "http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=60000;") || exit 1
  cat "$log"
  echo "ended $took ms after SIGTERM, a program that does nothing $idle ms"
  grep -q "rows unconfirmed" "$log" || { echo "the rows that were not sent are not told" && exit 1; }
  waiting=$(cut -d. -f1 /proc/loadavg)
  share=$((waiting / $(nproc) + 1))
  [ "$took" -le $((1000 * share + idle)) ] || { echo "too slow, with $waiting processes running" && exit 1; }
done
