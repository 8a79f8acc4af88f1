package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"
)

// Fault is what an image does wrong on purpose: MECH_FAULT in its own config (the tags broken-… of sandbox/images).
type Fault string

const (
	faultExits     Fault = "exits"     // ends at once with an error
	faultSilent    Fault = "silent"    // never listens
	faultUnhealthy Fault = "unhealthy" // answers, and /health is 503 with a reason
	faultCrashes   Fault = "crashes"   // is well, and ends after crashAfter
	faultMemory    Fault = "memory"    // holds hunger bytes from its start on

	crashAfter = 20 * time.Second
	hunger     = 200 << 20
)

// Faults are the values that MECH_FAULT may have, besides none.
var Faults = []Fault{faultExits, faultSilent, faultUnhealthy, faultCrashes, faultMemory}

func (f Fault) err() error { return fmt.Errorf("Error: this build is broken (MECH_FAULT=%s)", f) }

// Start does what goes wrong before the service listens; it returns nil when that may go on.
func (f Fault) Start(ctx context.Context) error {
	switch f {
	case faultExits:
		return errors.New("this build is broken and cannot start (MECH_FAULT=exits)")
	case faultSilent:
		<-ctx.Done()
	case faultCrashes:
		time.AfterFunc(crashAfter, func() { panic(f.err()) })
	case faultMemory:
		log.New(os.Stdout, "", log.LstdFlags|log.LUTC).Printf("takes %d MB of memory", hunger>>20)
		// Not of Go's heap: its limit would make the collector run all the time.
		held, err := syscall.Mmap(-1, 0, hunger, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return fmt.Errorf("no memory: %w", err)
		}
		for at := 0; at < len(held); at += os.Getpagesize() {
			held[at] = 1
		}
	}
	return nil
}
