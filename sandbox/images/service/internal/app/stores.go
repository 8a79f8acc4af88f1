package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// Mongo is the service's database.
type Mongo struct {
	client *mongo.Client
	db     database
	host   string
}

func (s *Server) useRedis() error {
	opts, err := redis.ParseURL(s.config.RedisURL)
	if err != nil {
		return errors.New("REDIS_URL is not a URL of the form redis://[:password@]host:6379")
	}
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout = 2*time.Second, 3*time.Second, 3*time.Second
	opts.PoolSize, opts.MaxRetries, opts.DialerRetries = 8, 1, 1
	s.redis = redis.NewClient(opts)
	s.checks = append(s.checks, &Check{Name: "redis", OKFor: failedFor, Run: func(ctx context.Context) error {
		return redisError(opts.Addr, s.redis.Ping(ctx).Err())
	}})
	s.stop = append(s.stop, func(context.Context) { _ = s.redis.Close() })
	return nil
}

// redisError says a driver's error in the words of the guide.
func redisError(address string, err error) error {
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		return nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("Error: Redis connection refused")
	case strings.HasPrefix(err.Error(), "NOAUTH"), strings.HasPrefix(err.Error(), "WRONGPASS"),
		strings.Contains(err.Error(), "without any password configured"):
		return fmt.Errorf("Error: Redis at %s refused the password in REDIS_URL", address)
	case strings.HasPrefix(err.Error(), "OOM"), strings.HasPrefix(err.Error(), "MISCONF"),
		strings.HasPrefix(err.Error(), "LOADING"), strings.HasPrefix(err.Error(), "READONLY"):
		return fmt.Errorf("Error: Redis: %w", err)
	}
	return fmt.Errorf("Error: Could not connect to Redis at %s", address)
}

func (s *Server) useMongo() error {
	parsed, err := connstring.ParseAndValidate(s.config.MongoURI)
	if err != nil {
		return errors.New("MONGODB_URI is not a URL of the form mongodb://[user:password@]host:27017/mech?authSource=admin")
	}
	opts := options.Client().ApplyURI(s.config.MongoURI).
		SetConnectTimeout(2 * time.Second).
		SetHeartbeatInterval(5 * time.Second).SetServerMonitoringMode("poll").
		SetMaxPoolSize(8).SetAppName(s.config.Container())
	if opts.ServerSelectionTimeout == nil {
		// A database that is restarted makes answers late; drivers' own default is 30 s.
		opts.SetServerSelectionTimeout(10 * time.Second)
	}
	client, err := mongo.Connect(opts)
	if err != nil {
		return errors.New("MONGODB_URI cannot be used; see the user, password and options in it")
	}
	s.mongo = &Mongo{client: client, db: database{client.Database(or(parsed.Database, "mech"))}, host: hostOf(s.config.MongoURI)}
	s.checks = append(s.checks, &Check{Name: "mongodb", OKFor: failedFor, Run: s.mongo.ping})
	s.stop = append(s.stop, func(ctx context.Context) { _ = client.Disconnect(ctx) })
	return nil
}

func (m *Mongo) ping(ctx context.Context) error {
	// A read, for a ping is answered without a password too.
	err := m.client.Ping(ctx, readpref.Primary())
	if err == nil {
		err = m.db.RunCommand(ctx, bson.D{{Key: "listCollections", Value: 1}, {Key: "nameOnly", Value: true}}).Err()
	}
	return m.explain(err)
}

// explain says a driver's error shortly; the driver's own texts run over several lines.
func (m *Mongo) explain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "AuthenticationFailed"), strings.Contains(text, "auth error"),
		strings.Contains(text, "Authentication failed"), strings.Contains(text, "Unauthorized"),
		strings.Contains(text, "requires authentication"):
		return fmt.Errorf("Error: MongoDB authentication failed at %s", m.host)
	case mongo.IsTimeout(err), mongo.IsNetworkError(err), strings.Contains(text, "server selection"),
		errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("Error: Could not connect to MongoDB at %s", m.host)
	}
	return fmt.Errorf("Error: MongoDB: %w", err)
}

func hostOf(raw string) string {
	if parsed, err := url.Parse(raw); err == nil && parsed.Host != "" {
		return parsed.Host
	}
	return "mongodb"
}

func (s *Server) useService(name, base string) {
	s.checks = append(s.checks, &Check{Name: name, OKFor: failedFor, Run: func(ctx context.Context) error {
		// Its front page, not its health: one broken database is then told once, by who uses it.
		if err := s.getJSON(ctx, base+"/", nil); err != nil {
			return fmt.Errorf("Error: Could not reach %s at %s", name, base)
		}
		return nil
	}})
}
