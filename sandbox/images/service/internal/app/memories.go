package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

type memory struct {
	ID      string    `bson:"_id" json:"id"`
	Text    string    `bson:"text" json:"text"`
	Tags    []string  `bson:"tags" json:"tags"`
	Created time.Time `bson:"created" json:"created"`
	Changed time.Time `bson:"changed" json:"changed"`
}

func (s *Server) memories(context.Context) error {
	if err := s.useMongo(); err != nil {
		return err
	}
	s.mux.HandleFunc("POST /memories", func(w http.ResponseWriter, r *http.Request) { s.writeMemory(w, r, "") })
	s.mux.HandleFunc("PUT /memories/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.writeMemory(w, r, r.PathValue("id"))
	})
	s.mux.HandleFunc("GET /memories/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.one(w, r, "memories", r.PathValue("id"))
	})
	s.mux.HandleFunc("DELETE /memories/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(w, r, "memories", r.PathValue("id"))
	})
	s.mux.HandleFunc("GET /memories", func(w http.ResponseWriter, r *http.Request) {
		filter := bson.M{}
		if tag := r.URL.Query().Get("tag"); tag != "" {
			filter["tags"] = tag
		}
		latest := options.Find().SetSort(bson.D{{Key: "changed", Value: -1}}).SetLimit(100)
		s.list(w, r, "memories", filter, latest)
	})
	return nil
}

// writeMemory makes a memory, or changes the one with this id.
func (s *Server) writeMemory(w http.ResponseWriter, r *http.Request, id string) {
	var order struct {
		Text string
		Tags []string
	}
	if !decode(w, r, &order) {
		return
	}
	if strings.TrimSpace(order.Text) == "" {
		fail(w, http.StatusBadRequest, errors.New("text is empty"))
		return
	}
	if order.Tags == nil {
		order.Tags = []string{}
	}
	now := time.Now().UTC()
	all := s.mongo.db.Collection("memories")
	if id == "" {
		kept := memory{newID(), order.Text, order.Tags, now, now}
		if _, err := all.InsertOne(r.Context(), kept); err != nil {
			s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
			return
		}
		reply(w, http.StatusCreated, kept)
		return
	}
	change := bson.M{"$set": bson.M{"text": order.Text, "tags": order.Tags, "changed": now}}
	if _, err := all.UpdateOne(r.Context(), bson.M{"_id": id}, change); err != nil {
		s.refuse(w, http.StatusServiceUnavailable, s.mongo.explain(err))
		return
	}
	s.one(w, r, "memories", id)
}
