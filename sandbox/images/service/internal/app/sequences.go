package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	sequenceKey   = "mech:sequences:"
	sequenceLease = "mech:sequences:lease:"
	openSequences = "mech:sequences:open" // a set: those that somebody has to go on with
	adoptEvery    = 2 * time.Second
	queueMisses   = 50 // five in a second: the queue may be away for so long
	maxSteps      = 50
)

// sequence is a list of jobs, run one after another on the queue.
type sequence struct {
	ID      string    `json:"id"`
	State   string    `json:"state"` // running, done, failed
	Steps   []step    `json:"steps"`
	Error   string    `json:"error,omitempty"`
	Created time.Time `json:"created"`
}

type step struct {
	Type     string          `json:"type"`
	Payload  json.RawMessage `json:"payload,omitempty"`
	TimeoutS int             `json:"timeout_s,omitempty"`
	Job      string          `json:"job,omitempty"`
	State    string          `json:"state,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

func (s *Server) sequences(ctx context.Context) error {
	if err := s.useRedis(); err != nil {
		return err
	}
	s.useService("queue", s.config.QueueURL)
	var wait sync.WaitGroup
	s.mux.HandleFunc("POST /sequences", func(w http.ResponseWriter, r *http.Request) {
		made := s.postSequence(w, r)
		if made != nil {
			wait.Go(func() { s.runSequence(ctx, made) })
		}
	})
	wait.Go(func() {
		for pause(ctx, adoptEvery) {
			for _, left := range s.adopt(ctx) {
				wait.Go(func() { s.runSequence(ctx, left) })
			}
		}
	})
	s.mux.HandleFunc("GET /sequences/{id}", s.getSequence)
	s.mux.HandleFunc("GET /backlog", s.backlog)
	s.stop = append([]func(context.Context){func(late context.Context) { waitFor(late, &wait) }}, s.stop...)
	return nil
}

// backlog is what the queue says of its jobs.
func (s *Server) backlog(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	var counts map[string]int64
	if err := s.getJSON(ctx, s.config.QueueURL+"/jobs", &counts); err != nil {
		s.refuse(w, http.StatusBadGateway, fmt.Errorf("Error: Could not reach queue at %s", s.config.QueueURL))
		return
	}
	reply(w, http.StatusOK, counts)
}

func (s *Server) postSequence(w http.ResponseWriter, r *http.Request) *sequence {
	var order struct {
		Steps []struct {
			Type     string          `json:"type"`
			Payload  json.RawMessage `json:"payload"`
			TimeoutS int             `json:"timeout_s"`
		} `json:"steps"`
	}
	if !decode(w, r, &order) {
		return nil
	}
	if len(order.Steps) == 0 || len(order.Steps) > maxSteps {
		fail(w, http.StatusBadRequest, fmt.Errorf("steps must be 1 to %d jobs", maxSteps))
		return nil
	}
	made := &sequence{ID: newID(), State: "running", Created: time.Now().UTC()}
	for i, wanted := range order.Steps {
		if runners[wanted.Type] == nil {
			fail(w, http.StatusBadRequest,
				fmt.Errorf("step %d: type %q is not one of %s", i+1, wanted.Type, strings.Join(jobTypes(), ", ")))
			return nil
		}
		made.Steps = append(made.Steps, step{Type: wanted.Type, Payload: wanted.Payload, TimeoutS: wanted.TimeoutS})
	}
	if err := s.saveSequence(r.Context(), made); err != nil {
		s.refuse(w, http.StatusServiceUnavailable, redisError(s.redis.Options().Addr, err))
		return nil
	}
	reply(w, http.StatusAccepted, made)
	return made
}

func (s *Server) getSequence(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	text, err := s.redis.Get(r.Context(), sequenceKey+id).Bytes()
	if errors.Is(err, redis.Nil) {
		fail(w, http.StatusNotFound, fmt.Errorf("there is no sequence %s", id))
		return
	}
	var found sequence
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, redisError(s.redis.Options().Addr, err))
		return
	}
	reply(w, http.StatusOK, found)
}

func (s *Server) saveSequence(ctx context.Context, made *sequence) error {
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	_, err = s.redis.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, sequenceKey+made.ID, text, jobKept)
		if made.State == "running" {
			pipe.SAdd(ctx, openSequences, made.ID)
			pipe.Set(ctx, sequenceLease+made.ID, hostname(), leaseFor)
		} else {
			pipe.SRem(ctx, openSequences, made.ID)
			pipe.Del(ctx, sequenceLease+made.ID)
		}
		return nil
	})
	return err
}

// adopt gives the sequences that nobody goes on with, because who ran them was stopped; they are ours from then on.
func (s *Server) adopt(ctx context.Context) []*sequence {
	ids, _ := s.redis.SMembers(ctx, openSequences).Result() // /health says what is wrong
	var adopted []*sequence
	for _, id := range ids {
		if ours, err := s.redis.SetNX(ctx, sequenceLease+id, hostname(), leaseFor).Result(); err != nil || !ours {
			continue
		}
		text, err := s.redis.Get(ctx, sequenceKey+id).Bytes()
		if errors.Is(err, redis.Nil) {
			s.redis.SRem(ctx, openSequences, id)
		}
		left := &sequence{}
		if err == nil && json.Unmarshal(text, left) == nil {
			adopted = append(adopted, left)
		}
	}
	return adopted
}

// runSequence goes on until a step fails, all are done, or the service is stopped: then another may go on at once.
func (s *Server) runSequence(ctx context.Context, made *sequence) {
	for i := range made.Steps {
		if made.Steps[i].State == "done" {
			continue
		}
		if err := s.runStep(ctx, made, i); err != nil {
			if ctx.Err() != nil {
				s.redis.Del(context.WithoutCancel(ctx), sequenceLease+made.ID)
				return
			}
			made.State, made.Error = "failed", fmt.Sprintf("step %d: %s", i+1, strings.TrimPrefix(err.Error(), "Error: "))
			s.logError(fmt.Errorf("Error: sequence %s: %s", made.ID, made.Error))
			break
		}
	}
	if made.State == "running" {
		made.State = "done"
	}
	if err := s.saveSequence(context.WithoutCancel(ctx), made); err != nil {
		s.logError(redisError(s.redis.Options().Addr, err))
	}
}

func (s *Server) runStep(ctx context.Context, made *sequence, i int) error {
	current := &made.Steps[i]
	body := map[string]any{"type": current.Type, "timeout_s": current.TimeoutS}
	if len(current.Payload) > 0 {
		body["payload"] = current.Payload
	}
	var job struct {
		ID, State, Error string
		Result           json.RawMessage
	}
	misses := 0
	for {
		err := s.askQueue(ctx, made.ID, i, current, body, &job)
		switch status := statusOf(err); {
		case err == nil:
			misses = 0
		case ctx.Err() != nil:
			return ctx.Err()
		case status == http.StatusNotFound && current.Job != "":
			return errors.New("the queue no longer knows the job (was Redis flushed?)")
		case status != 0 && current.Job == "":
			return fmt.Errorf("queue answered %d", status)
		default:
			// A restart of the queue takes seconds; that is no reason to give up.
			if misses++; misses > queueMisses {
				return fmt.Errorf("Error: Could not reach queue at %s", s.config.QueueURL)
			}
		}
		if err == nil {
			current.Job, current.State, current.Result, current.Error = job.ID, job.State, job.Result, job.Error
		}
		if err := s.saveSequence(ctx, made); err != nil {
			return redisError(s.redis.Options().Addr, err)
		}
		switch job.State {
		case "done":
			return nil
		case "failed":
			return errors.New(job.Error)
		}
		if !pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// askQueue hands a step in, or asks how its job is. The key makes it the same job when it is handed in again.
func (s *Server) askQueue(ctx context.Context, id string, i int, current *step, body, job any) error {
	ctx, cancel := context.WithTimeout(ctx, leaseFor/2)
	defer cancel()
	if current.Job != "" {
		return s.getJSON(ctx, s.config.QueueURL+"/jobs/"+current.Job, job)
	}
	key := map[string]string{"Idempotency-Key": fmt.Sprintf("%s-%d", id, i)}
	return s.send(ctx, http.MethodPost, s.config.QueueURL+"/jobs", key, body, job)
}
