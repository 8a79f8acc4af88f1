package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

const (
	pendingList = "mech:queue:pending"
	activeList  = "mech:queue:active"
	jobKey      = "mech:queue:job:"
	leaseKey    = "mech:queue:lease:"

	jobKept     = 24 * time.Hour // in Redis; MongoDB keeps results for good
	pollFor     = 2 * time.Second
	leaseFor    = 10 * time.Second
	reapEvery   = 5 * time.Second
	beatLate    = 15 * time.Second
	maxAttempts = 3
)

var (
	// A caller who asks again with the same key gets the same job, and not another one.
	idempotent = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	// Each is one step, so that a job is never in no list at all.
	addJob = redis.NewScript(`
		if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[3]) then return 0 end
		redis.call('LPUSH', KEYS[2], ARGV[2])
		return 1`)
	putBackJob = redis.NewScript(`
		if redis.call('LREM', KEYS[2], 1, ARGV[2]) == 0 then return 0 end
		redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
		redis.call('RPUSH', KEYS[3], ARGV[2])
		redis.call('DEL', KEYS[4])
		return 1`)
)

// Job is one piece of work, as callers see it.
type Job struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Payload  json.RawMessage `json:"payload,omitempty"`
	TimeoutS int             `json:"timeout_s"`
	State    string          `json:"state"` // queued, running, done, failed
	Attempts int             `json:"attempts"`
	Result   any             `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
	Worker   string          `json:"worker,omitempty"`
	Created  time.Time       `json:"created"`
	Finished *time.Time      `json:"finished,omitempty"`
}

func (s *Server) queue(ctx context.Context) error {
	if err := errors.Join(s.useRedis(), s.useMongo()); err != nil {
		return err
	}
	s.mux.HandleFunc("POST /jobs", s.postJob)
	s.mux.HandleFunc("GET /jobs", s.countJobs)
	s.mux.HandleFunc("GET /jobs/{id}", s.getJob)
	var wait sync.WaitGroup
	workers := make([]*worker, s.config.Workers)
	for i := range workers {
		w := &worker{name: fmt.Sprintf("%s/%d", hostname(), i+1)}
		w.alive(0)
		workers[i] = w
		wait.Go(func() { s.work(ctx, w) })
	}
	wait.Go(func() { s.reap(ctx) })
	s.stop = append([]func(context.Context){func(late context.Context) { waitFor(late, &wait) }}, s.stop...)
	s.checks = append(s.checks, &Check{Name: "workers", OKFor: failedFor, Run: func(context.Context) error {
		for _, w := range workers {
			if time.Now().Unix() > w.due.Load() {
				return fmt.Errorf("Error: Worker not responding: %s", w.name)
			}
		}
		return nil
	}})
	return nil
}

func (s *Server) postJob(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Type     string          `json:"type"`
		Payload  json.RawMessage `json:"payload"`
		TimeoutS int             `json:"timeout_s"`
	}
	if !decode(w, r, &order) {
		return
	}
	if runners[order.Type] == nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("type %q is not one of %s", order.Type, strings.Join(jobTypes(), ", ")))
		return
	}
	if order.TimeoutS < 0 || order.TimeoutS > 3600 {
		fail(w, http.StatusBadRequest, errors.New("timeout_s must be from 1 to 3600"))
		return
	}
	if order.TimeoutS == 0 {
		order.TimeoutS = int(s.config.JobTimeout.Seconds())
	}
	id := r.Header.Get("Idempotency-Key")
	switch {
	case id == "":
		id = newID()
	case !idempotent.MatchString(id):
		fail(w, http.StatusBadRequest, errors.New("Idempotency-Key must be 1 to 64 letters, digits, _ or -"))
		return
	}
	job := &Job{
		ID: id, Type: order.Type, Payload: order.Payload, TimeoutS: order.TimeoutS, State: "queued",
		Created: time.Now().UTC(),
	}
	text, err := json.Marshal(job)
	if err == nil {
		var added int
		added, err = addJob.Run(r.Context(), s.redis, []string{jobKey + id, pendingList}, text, id, int(jobKept.Seconds())).Int()
		if err == nil && added == 0 {
			job, err = s.loadJob(r.Context(), id) // said before
		}
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, redisError(s.redis.Options().Addr, err))
		return
	}
	reply(w, http.StatusAccepted, job)
}

func (s *Server) countJobs(w http.ResponseWriter, r *http.Request) {
	pending, err := s.redis.LLen(r.Context(), pendingList).Result()
	var active int64
	if err == nil {
		active, err = s.redis.LLen(r.Context(), activeList).Result()
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, redisError(s.redis.Options().Addr, err))
		return
	}
	reply(w, http.StatusOK, map[string]int64{"pending": pending, "active": active})
}

func (s *Server) getJob(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	job, err := s.loadJob(r.Context(), id)
	if errors.Is(err, redis.Nil) {
		// Redis forgot it (a day passed, or somebody flushed it): a finished one is in MongoDB.
		var kept struct{ JSON string }
		err := s.mongo.db.Collection("jobs").FindOne(r.Context(), bson.M{"_id": id}).Decode(&kept)
		switch {
		case errors.Is(err, mongo.ErrNoDocuments):
			fail(w, http.StatusNotFound, fmt.Errorf("there is no job %s", id))
		case err != nil:
			s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		default:
			reply(w, http.StatusOK, json.RawMessage(kept.JSON))
		}
		return
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, redisError(s.redis.Options().Addr, err))
		return
	}
	reply(w, http.StatusOK, job)
}

func (s *Server) saveJob(ctx context.Context, job *Job) error {
	text, err := json.Marshal(job)
	if err != nil {
		return err
	}
	return s.redis.Set(ctx, jobKey+job.ID, text, jobKept).Err()
}

func (s *Server) loadJob(ctx context.Context, id string) (*Job, error) {
	text, err := s.redis.Get(ctx, jobKey+id).Bytes()
	if err != nil {
		return nil, err
	}
	job := &Job{}
	return job, json.Unmarshal(text, job)
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}
