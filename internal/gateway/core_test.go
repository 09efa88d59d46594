package gateway_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway"
)

var none = []byte{0, 0, 0, 0, 0, 0}

func TestACopysEndThatCameEarlyIsNotForgottenWhenAnotherRequestIsAnswered(t *testing.T) {
	c := gateway.NewCore(false)
	for _, typ := range []byte{'Q', 'P', 'B', 'E', 'd', 'c'} {
		if !c.Client(typ, none, 0) {
			t.Fatalf("%c is refused", typ)
		}
	}
	for _, m := range []struct {
		typ  byte
		body string
	}{{'C', "SELECT 1\x00"}, {'Z', "I"}, {'1', ""}, {'2', ""}, {'G', "\x00\x00\x00"}} {
		c.Server(m.typ, []byte(m.body))
	}
	if !c.Client('P', none, 0) {
		t.Error("the COPY has all its data, but no other message may follow")
	}
}

func TestACopysEndIsNotTakenForThatOfTheNext(t *testing.T) {
	c := gateway.NewCore(false)
	for _, typ := range []byte{'Q', 'd', 'c', 'Q'} { // the first fails before it reads anything
		if !c.Client(typ, none, 0) {
			t.Fatalf("%c is refused", typ)
		}
	}
	c.Server('E', []byte{0})
	c.Server('Z', []byte("I"))
	c.Server('G', []byte{0, 0, 0})
	if c.Client('P', none, 0) {
		t.Error("the second COPY reads data, but other messages may follow")
	}
}
