package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

type shell struct {
	settings *options.ClientOptions
	client   *mongo.Client
	db       *mongo.Database
	silent   bool // only printjson prints
}

func (s *shell) connect(database string) error {
	client, err := mongo.Connect(s.settings)
	if err != nil {
		return err
	}
	s.client, s.db = client, client.Database(database)
	return nil
}

var (
	sibling   = regexp.MustCompile(`^db\.getSiblingDB\(['"]([^'"]+)['"]\)`)
	call      = regexp.MustCompile(`^db(?:\.(?:getCollection\(['"]([^'"]+)['"]\)|([A-Za-z_]\w*)))?\.([A-Za-z]+)\((.*)\)(?:\.(\w+))?(\(\))?$`)
	printed   = regexp.MustCompile(`^printjson\((.*)\)$`)
	statement = regexp.MustCompile(`(?:[^;'"\n]|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")+`)
	variable  = regexp.MustCompile(`\bprocess\.env\.(\w+)`)
)

func (s *shell) lines(text string) error {
	for _, line := range statement.FindAllString(text, -1) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := s.line(ctx, line)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *shell) line(ctx context.Context, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case word == "use":
		s.db = s.client.Database(strings.TrimSpace(rest))
		fmt.Println("switched to db", s.db.Name())
		return nil
	case line == "show dbs" || line == "show databases":
		return s.databases(ctx)
	case line == "show collections" || line == "show tables":
		return s.collections(ctx, false)
	case line == "db":
		fmt.Println(s.db.Name())
		return nil
	}
	line = variable.ReplaceAllStringFunc(line, func(name string) string {
		text, _ := json.Marshal(os.Getenv(strings.TrimPrefix(name, "process.env.")))
		return string(text)
	})
	silent := s.silent
	if inner := printed.FindStringSubmatch(line); inner != nil {
		line, silent = inner[1], false
	}
	if other := sibling.FindStringSubmatch(line); other != nil {
		defer func(db *mongo.Database) { s.db = db }(s.db)
		s.db, line = s.client.Database(other[1]), "db"+strings.TrimPrefix(line, other[0])
	}
	parts := call.FindStringSubmatch(line)
	if parts == nil {
		return fmt.Errorf("SyntaxError: this mongosh understands one call on db a line, not: %s", line)
	}
	collection := parts[1] + parts[2]
	var (
		result any
		err    error
	)
	if collection == "" {
		result, err = s.onDatabase(ctx, parts[3], parts[4])
	} else {
		result, err = s.onCollection(ctx, collection, parts[3], parts[4])
	}
	if err != nil {
		return fmt.Errorf("MongoServerError: %w", err)
	}
	if document, ok := result.(bson.D); ok && parts[5] != "" && parts[6] == "" {
		result = field(document, parts[5])
	}
	if result != nil && !silent {
		fmt.Println(show(result))
	}
	return nil
}

func (s *shell) onDatabase(ctx context.Context, name, argument string) (any, error) {
	command := func(db *mongo.Database, document any) (any, error) {
		var answer bson.D
		err := db.RunCommand(ctx, document).Decode(&answer)
		return answer, err
	}
	switch name {
	case "adminCommand", "runCommand":
		document, err := parseDocument(argument)
		if err != nil {
			return nil, err
		}
		document = withoutRoles(document)
		if name == "adminCommand" {
			return command(s.client.Database("admin"), document)
		}
		return command(s.db, document)
	case "auth":
		document, err := parseDocument(argument)
		if err != nil {
			return nil, err
		}
		user, _ := field(document, "user").(string)
		password, _ := field(document, "pwd").(string)
		s.settings.SetAuth(options.Credential{AuthSource: s.db.Name(), Username: user, Password: password})
		if err := s.connect(s.db.Name()); err != nil {
			return nil, err
		}
		if _, err := command(s.db, bson.D{{Key: "ping", Value: 1}}); err != nil {
			return nil, errors.New("Authentication failed.")
		}
		return bson.D{{Key: "ok", Value: 1}}, nil
	case "stats":
		return command(s.db, bson.D{{Key: "dbStats", Value: 1}})
	case "serverStatus":
		return command(s.client.Database("admin"), bson.D{{Key: "serverStatus", Value: 1}})
	case "version":
		answer, err := command(s.client.Database("admin"), bson.D{{Key: "buildInfo", Value: 1}})
		if err != nil {
			return nil, err
		}
		return field(answer.(bson.D), "version"), nil
	case "getCollectionNames":
		return nil, s.collections(ctx, true)
	case "getName":
		return s.db.Name(), nil
	}
	return nil, fmt.Errorf("db.%s is not a function of this mongosh", name)
}

func (s *shell) onCollection(ctx context.Context, collection, name, argument string) (any, error) {
	document, err := parseDocument(argument)
	if err != nil {
		return nil, err
	}
	target := s.db.Collection(collection)
	switch name {
	case "countDocuments", "count":
		return target.CountDocuments(ctx, document)
	case "estimatedDocumentCount":
		// MongoDB's own shell sends count, which the real server answers from what it remembers; this one would read all of it.
		var stats struct{ Count int64 }
		err := s.db.RunCommand(ctx, bson.D{{Key: "collStats", Value: collection}}).Decode(&stats)
		return stats.Count, err
	case "find":
		cursor, err := target.Find(ctx, document, options.Find().SetLimit(20))
		if err != nil {
			return nil, err
		}
		found := []bson.D{}
		if err := cursor.All(ctx, &found); err != nil {
			return nil, err
		}
		list := bson.A{}
		for _, each := range found {
			list = append(list, each)
		}
		return list, nil
	case "findOne":
		var found bson.D
		err := target.FindOne(ctx, document).Decode(&found)
		if err == mongo.ErrNoDocuments {
			return "null", nil
		}
		return found, err
	case "insertOne":
		answer, err := target.InsertOne(ctx, document)
		if err != nil {
			return nil, err
		}
		return bson.D{{Key: "acknowledged", Value: true}, {Key: "insertedId", Value: answer.InsertedID}}, nil
	case "deleteMany", "deleteOne":
		var (
			answer *mongo.DeleteResult
			err    error
		)
		if name == "deleteOne" {
			answer, err = target.DeleteOne(ctx, document)
		} else {
			answer, err = target.DeleteMany(ctx, document)
		}
		if err != nil {
			return nil, err
		}
		return bson.D{{Key: "acknowledged", Value: true}, {Key: "deletedCount", Value: answer.DeletedCount}}, nil
	case "drop":
		return true, target.Drop(ctx)
	}
	return nil, fmt.Errorf("db.%s.%s is not a function of this mongosh", collection, name)
}

func (s *shell) databases(ctx context.Context) error {
	answer, err := s.client.ListDatabases(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("MongoServerError: %w", err)
	}
	for _, each := range answer.Databases {
		fmt.Printf("%-10s %.2f KiB\n", each.Name, float64(each.SizeOnDisk)/1024)
	}
	return nil
}

func (s *shell) collections(ctx context.Context, list bool) error {
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return fmt.Errorf("MongoServerError: %w", err)
	}
	sort.Strings(names)
	if list {
		for i, name := range names {
			names[i] = "'" + name + "'"
		}
		fmt.Println("[ " + strings.Join(names, ", ") + " ]")
		return nil
	}
	for _, name := range names {
		fmt.Println(name)
	}
	return nil
}
