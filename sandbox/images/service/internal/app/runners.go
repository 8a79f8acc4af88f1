package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// runners do the work of each job type. They heed ctx: it ends at the job's limit.
var runners = map[string]func(context.Context, json.RawMessage) (any, error){
	"echo": func(_ context.Context, payload json.RawMessage) (any, error) { return payload, nil },
	"sleep": func(ctx context.Context, payload json.RawMessage) (any, error) {
		order := struct {
			Seconds float64 `json:"seconds"`
		}{1}
		if err := read(payload, &order); err != nil {
			return nil, err
		}
		if !pause(ctx, time.Duration(order.Seconds*float64(time.Second))) {
			return nil, ctx.Err()
		}
		return map[string]float64{"slept_s": order.Seconds}, nil
	},
	// Work for the CPU.
	"hash": func(ctx context.Context, payload json.RawMessage) (any, error) {
		order := struct {
			Text   string `json:"text"`
			Rounds int    `json:"rounds"`
		}{Rounds: 1}
		if err := read(payload, &order); err != nil {
			return nil, err
		}
		sum := sha256.Sum256([]byte(order.Text))
		for round := 1; round < order.Rounds; round++ {
			if round%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			sum = sha256.Sum256(sum[:])
		}
		return map[string]string{"sha256": hex.EncodeToString(sum[:])}, nil
	},
	"fail": func(_ context.Context, payload json.RawMessage) (any, error) {
		order := struct {
			Message string `json:"message"`
		}{"asked to fail"}
		if err := read(payload, &order); err != nil {
			return nil, err
		}
		return nil, errors.New(order.Message)
	},
}

func jobTypes() []string { return slices.Sorted(maps.Keys(runners)) }

func read(payload json.RawMessage, into any) error {
	if len(payload) == 0 {
		return nil
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("the payload is not what this type takes: %w", err)
	}
	return nil
}
