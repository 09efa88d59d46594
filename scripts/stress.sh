#!/bin/sh
# Runs the tests with the race detector in random order, with 500 other stories for the
# model of the pool each time, again and again, until
# the time $1 (such as 90s, 5m, 1h) is over or a test fails.
set -eu
cd "$(dirname "$0")/.."
case $1 in
*h) seconds=$((${1%h} * 3600)) ;;
*m) seconds=$((${1%m} * 60)) ;;
*s) seconds=${1%s} ;;
*) echo "stress: time $1: want a whole number followed by s, m or h" >&2; exit 1 ;;
esac
end=$(($(date +%s) + seconds))
round=0
while [ "$(date +%s)" -lt "$end" ]; do
	round=$((round + 1))
	echo "stress: round $round"
	UNOACTOR_STRESS=500 go test -race -count 1 -shuffle on -p 2 -timeout 20m ./...
done
echo "stress: $round rounds without a failure"
