package app

import (
	"context"
	"sync"
	"time"
)

// patience gives a context that ends so long after ctx does: for work that should be finished, but not at any price.
func patience(ctx context.Context, limit time.Duration) context.Context {
	patient, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(limit, cancel) })
	return patient
}

// waitFor waits for the group, at most until ctx ends.
func waitFor(ctx context.Context, group *sync.WaitGroup) {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
