// Command mech-service is one of the eight Mech services, the one that SERVICE_NAME names.
//
//	mech-service           serve on PORT
//	mech-service health    ask the running service how it is; exit code 1 unless it is well
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"mech-infra/sandbox/images/service/internal/app"
)

func main() {
	config, err := app.Load(os.Getenv)
	if err == nil {
		switch {
		case len(os.Args) == 2 && os.Args[1] == "health":
			err = health(config)
		case len(os.Args) > 1:
			err = fmt.Errorf("unknown argument %q; there is only `health`", os.Args[1])
		default:
			err = serve(config)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func serve(config app.Config) error {
	// Eight of these share one small host.
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(32 << 20)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if err := config.Fault.Start(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	server, err := app.New(ctx, config, os.Stdout)
	if err != nil {
		return err
	}
	listener := &http.Server{
		Addr: fmt.Sprintf(":%d", config.Port), Handler: server.Handler(),
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- listener.ListenAndServe() }()
	log.New(os.Stdout, "", log.LstdFlags|log.LUTC).
		Printf("%s %s listens on port %d", config.Container(), config.Version, config.Port)
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = stop(listener, server, config.StopTimeout)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop lets nobody in any more; requests under way may end, streams and uploads as well.
func stop(listener *http.Server, server *app.Server, limit time.Duration) error {
	last, cancel := context.WithTimeout(context.Background(), limit+3*time.Second)
	defer cancel()
	late, cancel := context.WithTimeout(last, limit)
	defer cancel()
	err := listener.Shutdown(late)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("requests were cut that did not end in %s", limit)
		_ = listener.Close()
	}
	server.Close(last)
	return err
}

func health(config app.Config) error {
	client := http.Client{Timeout: 4 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/health", config.Port))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(os.Stdout, io.LimitReader(response.Body, 1<<16))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", config.Container(), response.StatusCode)
	}
	return nil
}
