// Command mongodump writes a server's databases to a directory or an archive, as MongoDB's own tool does:
//
//	mongodump --username mech --config password.yaml --archive --gzip > all.archive.gz
//	mongodump --db mech --out /dump
//
// Not here: --oplog, --query, views, more than one collection at a time. Users (admin.system.users) are left out.
package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mech-infra/sandbox/images/service/internal/dump"
)

func main() { dump.Main("mongodump", "--out", run) }

func run(o *dump.Options) error {
	client, err := o.Connect()
	if err != nil {
		return err
	}
	ctx := context.Background()
	collections, err := collections(ctx, client, o)
	if err != nil {
		return err
	}
	var server struct{ Version string }
	if err := client.Database("admin").RunCommand(ctx, bson.D{{"buildInfo", 1}}).Decode(&server); err != nil {
		return err
	}
	to, err := dump.Create(o, collections, server.Version)
	if err != nil {
		return err
	}
	for _, c := range collections {
		place, err := to.Begin(c)
		if err != nil {
			return fmt.Errorf("error writing data for collection `%s` to disk: %w", c.Namespace(), err)
		}
		o.Say("writing %s to %s", c.Namespace(), place)
		count, err := documents(ctx, client.Database(c.Database).Collection(c.Name), to)
		if err != nil {
			return fmt.Errorf("error writing data for collection `%s` to disk: %w", c.Namespace(), err)
		}
		o.Say("done dumping %s (%s)", c.Namespace(), dump.Plural(count))
	}
	return to.Close()
}

func documents(ctx context.Context, from *mongo.Collection, to dump.Writer) (int, error) {
	count := 0
	cursor, err := from.Find(ctx, bson.D{})
	if err != nil {
		return 0, fmt.Errorf("error reading collection: %w", err)
	}
	defer cursor.Close(ctx)
	for ; cursor.Next(ctx); count++ {
		if err := to.Write(cursor.Current); err != nil {
			return count, err
		}
	}
	if err := cursor.Err(); err != nil {
		return count, fmt.Errorf("error reading collection: %w", err)
	}
	return count, to.End()
}

// collections is what there is to dump, with options and indexes, by name.
func collections(ctx context.Context, client *mongo.Client, o *dump.Options) ([]*dump.Collection, error) {
	databases, err := client.ListDatabaseNames(ctx, bson.D{})
	if err != nil {
		return nil, fmt.Errorf("error getting database names: %w", err)
	}
	sort.Strings(databases)
	var all []*dump.Collection
	for _, database := range databases {
		if database == "local" || database == "config" {
			continue
		}
		cursor, err := client.Database(database).ListCollections(ctx, bson.D{})
		if err != nil {
			return nil, fmt.Errorf("error getting collections for database `%s`: %w", database, err)
		}
		var found []struct {
			Name, Type string
			Options    bson.D
			Info       struct{ UUID bson.Binary }
		}
		if err := cursor.All(ctx, &found); err != nil {
			return nil, err
		}
		sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
		for _, each := range found {
			if strings.HasPrefix(each.Name, "system.") || each.Type != "collection" || !o.Wants(database, each.Name) {
				continue
			}
			c := &dump.Collection{
				Database: database, Name: each.Name, Type: each.Type, Options: each.Options, UUID: hex.EncodeToString(each.Info.UUID.Data),
			}
			indexes, err := client.Database(database).Collection(each.Name).Indexes().List(ctx)
			if err == nil {
				err = indexes.All(ctx, &c.Indexes)
			}
			if err != nil {
				return nil, fmt.Errorf("error getting indexes for collection `%s`: %w", c.Namespace(), err)
			}
			all = append(all, c)
		}
	}
	return all, nil
}
