package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"mech-infra/sandbox/images/service/internal/r2"
)

const readLimit = 4 << 20 // bytes of text

func (s *Server) reader(context.Context) error {
	s.useService("storage", s.config.StorageURL)
	s.mux.HandleFunc("POST /read", func(w http.ResponseWriter, r *http.Request) {
		var order struct{ Name string }
		if decode(w, r, &order) {
			s.read(w, r, order.Name)
		}
	})
	s.mux.HandleFunc("GET /read/{name...}", func(w http.ResponseWriter, r *http.Request) {
		s.read(w, r, r.PathValue("name"))
	})
	return nil
}

// read gives a stored file's text with its counts.
func (s *Server) read(w http.ResponseWriter, r *http.Request, name string) {
	if name == "" {
		fail(w, http.StatusBadRequest, errors.New("name is empty"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.StorageURL+"/files/"+r2.Path(name), nil)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	response, err := s.client.Do(request)
	if err == nil {
		defer response.Body.Close()
		err = okay(response)
	}
	if status := statusOf(err); status == http.StatusNotFound || status == http.StatusBadRequest {
		fail(w, http.StatusNotFound, fmt.Errorf("there is no file %s", name))
		return
	} else if status != 0 {
		s.refuse(w, http.StatusBadGateway, fmt.Errorf("Error: storage answered %d for %s", status, name))
		return
	}
	var raw []byte
	if err == nil {
		raw, err = io.ReadAll(io.LimitReader(response.Body, readLimit+1))
	}
	switch {
	case err != nil:
		s.refuse(w, upstreamStatus(err), fmt.Errorf("Error: Could not reach storage at %s", s.config.StorageURL))
	case len(raw) > readLimit:
		fail(w, http.StatusRequestEntityTooLarge, fmt.Errorf("%s is over %d MB", name, readLimit>>20))
	case !utf8.Valid(raw):
		fail(w, http.StatusUnsupportedMediaType, fmt.Errorf("%s is not UTF-8 text", name))
	default:
		text := string(raw)
		reply(w, http.StatusOK, map[string]any{
			"name": name, "text": text, "characters": utf8.RuneCountInString(text),
			"words": len(strings.Fields(text)), "lines": strings.Count(text, "\n"),
		})
	}
}
