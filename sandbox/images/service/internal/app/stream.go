package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	streamEvery = 100 * time.Millisecond
	socketLimit = 1 << 20 // bytes of one message
)

// events writes server-sent events; the last one is `done`, by which a reader knows that nothing is missing.
type events struct {
	w    http.ResponseWriter
	sent int
}

func newEvents(w http.ResponseWriter) *events {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // nginx would keep them back until it has some kilobytes
	w.WriteHeader(http.StatusOK)
	return &events{w: w}
}

// send writes one event at once; false when the reader has gone.
func (e *events) send(name string, data any) bool {
	text, err := json.Marshal(data)
	if err != nil {
		return false
	}
	if name != "" {
		name = "event: " + name + "\n"
	}
	if _, err = fmt.Fprintf(e.w, "%sid: %d\ndata: %s\n\n", name, e.sent, text); err != nil {
		return false
	}
	e.sent++
	return http.NewResponseController(e.w).Flush() == nil
}

func (e *events) done(more map[string]any) {
	all := map[string]any{"events": e.sent}
	for key, value := range more {
		all[key] = value
	}
	e.send("done", all)
}

// streamText answers with the words of text, one event each.
func streamText(ctx context.Context, w http.ResponseWriter, text string, more map[string]any) {
	out := newEvents(w)
	for word := range strings.FieldsSeq(text) {
		if !out.send("", map[string]string{"text": word}) || !pause(ctx, streamEvery) {
			return
		}
	}
	out.done(more)
}

// getStream sends an event every `every` ms for so many seconds.
func (s *Server) getStream(w http.ResponseWriter, r *http.Request) {
	last, err := number(r, "seconds", 10, 1, 3600)
	every, wrong := number(r, "every", int(streamEvery.Milliseconds()), 10, 60_000)
	if err = errors.Join(err, wrong); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	out := newEvents(w)
	for ends := time.Now().Add(seconds(last)); time.Now().Before(ends); {
		if !out.send("", map[string]string{"instance": hostname(), "version": s.config.Version}) ||
			!pause(r.Context(), time.Duration(every)*time.Millisecond) {
			return
		}
	}
	out.done(nil)
}

func number(r *http.Request, name string, fallback, low, high int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < low || value > high {
		return 0, fmt.Errorf("%s must be a whole number from %d to %d", name, low, high)
	}
	return value, nil
}

// echo is a WebSocket that says again what it is told, until the caller leaves or the service is told to stop.
func (s *Server) echo(stopping context.Context, w http.ResponseWriter, r *http.Request) {
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // no cookies: any origin may
	if err != nil {
		return // Accept has answered
	}
	defer socket.CloseNow()
	socket.SetReadLimit(socketLimit)
	s.sockets.Add(1)
	defer s.sockets.Done()
	left := make(chan struct{})
	defer close(left)
	go func() {
		select {
		case <-stopping.Done():
			_ = socket.Close(websocket.StatusGoingAway, "the service stops; connect again")
		case <-left:
		}
	}()
	for {
		kind, message, err := socket.Read(context.Background())
		if err != nil {
			return
		}
		timed, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err = socket.Write(timed, kind, message)
		cancel()
		if err != nil {
			return
		}
	}
}
