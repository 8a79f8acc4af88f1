package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const answerLimit = 16 << 20 // bytes of a vendor's answer that are read

// statusError is an answer other than 2xx.
type statusError struct {
	status     int
	body       string // its first bytes
	retryAfter string
	remaining  string // GitHub's X-RateLimit-Remaining
}

func (e *statusError) Error() string { return fmt.Sprintf("answered %d", e.status) }

func statusOf(err error) int {
	var status *statusError
	if errors.As(err, &status) {
		return status.status
	}
	return 0
}

// send makes a JSON request and reads a JSON answer; body and into may be nil.
func (s *Server) send(ctx context.Context, method, address string, header map[string]string, body, into any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", s.config.Container()+"/"+s.config.Version)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for key, value := range header {
		request.Header.Set(key, value)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := okay(response); err != nil {
		return err
	}
	if into == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
		return err
	}
	return json.NewDecoder(io.LimitReader(response.Body, answerLimit)).Decode(into)
}

func okay(response *http.Response) error {
	if response.StatusCode/100 == 2 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	return &statusError{
		status: response.StatusCode, body: string(text), retryAfter: response.Header.Get("Retry-After"),
		remaining: response.Header.Get("X-RateLimit-Remaining"),
	}
}

func (s *Server) getJSON(ctx context.Context, address string, into any) error {
	return s.send(ctx, http.MethodGet, address, nil, nil, into)
}

// cause is the reason of a failed request without the method and URL that net/http puts before it.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func newID() string {
	bytes := make([]byte, 12)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
