package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// document is what the search service finds; the indexer writes them too.
type document struct {
	ID      string    `bson:"_id" json:"id"`
	Title   string    `bson:"title" json:"title"`
	Text    string    `bson:"text" json:"text"`
	Source  string    `bson:"source" json:"source"`
	Created time.Time `bson:"created" json:"created"`
}

// list answers with the documents of one collection.
func (s *Server) list(
	w http.ResponseWriter, r *http.Request, collection string, filter bson.M, opts *options.FindOptionsBuilder,
) {
	found := []bson.M{}
	cursor, err := s.mongo.db.Collection(collection).Find(r.Context(), filter, opts)
	if err == nil {
		err = cursor.All(r.Context(), &found)
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	for i := range found {
		found[i] = rename(found[i])
	}
	reply(w, http.StatusOK, map[string]any{collection: found})
}

// one answers with the document of this id, or 404.
func (s *Server) one(w http.ResponseWriter, r *http.Request, collection, id string) {
	var found bson.M
	err := s.mongo.db.Collection(collection).FindOne(r.Context(), bson.M{"_id": id}).Decode(&found)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		fail(w, http.StatusNotFound, fmt.Errorf("%s has no %s", collection, id))
	case err != nil:
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
	default:
		reply(w, http.StatusOK, rename(found))
	}
}

// remove deletes the document of this id and answers 204, or 404.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, collection, id string) {
	done, err := s.mongo.db.Collection(collection).DeleteOne(r.Context(), bson.M{"_id": id})
	switch {
	case err != nil:
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
	case done.DeletedCount == 0:
		fail(w, http.StatusNotFound, fmt.Errorf("%s has no %s", collection, id))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// rename shows MongoDB's _id as id.
func rename(found bson.M) bson.M {
	if id, has := found["_id"]; has {
		found["id"] = id
		delete(found, "_id")
	}
	return found
}

func (s *Server) search(context.Context) error {
	if err := s.useMongo(); err != nil {
		return err
	}
	s.mux.HandleFunc("POST /documents", s.postDocument)
	s.mux.HandleFunc("GET /documents/{id...}", func(w http.ResponseWriter, r *http.Request) {
		s.one(w, r, "documents", r.PathValue("id"))
	})
	s.mux.HandleFunc("DELETE /documents/{id...}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(w, r, "documents", r.PathValue("id"))
	})
	s.mux.HandleFunc("GET /search", s.getSearch)
	return nil
}

func (s *Server) postDocument(w http.ResponseWriter, r *http.Request) {
	var order struct{ Title, Text string }
	if !decode(w, r, &order) {
		return
	}
	if strings.TrimSpace(order.Text) == "" {
		fail(w, http.StatusBadRequest, errors.New("text is empty"))
		return
	}
	kept := document{ID: newID(), Title: order.Title, Text: order.Text, Source: "api", Created: time.Now().UTC()}
	if _, err := s.mongo.db.Collection("documents").InsertOne(r.Context(), kept); err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	reply(w, http.StatusCreated, kept)
}

type hit struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Source  string `json:"source"`
	Score   int    `json:"score"`
	Excerpt string `json:"excerpt"`
}

// getSearch finds documents that hold every word of q, in title or text, the most mentions first.
func (s *Server) getSearch(w http.ResponseWriter, r *http.Request) {
	words := strings.Fields(strings.ToLower(r.URL.Query().Get("q")))
	if len(words) == 0 || len(words) > 16 {
		fail(w, http.StatusBadRequest, errors.New("q must hold 1 to 16 words"))
		return
	}
	all := bson.A{}
	for _, word := range words {
		like := bson.M{"$regex": bson.Regex{Pattern: regexp.QuoteMeta(word), Options: "i"}}
		all = append(all, bson.M{"$or": bson.A{bson.M{"title": like}, bson.M{"text": like}}})
	}
	cursor, err := s.mongo.db.Collection("documents").Find(r.Context(), bson.M{"$and": all}, options.Find().SetLimit(500))
	hits := []hit{}
	if err == nil {
		for cursor.Next(r.Context()) {
			var found document
			if err = cursor.Decode(&found); err != nil {
				break
			}
			hits = append(hits, hit{found.ID, found.Title, found.Source, score(found, words), excerpt(found.Text, words[0])})
		}
		err = errors.Join(err, cursor.Err(), cursor.Close(r.Context()))
	}
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if a.Score != b.Score {
			return b.Score - a.Score
		}
		return strings.Compare(a.ID, b.ID)
	})
	reply(w, http.StatusOK, map[string]any{"count": len(hits), "hits": hits[:min(len(hits), 20)]})
}

// score counts mentions; one in the title is worth five.
func score(found document, words []string) int {
	title, text, total := strings.ToLower(found.Title), strings.ToLower(found.Text), 0
	for _, word := range words {
		total += 5*strings.Count(title, word) + strings.Count(text, word)
	}
	return total
}

// excerpt is up to 160 characters around the first mention.
func excerpt(text, word string) string {
	runes, at := []rune(text), 0
	if i := strings.Index(strings.ToLower(text), word); i > 0 {
		at = len([]rune(strings.ToLower(text)[:i]))
	}
	low := min(max(0, at-60), len(runes))
	return strings.Join(strings.Fields(string(runes[low:min(len(runes), low+160)])), " ")
}
