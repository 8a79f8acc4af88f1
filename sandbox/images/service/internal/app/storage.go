package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mech-infra/sandbox/images/service/internal/r2"
)

// file is what MongoDB keeps about one stored file.
type file struct {
	Name        string    `bson:"_id" json:"name"`
	Size        int64     `bson:"size" json:"size"`
	SHA256      string    `bson:"sha256" json:"sha256"`
	ContentType string    `bson:"content_type" json:"content_type"`
	Stored      time.Time `bson:"stored" json:"stored"`
}

func (s *Server) storage(context.Context) error {
	if err := s.useMongo(); err != nil {
		return err
	}
	s.checks = append(s.checks, &Check{Name: "r2", OKFor: vendorFor, Run: func(ctx context.Context) error {
		response, err := s.r2(ctx, http.MethodHead, "", nil, 0, r2.EmptySHA256, "")
		if err == nil {
			response.Body.Close()
		}
		return s.explainR2(err)
	}})
	s.mux.HandleFunc("POST /files/{name...}", s.putFile)
	s.mux.HandleFunc("PUT /files/{name...}", s.putFile)
	s.mux.HandleFunc("GET /files/{name...}", s.getFile)
	s.mux.HandleFunc("DELETE /files/{name...}", s.deleteFile)
	s.mux.HandleFunc("GET /files", func(w http.ResponseWriter, r *http.Request) {
		s.list(w, r, "files", bson.M{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(1000))
	})
	return nil
}

// putFile spools the body to a temporary file first: R2 wants its hash before its bytes, and memory is small.
func (s *Server) putFile(w http.ResponseWriter, r *http.Request) {
	name, ok := fileName(w, r)
	if !ok {
		return
	}
	tooLarge := fmt.Errorf("Error: File too large: the limit is %d MB", s.config.MaxUpload>>20)
	if r.ContentLength > s.config.MaxUpload {
		s.refuse(w, http.StatusRequestEntityTooLarge, tooLarge)
		return
	}
	// The time limit covers both ways: from the caller and to R2.
	ctx, cancel := context.WithTimeout(r.Context(), s.config.UploadTimeout)
	defer cancel()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.config.UploadTimeout))
	spool, err := os.CreateTemp("", "upload-")
	if err != nil {
		s.refuse(w, http.StatusInsufficientStorage, fmt.Errorf("Error: cannot keep the upload: %w", err))
		return
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	digest := sha256.New()
	size, err := io.Copy(io.MultiWriter(spool, digest), http.MaxBytesReader(w, r.Body, s.config.MaxUpload))
	var over *http.MaxBytesError
	var disk *fs.PathError // of the spool: what the caller's connection does is another error
	switch {
	case errors.As(err, &over):
		s.refuse(w, http.StatusRequestEntityTooLarge, tooLarge)
		return
	case errors.As(err, &disk):
		s.refuse(w, http.StatusInsufficientStorage, fmt.Errorf("Error: cannot keep the upload: %w", err))
		return
	case err != nil && timedOut(err):
		s.refuse(w, http.StatusRequestTimeout, fmt.Errorf("Error: Upload timeout after %s", s.config.UploadTimeout))
		return
	case err != nil:
		s.refuse(w, http.StatusBadRequest, fmt.Errorf("Error: the upload broke off: %w", err))
		return
	}
	if _, err = spool.Seek(0, io.SeekStart); err != nil {
		s.refuse(w, http.StatusInternalServerError, err)
		return
	}
	kept := file{
		Name: name, Size: size, SHA256: hex.EncodeToString(digest.Sum(nil)),
		ContentType: or(r.Header.Get("Content-Type"), "application/octet-stream"), Stored: time.Now().UTC(),
	}
	response, err := s.r2(ctx, http.MethodPut, name, spool, size, kept.SHA256, kept.ContentType)
	if err != nil {
		s.refuse(w, upstreamStatus(err), s.explainR2(err))
		return
	}
	response.Body.Close()
	_, err = s.mongo.db.Collection("files").ReplaceOne(ctx, bson.M{"_id": name}, kept, options.Replace().SetUpsert(true))
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	reply(w, http.StatusCreated, kept)
}

func (s *Server) getFile(w http.ResponseWriter, r *http.Request) {
	name, ok := fileName(w, r)
	if !ok {
		return
	}
	var kept file
	err := s.mongo.db.Collection("files").FindOne(r.Context(), bson.M{"_id": name}).Decode(&kept)
	if errors.Is(err, mongo.ErrNoDocuments) {
		fail(w, http.StatusNotFound, fmt.Errorf("there is no file %s", name))
		return
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	response, err := s.r2(r.Context(), http.MethodGet, name, nil, 0, r2.EmptySHA256, "")
	if err != nil {
		s.refuse(w, upstreamStatus(err), s.explainR2(err))
		return
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", kept.ContentType)
	w.Header().Set("Content-Length", fmt.Sprint(kept.Size))
	w.Header().Set("ETag", `"`+kept.SHA256+`"`)
	_, _ = io.Copy(w, response.Body)
}

func (s *Server) deleteFile(w http.ResponseWriter, r *http.Request) {
	name, ok := fileName(w, r)
	if !ok {
		return
	}
	response, err := s.r2(r.Context(), http.MethodDelete, name, nil, 0, r2.EmptySHA256, "")
	if err != nil {
		s.refuse(w, upstreamStatus(err), s.explainR2(err))
		return
	}
	response.Body.Close()
	s.remove(w, r, "files", name)
}

// r2 sends one signed request for an object, or for the bucket when name is empty.
func (s *Server) r2(
	ctx context.Context, method, name string, body io.Reader, size int64, hash, contentType string,
) (*http.Response, error) {
	if s.config.R2AccessKey == "" || s.config.R2SecretKey == "" {
		return nil, errMissingR2
	}
	path := "/" + s.config.R2Bucket
	if name != "" {
		path += "/" + name
	}
	target, err := url.Parse(s.config.R2URL)
	if err != nil {
		return nil, err
	}
	target.Path, target.RawPath = path, r2.Path(path)
	request, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.ContentLength = size
		if size == 0 {
			request.Body = http.NoBody
		}
		request.Header.Set("Content-Type", contentType)
	}
	r2.Sign(request, s.config.R2AccessKey, s.config.R2SecretKey, hash, time.Now())
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	if err := okay(response); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

var errMissingR2 = errors.New("no key")

// explainR2 says R2's failure in the words of the guide.
func (s *Server) explainR2(err error) error {
	var status *statusError
	_ = errors.As(err, &status)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errMissingR2) && s.config.R2AccessKey == "":
		return errors.New("Error: Access Denied: R2_ACCESS_KEY is not set")
	case errors.Is(err, errMissingR2):
		return errors.New("Error: Access Denied: R2_SECRET_KEY is not set")
	case status != nil && (status.status == http.StatusForbidden || status.status == http.StatusUnauthorized):
		return errors.New("Error: Access Denied: R2 refused R2_ACCESS_KEY and R2_SECRET_KEY")
	case status != nil && status.status == http.StatusNotFound && !strings.Contains(status.body, "NoSuchKey"):
		return fmt.Errorf("Error: Invalid bucket configuration: R2 has no bucket %s", s.config.R2Bucket)
	case status != nil && status.status == http.StatusNotFound:
		return errors.New("Error: R2 no longer has this file")
	case status != nil:
		return fmt.Errorf("Error: R2 answered %d", status.status)
	case timedOut(err):
		return errors.New("Error: Upload timeout: R2 did not answer in time")
	}
	return fmt.Errorf("Error: R2 cannot be reached: %w", cause(err))
}

func fileName(w http.ResponseWriter, r *http.Request) (string, bool) {
	name := r.PathValue("name")
	bad := name == "" || len(name) > 1024 || !utf8.ValidString(name) || strings.ContainsRune(name, 0)
	for part := range strings.SplitSeq(name, "/") {
		bad = bad || part == "" || part == "." || part == ".."
	}
	if bad {
		fail(w, http.StatusBadRequest, errors.New("a file's name has 1 to 1024 bytes and no empty, . or .. part"))
	}
	return name, !bad
}
