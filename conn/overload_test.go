package conn_test

import (
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

const ms = time.Millisecond

func codel() *conn.Overload {
	var o conn.Overload
	o.Set(50*ms, 1000*ms)
	o.Served(0, 0)
	return &o
}

func TestAnOverloadIsAShortestWaitBeyondTheTargetForAWholeInterval(t *testing.T) {
	o := codel()
	for at := 1000 * ms; at <= 1900*ms; at += 100 * ms {
		o.Served(at, 60*ms)
		if o.TooLong(time.Hour) {
			t.Fatalf("at %v the interval is not over", at)
		}
	}
	o.Served(2000*ms, 60*ms)
	if !o.TooLong(101*ms) || o.TooLong(100*ms) {
		t.Error("after an interval of long waits, more than twice the target is too long, and no less")
	}
}

func TestOneShortWaitInAnIntervalIsNoOverload(t *testing.T) {
	o := codel()
	o.Served(1000*ms, 900*ms)
	o.Served(1500*ms, 10*ms)
	o.Served(1900*ms, 900*ms)
	o.Served(2000*ms, 900*ms)
	if o.TooLong(time.Hour) {
		t.Error("the shortest wait was below the target")
	}
}

func TestAQueueThatEmptiedIsNoOverload(t *testing.T) {
	o := codel()
	o.Served(1000*ms, 900*ms)
	o.Emptied()
	o.Served(2000*ms, 900*ms)
	if o.TooLong(time.Hour) {
		t.Error("the queue was empty in between")
	}
}

func TestAQueueThatNobodyServesIsAnOverload(t *testing.T) {
	o := codel()
	o.Look(1000*ms, 300*ms)
	o.Look(2000*ms, 1300*ms)
	if !o.TooLong(101 * ms) {
		t.Error("nobody was served for an interval, and the head of the queue has waited for longer than the target")
	}
}

func TestAnOverloadEndsWithTheFirstIntervalOfShortWaits(t *testing.T) {
	o := codel()
	o.Served(1000*ms, 900*ms)
	o.Served(2000*ms, 900*ms)
	if !o.TooLong(101 * ms) {
		t.Fatal("no overload to begin with")
	}
	o.Served(2500*ms, 10*ms)
	o.Served(3000*ms, 10*ms)
	if o.TooLong(time.Hour) {
		t.Error("the overload is over")
	}
}

func TestWhatWasLongAgoIsNoOverloadNow(t *testing.T) {
	o := codel()
	o.Served(1000*ms, 900*ms)
	o.Served(2000*ms, 900*ms)
	o.Served(time.Hour, 60*ms)
	if o.TooLong(time.Hour) {
		t.Error("there was no queue for an hour")
	}
}

func TestWithoutATargetNoWaitIsTooLong(t *testing.T) {
	var o conn.Overload
	o.Set(config.Never, time.Second)
	o.Served(0, time.Hour)
	o.Served(time.Hour, time.Hour)
	if o.TooLong(time.Hour) {
		t.Error("it is off")
	}
}
