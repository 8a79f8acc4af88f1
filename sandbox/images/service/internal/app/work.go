package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// worker is a goroutine that takes jobs; due is when it should have shown life at the latest (Unix seconds).
type worker struct {
	name string
	due  atomic.Int64
}

func (w *worker) alive(within time.Duration) { w.due.Store(time.Now().Add(within + beatLate).Unix()) }

// work takes one job after another until ctx ends; a job under way is finished first, or given back.
func (s *Server) work(ctx context.Context, w *worker) {
	patient := patience(ctx, s.config.StopTimeout)
	for ctx.Err() == nil {
		id, err := s.redis.BLMove(ctx, pendingList, activeList, "RIGHT", "LEFT", pollFor).Result()
		if err != nil {
			if errors.Is(err, redis.Nil) {
				w.alive(pollFor)
			} else {
				pause(ctx, time.Second) // /health says what is wrong
			}
			continue
		}
		s.take(patient, w, id)
		w.alive(pollFor)
	}
}

func (s *Server) take(patient context.Context, w *worker, id string) {
	ctx := context.WithoutCancel(patient)
	job, err := s.loadJob(ctx, id)
	if err != nil {
		if errors.Is(err, redis.Nil) {
			s.redis.LRem(ctx, activeList, 1, id)
		}
		return
	}
	limit := seconds(job.TimeoutS)
	w.alive(limit)
	job.State, job.Worker, job.Attempts = "running", w.name, job.Attempts+1
	s.redis.Set(ctx, leaseKey+id, w.name, leaseFor)
	_ = s.saveJob(ctx, job)
	held, release := context.WithCancel(ctx)
	go s.hold(held, w.name, id)
	timed, cancel := context.WithTimeout(patient, limit)
	result, err := runners[job.Type](timed, job.Payload)
	cancel()
	release()
	switch {
	case errors.Is(err, context.Canceled):
		// The service stops: that is not one of the job's attempts.
		job.Attempts--
		if _, err := s.requeue(ctx, job); err != nil {
			s.logError(redisError(s.redis.Options().Addr, err)) // its lease runs out, and another finds it
		}
		return
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("Error: Job timeout: %s job %s did not end in %s", job.Type, id, limit)
		s.logError(err)
	case err != nil:
		err = fmt.Errorf("Error: %s job %s failed: %w", job.Type, id, err)
		s.logError(err)
	}
	s.finish(ctx, job, result, err)
}

// finish stores what came of a job and takes it off the active list.
func (s *Server) finish(ctx context.Context, job *Job, result any, err error) {
	now := time.Now().UTC()
	job.State, job.Result, job.Finished = "done", result, &now
	if err != nil {
		job.State, job.Error = "failed", strings.TrimPrefix(err.Error(), "Error: ")
	}
	text, _ := json.Marshal(job)
	_, err = s.mongo.db.Collection("jobs").ReplaceOne(ctx, bson.M{"_id": job.ID},
		bson.M{"_id": job.ID, "type": job.Type, "state": job.State, "finished": now, "json": string(text)},
		options.Replace().SetUpsert(true))
	if err != nil {
		s.logError(s.mongo.explain(err)) // Redis still has the result for a day
	}
	_, err = s.redis.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, jobKey+job.ID, text, jobKept)
		pipe.LRem(ctx, activeList, 1, job.ID)
		pipe.Del(ctx, leaseKey+job.ID)
		return nil
	})
	if err != nil {
		s.logError(redisError(s.redis.Options().Addr, err))
	}
}

func (s *Server) hold(ctx context.Context, name, id string) {
	for pause(ctx, leaseFor/3) {
		s.redis.Set(ctx, leaseKey+id, name, leaseFor)
	}
}

// reap puts jobs back whose worker is gone: active, but without a lease in two looks in a row.
func (s *Server) reap(ctx context.Context) {
	suspects := map[string]bool{}
	for pause(ctx, reapEvery) {
		ids, err := s.redis.LRange(ctx, activeList, 0, -1).Result()
		if err != nil {
			continue
		}
		seen := map[string]bool{}
		for _, id := range ids {
			if held, err := s.redis.Exists(ctx, leaseKey+id).Result(); err != nil || held == 1 {
				continue
			}
			if !suspects[id] {
				seen[id] = true
				continue
			}
			s.putBack(ctx, id)
		}
		suspects = seen
	}
}

func (s *Server) putBack(ctx context.Context, id string) {
	job, err := s.loadJob(ctx, id)
	if errors.Is(err, redis.Nil) {
		s.redis.LRem(ctx, activeList, 1, id)
	}
	if err != nil {
		return
	}
	gone := fmt.Errorf("Error: Worker not responding: %s left job %s", job.Worker, id)
	if job.Attempts >= maxAttempts {
		s.logError(gone)
		s.finish(ctx, job, nil, gone)
		return
	}
	// Another replica may be looking, too: only one of them puts it back.
	if done, err := s.requeue(ctx, job); err == nil && done {
		s.logError(gone)
	}
}

// requeue takes a job off the active list and makes it the next one; false where it was not on that list any more.
func (s *Server) requeue(ctx context.Context, job *Job) (bool, error) {
	job.State, job.Worker = "queued", ""
	text, err := json.Marshal(job)
	if err != nil {
		return false, err
	}
	keys := []string{jobKey + job.ID, activeList, pendingList, leaseKey + job.ID}
	return putBackJob.Run(ctx, s.redis, keys, text, job.ID, int(jobKept.Seconds())).Bool()
}
