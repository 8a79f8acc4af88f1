package app

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	failedFor    = 2 * time.Second // a failure, and anything near by, is looked at again after this
	vendorFor    = 60 * time.Second
	checkLimit   = 3 * time.Second // below the container health check's own 5 s
	repeatErrors = time.Minute     // a lasting failure is logged once in this time
)

// Check is one thing that the service cannot work without.
type Check struct {
	Name  string
	OKFor time.Duration // how long a good answer is believed
	Run   func(context.Context) error

	mu     sync.Mutex
	at     time.Time
	err    error
	logged time.Time
	said   string
}

// Result runs the check or gives its last answer while that is fresh. One run at a time.
func (c *Check) Result(ctx context.Context, log func(error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := c.OKFor
	if c.err != nil {
		fresh = failedFor
	}
	if !c.at.IsZero() && time.Since(c.at) < fresh {
		return c.err
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	c.err = c.Run(ctx)
	c.at = time.Now()
	if c.err == nil {
		c.said = ""
	} else if c.err.Error() != c.said || time.Since(c.logged) > repeatErrors {
		c.said, c.logged = c.err.Error(), time.Now()
		log(c.err)
	}
	return c.err
}

// Health is what /health answers.
type Health struct {
	Status       string            `json:"status"`
	Service      string            `json:"service"`
	Version      string            `json:"version"`
	Instance     string            `json:"instance"`
	UptimeS      int               `json:"uptime_s"`
	Dependencies map[string]string `json:"dependencies"`
}

// health asks all checks at once; "failed" when none answers well, "degraded" when some do.
func (s *Server) health(ctx context.Context) (Health, int) {
	errs := make([]error, len(s.checks))
	var wait sync.WaitGroup
	for i, check := range s.checks {
		wait.Go(func() { errs[i] = check.Result(context.WithoutCancel(ctx), s.logError) })
	}
	wait.Wait()
	health := Health{
		Status: "ok", Service: s.config.Name, Version: s.config.Version, Instance: hostname(),
		UptimeS: int(time.Since(s.started).Seconds()), Dependencies: map[string]string{},
	}
	bad := 0
	for i, check := range s.checks {
		health.Dependencies[check.Name] = "ok"
		if errs[i] != nil {
			bad++
			health.Dependencies[check.Name] = strings.TrimPrefix(errs[i].Error(), "Error: ")
		}
	}
	switch {
	case bad == 0:
		return health, http.StatusOK
	case bad == len(s.checks):
		health.Status = "failed"
	default:
		health.Status = "degraded"
	}
	return health, http.StatusServiceUnavailable
}
