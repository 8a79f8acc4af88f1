// Command mongorestore puts a dump back, as MongoDB's own tool does:
//
//	mongorestore --username mech --config password.yaml --drop --archive --gzip < all.archive.gz
//	mongorestore --nsInclude 'mech.*' --dir /dump
//
// A document that the server refuses (a duplicate) is counted and left out; the exit code is 0 all the same, unless
// --stopOnError. Not here: --nsFrom, --oplogReplay, --objcheck (documents are always looked at), users, views.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mech-infra/sandbox/images/service/internal/dump"
)

const batch = 1000 // documents, or 8 MiB of them

func main() { dump.Main("mongorestore", "--dir", run) }

type restore struct {
	o               *dump.Options
	client          *mongo.Client
	pending         []any
	bytes           int
	good, bad       int // of this collection
	allGood, allBad int
}

func run(o *dump.Options) error {
	client, err := o.Connect()
	if err != nil {
		return err
	}
	o.Say("preparing collections to restore from")
	r := &restore{o: o, client: client}
	err = dump.Read(o, dump.Restore{Begin: r.begin, Put: r.put, End: r.end})
	if err != nil {
		o.Say("Failed: %v", err)
	}
	o.Say("%d document(s) restored successfully. %d document(s) failed to restore.", r.allGood, r.allBad)
	if err != nil {
		os.Exit(1)
	}
	return nil
}

func (r *restore) begin(c *dump.Collection, place string) error {
	r.pending, r.bytes, r.good, r.bad = nil, 0, 0, 0
	ctx, database := context.Background(), r.client.Database(c.Database)
	if r.o.Drop {
		if err := database.Collection(c.Name).Drop(ctx); err != nil {
			return fmt.Errorf("%s: error dropping collection: %w", c.Namespace(), err)
		}
	}
	there, err := database.ListCollectionNames(ctx, bson.D{{"name", c.Name}})
	if err != nil {
		return err
	}
	if len(there) == 0 {
		if err := database.RunCommand(ctx, append(bson.D{{"create", c.Name}}, c.Options...)).Err(); err != nil {
			return fmt.Errorf("%s: error creating collection %s: %w", c.Namespace(), c.Namespace(), err)
		}
	}
	r.o.Say("restoring %s from %s", c.Namespace(), place)
	return nil
}

func (r *restore) put(c *dump.Collection, document bson.Raw) error {
	r.pending, r.bytes = append(r.pending, document), r.bytes+len(document)
	if len(r.pending) < batch && r.bytes < 8<<20 {
		return nil
	}
	return r.flush(c)
}

func (r *restore) flush(c *dump.Collection) error {
	documents := r.pending
	r.pending, r.bytes = nil, 0
	if len(documents) == 0 {
		return nil
	}
	_, err := r.client.Database(c.Database).Collection(c.Name).InsertMany(
		context.Background(), documents, options.InsertMany().SetOrdered(r.o.StopOnError),
	)
	var refused mongo.BulkWriteException
	if errors.As(err, &refused) && refused.WriteConcernError == nil && !r.o.StopOnError {
		for _, each := range refused.WriteErrors {
			r.o.Say("continuing through error: %s", each.Message)
		}
		err = nil
		r.bad += len(refused.WriteErrors)
		r.allBad += len(refused.WriteErrors)
		documents = documents[len(refused.WriteErrors):]
	}
	if err != nil {
		r.allBad += len(documents)
		return fmt.Errorf("%s: error restoring: %w", c.Namespace(), err)
	}
	r.good += len(documents)
	r.allGood += len(documents)
	return nil
}

func (r *restore) end(c *dump.Collection) error {
	if err := r.flush(c); err != nil {
		return err
	}
	r.o.Say("finished restoring %s (%s, %d failures)", c.Namespace(), dump.Plural(r.good), r.bad)
	var indexes bson.A
	for _, index := range c.Indexes {
		if name, ok := value(index, "name").(string); ok && name != "_id_" {
			// FerretDB makes one version of indexes, and refuses to hear which.
			indexes = append(indexes, slices.DeleteFunc(index, func(e bson.E) bool { return e.Key == "v" }))
		}
	}
	if len(indexes) == 0 {
		r.o.Say("no indexes to restore for collection %s", c.Namespace())
		return nil
	}
	r.o.Say("restoring indexes for collection %s from metadata", c.Namespace())
	command := bson.D{{"createIndexes", c.Name}, {"indexes", indexes}}
	if err := r.client.Database(c.Database).RunCommand(context.Background(), command).Err(); err != nil {
		return fmt.Errorf("%s: error creating indexes for %s: %w", c.Namespace(), c.Namespace(), err)
	}
	return nil
}

func value(document bson.D, key string) any {
	for _, element := range document {
		if element.Key == key {
			return element.Value
		}
	}
	return nil
}
