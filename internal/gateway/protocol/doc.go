// Package protocol is what the gateway makes of the PostgreSQL protocol: which bytes of a client go to its backend and
// which of the backend to the client, what is put ahead, left out or made up, when a backend is needed, when it may
// serve others, and what is said when one is lost. It does no I/O, starts nothing, waits for nothing and knows no
// clock: a [Machine] is told what happens, and says in one [Output] what there is to do.
//
//	FromClient --> Want: Lease --> Leased --> ToServer, Turn: Server
//	                           \-> Refused --> ToClient
//	FromServer --> ToClient, Turn: Server | Both, or Backend: GiveBack, Turn: Client
//	ServerLost --> the same request on another backend, or ToClient, Backend: Discard
//	ClientGone --> Cancel, ToServer, Turn: Server ... until Backend: GiveBack | Discard
//
// How it goes is told, in prose and in what both sides say, by the stories in testdata.
//
// Each request that a server will answer leaves an expected reply in a queue (expect.go), in the order of the requests;
// each answer belongs to the first of them. A reply to a request of the client is passed on, one to a request of the
// gateway's own is hidden. An error in the extended protocol takes out those up to the next Sync, as the server skips
// their requests.
package protocol
