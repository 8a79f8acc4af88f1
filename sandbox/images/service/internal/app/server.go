package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is one running service.
type Server struct {
	config  Config
	started time.Time
	mux     *http.ServeMux
	checks  []*Check
	redis   *redis.Client
	mongo   *Mongo
	client  *http.Client // for vendors and other services
	log     *log.Logger
	stop    []func(context.Context)
	sockets sync.WaitGroup // WebSockets, which net/http does not wait for
}

// New wires the service that config.Name says. Nothing is dialled yet: what is down shows in /health.
func New(ctx context.Context, config Config, out io.Writer) (*Server, error) {
	s := &Server{
		config: config, started: time.Now(), mux: http.NewServeMux(), client: newClient(),
		log: log.New(out, "", log.LstdFlags|log.LUTC),
	}
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		health, status := s.health(r.Context())
		reply(w, status, health)
	})
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"service": config.Name, "version": config.Version})
	})
	s.mux.HandleFunc("GET /whoami", s.whoami)
	build := map[string]func(context.Context) error{
		"queue": s.queue, "llm": s.llm, "storage": s.storage, "indexer": s.indexer,
		"sequences": s.sequences, "search": s.search, "reader": s.reader, "memories": s.memories,
	}
	if config.Fault == faultUnhealthy {
		s.checks = append(s.checks, &Check{Name: "build", Run: func(context.Context) error { return config.Fault.err() }})
	}
	return s, build[config.Name](ctx)
}

// Handler answers every request, with a JSON 404 and 405 as well; each answer says which container gave it.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Mech-Version", s.config.Version)
		w.Header().Set("X-Mech-Instance", hostname())
		if _, pattern := s.mux.Handler(r); pattern == "" && r.URL.Path != "/health" {
			fail(w, http.StatusNotFound, fmt.Errorf("%s has no %s %s", s.config.Name, r.Method, r.URL.Path))
			return
		}
		s.mux.ServeHTTP(w, r)
	})
}

// Close waits for the workers, who give back what they cannot end, and lets go of the databases.
func (s *Server) Close(ctx context.Context) {
	waitFor(ctx, &s.sockets)
	for _, stop := range s.stop {
		stop(ctx)
	}
}

func (s *Server) whoami(w http.ResponseWriter, r *http.Request) {
	remote, _, _ := net.SplitHostPort(r.RemoteAddr)
	reply(w, http.StatusOK, map[string]string{
		"service": s.config.Name, "instance": hostname(), "host": r.Host, "remote_addr": remote,
		"x_real_ip": r.Header.Get("X-Real-IP"), "x_forwarded_for": r.Header.Get("X-Forwarded-For"),
		"x_forwarded_proto": r.Header.Get("X-Forwarded-Proto"), "cf_connecting_ip": r.Header.Get("CF-Connecting-IP"),
	})
}

func (s *Server) logError(err error) {
	text := err.Error()
	if !strings.HasPrefix(text, "Error: ") {
		text = "Error: " + text
	}
	s.log.Print(text)
}

// refuse logs an error that is ours or a dependency's and tells the caller.
func (s *Server) refuse(w http.ResponseWriter, status int, err error) {
	s.logError(err)
	fail(w, status, err)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": strings.TrimPrefix(err.Error(), "Error: ")})
}

// decode reads a JSON body of at most 1 MiB; it answers 400 or 413 itself and then returns false.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, errors.New("the body is over 1 MiB"))
	case err != nil:
		fail(w, http.StatusBadRequest, fmt.Errorf("the body is not the JSON expected: %v", err))
	default:
		return true
	}
	return false
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout:   3 * time.Second,
		MaxIdleConnsPerHost:   16, // a new connection to R2 is a TLS handshake
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     false,
		ExpectContinueTimeout: time.Second,
	}}
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &network) && network.Timeout())
}
