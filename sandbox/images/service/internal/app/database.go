package app

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// database and collection are the driver's own, but a write that meets a connection which was closed meanwhile is made
// once more. mongod tells drivers when it goes down, and they leave such connections; FerretDB does not tell. Whatever is
// written names its _id, so that nothing is written twice.
type (
	database   struct{ *mongo.Database }
	collection struct{ *mongo.Collection }
)

func (d database) Collection(name string) collection { return collection{d.Database.Collection(name)} }

func (c collection) InsertOne(
	ctx context.Context, document any, opts ...options.Lister[options.InsertOneOptions],
) (*mongo.InsertOneResult, error) {
	tried := false
	return again(func() (*mongo.InsertOneResult, error) {
		done, err := c.Collection.InsertOne(ctx, document, opts...)
		if tried && mongo.IsDuplicateKeyError(err) {
			err = nil // the first time it was written, and not answered
		}
		tried = true
		return done, err
	})
}

func (c collection) ReplaceOne(
	ctx context.Context, filter, replacement any, opts ...options.Lister[options.ReplaceOptions],
) (*mongo.UpdateResult, error) {
	return again(func() (*mongo.UpdateResult, error) { return c.Collection.ReplaceOne(ctx, filter, replacement, opts...) })
}

func (c collection) UpdateOne(
	ctx context.Context, filter, update any, opts ...options.Lister[options.UpdateOneOptions],
) (*mongo.UpdateResult, error) {
	return again(func() (*mongo.UpdateResult, error) { return c.Collection.UpdateOne(ctx, filter, update, opts...) })
}

func again[T any](write func() (T, error)) (T, error) {
	done, err := write()
	if mongo.IsNetworkError(err) {
		done, err = write()
	}
	return done, err
}
