package transcript_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

func TestWhatIsReadIsWrittenTheSame(t *testing.T) {
	for side, text := range map[*transcript.Side]string{
		transcript.Client: `Query "select '{x*40000}'; -- \"it\""; Parse "" "select 1"; Parse "s" "select $1" int4 600; Bind; Bind "p" "s"; Bind "" "" "7" NULL ""; ` +
			`Describe S; Describe P "p"; Close S "s"; Execute; Execute "p" 2; Execute 2; FunctionCall 1397 "-7"; Sync; Flush; Terminate; ` +
			`CopyData "1\t\x00\n"; CopyDone; CopyFail "no"; Bind raw "\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00"`,
		transcript.Server: `ParseComplete; BindComplete; CloseComplete; NoData; PortalSuspended; EmptyQueryResponse; ParameterDescription int4 text; ` +
			`RowDescription a:int4 b:text; DataRow "1" NULL; CommandComplete "SELECT 1"; ErrorResponse 22012; ErrorResponse FATAL 57P01 "going" "why" "wait"; ` +
			`NoticeResponse 00000 "hello"; NotificationResponse "c" "payload"; ParameterStatus TimeZone "UTC"; FunctionCallResponse "7"; CopyInResponse; ` +
			`CopyOutResponse 3; CopyData "1"; CopyDone; ReadyForQuery I; ErrorResponse raw "SERROR\x00C22012\x00\x00"`,
	} {
		messages, err := side.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, m := range messages {
			all = append(all, side.Write(m))
		}
		if got := strings.Join(all, "; "); got != text {
			t.Errorf("%s\nis written\n%s", text, got)
		}
	}
}

func TestAStreamSaysWhichBytesOfAMessageThereAre(t *testing.T) {
	messages, err := transcript.Client.Read(`Sync; Query "select 1"; Sync`)
	if err != nil {
		t.Fatal(err)
	}
	b, s := bytes.Join(messages, nil), transcript.Client.Stream()
	for _, want := range []string{"", `Sync; Query [bytes 1 to 8 of 14]`, `Query [bytes 9 to 14 of 14]`, "Sync"} {
		n := map[string]int{"": 4, "Sync": 5}[want]
		if n == 0 {
			n = 6 + 3*strings.Count(want, ";")
		}
		if got := s.Write(b[:n]); got != want {
			t.Errorf("%q, not %q", got, want)
		}
		b = b[n:]
	}
}

func TestWhatIsNoMessageIsNotRead(t *testing.T) {
	for _, text := range []string{`Nothing`, `Execute x`, `Sync 1`, `Query "\q"`, `Parse "" "" float9`} {
		if _, err := transcript.Client.Read(text); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}

// FuzzWrite writes any message, and reads it back.
func FuzzWrite(f *testing.F) {
	f.Add(byte('E'), []byte("SERROR\x00VERROR\x00C22012\x00\x00"), false)
	f.Add(byte('P'), []byte("\x00select '{x*3}'\x00\x00\x00"), true)
	f.Fuzz(func(t *testing.T, typ byte, body []byte, client bool) {
		side := transcript.Server
		if client {
			side = transcript.Client
		}
		m := wire.Append(nil, typ, body)
		text := side.Write(m)
		if strings.HasPrefix(text, "Message") {
			return
		}
		if again, err := side.Read(text); err != nil || len(again) != 1 || !bytes.Equal(again[0], m) {
			t.Fatalf("%q is written %s, and read as %q, %v", m, text, again, err)
		}
	})
}
