package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	indexedFiles = 200       // of one repository
	indexedSize  = 256 << 10 // bytes; larger files are passed over
)

var (
	repository   = regexp.MustCompile(`^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$`)
	textSuffixes = []string{".md", ".txt", ".go", ".py", ".js", ".ts", ".rs", ".java", ".sh", ".yaml", ".yml", ".toml", ".json", ""}
)

func (s *Server) indexer(context.Context) error {
	if err := s.useMongo(); err != nil {
		return err
	}
	s.checks = append(s.checks, &Check{Name: "github", OKFor: vendorFor, Run: func(ctx context.Context) error {
		if s.config.GitHubToken == "" {
			return errors.New("Error: Bad credentials: GITHUB_TOKEN is not set")
		}
		return s.explainGitHub(s.github(ctx, "/user", nil), "")
	}})
	s.mux.HandleFunc("POST /index", s.postIndex)
	s.mux.HandleFunc("GET /repositories", func(w http.ResponseWriter, r *http.Request) {
		s.list(w, r, "repositories", bson.M{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(1000))
	})
	return nil
}

func (s *Server) postIndex(w http.ResponseWriter, r *http.Request) {
	var order struct{ Repo string }
	if !decode(w, r, &order) {
		return
	}
	if !repository.MatchString(order.Repo) {
		fail(w, http.StatusBadRequest, errors.New("repo must be of the form owner/name"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.config.IndexTimeout)
	defer cancel()
	got, err := s.index(ctx, order.Repo)
	var ours *storeError
	switch {
	case errors.As(err, &ours):
		s.refuse(w, http.StatusServiceUnavailable, ours)
	case err != nil && statusOf(err) == http.StatusNotFound:
		s.refuse(w, http.StatusNotFound, s.explainGitHub(err, order.Repo))
	case err != nil:
		s.refuse(w, upstreamStatus(err), s.explainGitHub(err, order.Repo))
	default:
		reply(w, http.StatusOK, got)
	}
}

// storeError is a failure of our database, already explained.
type storeError struct{ error }

// index puts a repository's text files where the search service finds them.
func (s *Server) index(ctx context.Context, repo string) (bson.M, error) {
	var about struct {
		DefaultBranch string `json:"default_branch"`
		Description   string
	}
	if err := s.github(ctx, "/repos/"+repo, &about); err != nil {
		return nil, err
	}
	var tree struct {
		SHA       string
		Truncated bool
		Tree      []struct {
			Path, Type, SHA string
			Size            int64
		}
	}
	if err := s.github(ctx, "/repos/"+repo+"/git/trees/"+about.DefaultBranch+"?recursive=1", &tree); err != nil {
		return nil, err
	}
	documents := s.mongo.db.Collection("documents")
	files, skipped := 0, 0
	for _, entry := range tree.Tree {
		if entry.Type != "blob" {
			continue
		}
		text := ""
		if files < indexedFiles && entry.Size <= indexedSize && slices.Contains(textSuffixes, path.Ext(entry.Path)) {
			var blob struct{ Content, Encoding string }
			if err := s.github(ctx, "/repos/"+repo+"/git/blobs/"+entry.SHA, &blob); err != nil {
				return nil, err
			}
			raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(blob.Content, "\n", ""))
			if err == nil && utf8.Valid(raw) {
				text = string(raw)
			}
		}
		if text == "" {
			skipped++
			continue
		}
		id := "github:" + repo + "/" + entry.Path
		_, err := documents.ReplaceOne(ctx, bson.M{"_id": id}, document{
			ID: id, Title: entry.Path, Text: text, Source: "github:" + repo, Created: time.Now().UTC(),
		}, options.Replace().SetUpsert(true))
		if err != nil {
			return nil, s.stored(ctx, err)
		}
		files++
	}
	result := bson.M{
		"_id": repo, "branch": about.DefaultBranch, "tree": tree.SHA, "files": files, "skipped": skipped,
		"truncated": tree.Truncated, "indexed": time.Now().UTC(),
	}
	_, err := s.mongo.db.Collection("repositories").ReplaceOne(ctx, bson.M{"_id": repo}, result, options.Replace().SetUpsert(true))
	if err != nil {
		return nil, s.stored(ctx, err)
	}
	return rename(result), nil
}

// stored tells a database that fails from the limit of the whole indexing run.
func (s *Server) stored(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &storeError{s.mongo.explain(err)}
}

func (s *Server) github(ctx context.Context, path string, into any) error {
	header := map[string]string{"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
	if s.config.GitHubToken != "" {
		header["Authorization"] = "Bearer " + s.config.GitHubToken
	}
	return s.send(ctx, http.MethodGet, s.config.GitHubURL+path, header, nil, into)
}

// explainGitHub says GitHub's failure in the words of the guide.
func (s *Server) explainGitHub(err error, repo string) error {
	var status *statusError
	_ = errors.As(err, &status)
	switch {
	case err == nil:
		return nil
	case status != nil && status.status == http.StatusUnauthorized:
		return errors.New("Error: Bad credentials: GitHub refused GITHUB_TOKEN")
	case status != nil && (status.status == http.StatusTooManyRequests ||
		status.status == http.StatusForbidden && status.remaining == "0"):
		return errors.New("Error: API rate limit exceeded (GitHub)")
	case status != nil && status.status == http.StatusNotFound:
		return fmt.Errorf("Error: Failed to index repository %s: GitHub does not show it to this token", repo)
	case timedOut(err) && repo != "":
		return fmt.Errorf("Timeout during file processing of %s after %s", repo, s.config.IndexTimeout)
	case timedOut(err):
		return errors.New("Error: GitHub did not answer in time")
	case status != nil:
		return fmt.Errorf("Error: Failed to index repository%s: GitHub answered %d", spaced(repo), status.status)
	}
	return fmt.Errorf("Error: Failed to index repository%s: GitHub cannot be reached: %w", spaced(repo), cause(err))
}

func spaced(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}
