package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// provider is a vendor of models.
type provider struct {
	name    string
	keyName string
	key     string
	base    string // up to and with /v1
	model   string // unless the caller names one
	header  map[string]string
	ask     func(ctx context.Context, model, prompt string) (answer, error)
}

type answer struct {
	text       string
	model      string
	tokensIn   int
	tokensOut  int
	stopReason string
}

func (s *Server) llm(ctx context.Context) error {
	if err := s.useMongo(); err != nil {
		return err
	}
	providers := map[string]*provider{"openai": s.openAI(), "anthropic": s.anthropic()}
	for _, name := range []string{"openai", "anthropic"} {
		p := providers[name]
		s.checks = append(s.checks, &Check{Name: name, OKFor: vendorFor, Run: func(ctx context.Context) error {
			if p.key == "" {
				return fmt.Errorf("Error: Missing %s", p.keyName)
			}
			err := p.explain(s.send(ctx, http.MethodGet, p.base+"/models", p.header, nil, nil), "", checkLimit)
			return err
		}})
	}
	s.mux.HandleFunc("POST /chat", func(w http.ResponseWriter, r *http.Request) { s.chat(w, r, providers) })
	s.mux.HandleFunc("GET /chats", s.chats)
	s.mux.HandleFunc("GET /stream", s.getStream)
	s.mux.HandleFunc("GET /echo", func(w http.ResponseWriter, r *http.Request) { s.echo(ctx, w, r) })
	return nil
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request, providers map[string]*provider) {
	var order struct {
		Provider, Model, Prompt string
		Stream                  bool
	}
	if !decode(w, r, &order) {
		return
	}
	p := providers[or(order.Provider, "openai")]
	switch {
	case p == nil:
		fail(w, http.StatusBadRequest, fmt.Errorf("provider %q is not openai or anthropic", order.Provider))
		return
	case strings.TrimSpace(order.Prompt) == "":
		fail(w, http.StatusBadRequest, errors.New("prompt is empty"))
		return
	case p.key == "":
		s.refuse(w, http.StatusServiceUnavailable, fmt.Errorf("Error: Missing %s", p.keyName))
		return
	}
	model := or(order.Model, p.model)
	ctx, cancel := context.WithTimeout(r.Context(), s.config.ModelTimeout)
	defer cancel()
	begun := time.Now()
	got, err := p.ask(ctx, model, order.Prompt)
	if err != nil {
		if r.Context().Err() != nil {
			return // the caller has gone
		}
		var status *statusError
		if errors.As(err, &status) && status.retryAfter != "" {
			w.Header().Set("Retry-After", status.retryAfter)
		}
		s.refuse(w, upstreamStatus(err), p.explain(err, model, s.config.ModelTimeout))
		return
	}
	id := newID()
	_, err = s.mongo.db.Collection("chats").InsertOne(r.Context(), bson.M{
		"_id": id, "provider": p.name, "model": got.model, "prompt": order.Prompt, "text": got.text,
		"created": time.Now().UTC(),
	})
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	said := map[string]any{
		"id": id, "provider": p.name, "model": got.model, "text": got.text, "stop_reason": got.stopReason,
		"tokens_in": got.tokensIn, "tokens_out": got.tokensOut, "took_ms": time.Since(begun).Milliseconds(),
	}
	if order.Stream {
		// The vendors' stand-ins answer in one piece; ours go out word by word.
		streamText(r.Context(), w, got.text, said)
		return
	}
	reply(w, http.StatusOK, said)
}

func (s *Server) chats(w http.ResponseWriter, r *http.Request) {
	latest := options.Find().SetSort(bson.D{{Key: "created", Value: -1}}).SetLimit(20)
	s.list(w, r, "chats", bson.M{}, latest)
}

// upstreamStatus is what a caller gets for a vendor's failure.
func upstreamStatus(err error) int {
	switch {
	case timedOut(err):
		return http.StatusGatewayTimeout
	case statusOf(err) == http.StatusTooManyRequests:
		return http.StatusTooManyRequests
	}
	return http.StatusBadGateway
}

// explain says a vendor's failure in the words of the guide.
func (p *provider) explain(err error, model string, limit time.Duration) error {
	status := statusOf(err)
	switch {
	case err == nil:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("Error: Invalid API key provided (%s: see %s)", p.name, p.keyName)
	case status == http.StatusTooManyRequests:
		return fmt.Errorf("Error: API rate limit exceeded (%s)", p.name)
	case status == http.StatusNotFound && model != "":
		return fmt.Errorf("Error: Could not load model %s (%s does not have it)", model, p.name)
	case status != 0:
		return fmt.Errorf("Error: Could not load model: %s answered %d", p.name, status)
	case timedOut(err):
		return fmt.Errorf("Timeout waiting for model response (%s, %s)", p.name, limit)
	}
	return fmt.Errorf("Error: Could not load model: %s cannot be reached: %w", p.name, cause(err))
}

func (s *Server) openAI() *provider {
	p := &provider{
		name: "openai", keyName: "OPENAI_API_KEY", key: s.config.OpenAIKey, model: s.config.LLMModel,
		base:   s.config.OpenAIURL,
		header: map[string]string{"Authorization": "Bearer " + s.config.OpenAIKey},
	}
	p.ask = func(ctx context.Context, model, prompt string) (answer, error) {
		var got struct {
			Model   string
			Choices []struct {
				Message      struct{ Content string }
				FinishReason string `json:"finish_reason"`
			}
			Usage struct {
				In  int `json:"prompt_tokens"`
				Out int `json:"completion_tokens"`
			}
		}
		body := map[string]any{"model": model, "messages": []any{map[string]string{"role": "user", "content": prompt}}}
		err := s.send(ctx, http.MethodPost, p.base+"/chat/completions", p.header, body, &got)
		if err != nil {
			return answer{}, err
		}
		if len(got.Choices) == 0 {
			return answer{}, errors.New("an answer without choices")
		}
		first := got.Choices[0]
		return answer{first.Message.Content, got.Model, got.Usage.In, got.Usage.Out, first.FinishReason}, nil
	}
	return p
}

func (s *Server) anthropic() *provider {
	p := &provider{
		name: "anthropic", keyName: "ANTHROPIC_API_KEY", key: s.config.AnthropicKey, model: "claude-3-5-haiku-latest",
		base:   s.config.AnthropicURL + "/v1",
		header: map[string]string{"X-Api-Key": s.config.AnthropicKey, "Anthropic-Version": "2023-06-01"},
	}
	p.ask = func(ctx context.Context, model, prompt string) (answer, error) {
		var got struct {
			Model      string
			Content    []struct{ Type, Text string }
			StopReason string `json:"stop_reason"`
			Usage      struct {
				In  int `json:"input_tokens"`
				Out int `json:"output_tokens"`
			}
		}
		body := map[string]any{
			"model": model, "max_tokens": 1024,
			"messages": []any{map[string]string{"role": "user", "content": prompt}},
		}
		if err := s.send(ctx, http.MethodPost, p.base+"/messages", p.header, body, &got); err != nil {
			return answer{}, err
		}
		var texts []string
		for _, part := range slices.DeleteFunc(got.Content, func(p struct{ Type, Text string }) bool { return p.Type != "text" }) {
			texts = append(texts, part.Text)
		}
		return answer{strings.Join(texts, "\n"), got.Model, got.Usage.In, got.Usage.Out, got.StopReason}, nil
	}
	return p
}
