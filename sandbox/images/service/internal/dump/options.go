// Package dump holds what this image's mongodump and mongorestore share: options, log, archive and directory form.
//
// Options, texts, exit codes and both forms follow MongoDB's Database Tools 100 (github.com/mongodb/mongo-tools).
package dump

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Options are the command line of both tools.
type Options struct {
	URI, Host, Port, User, Password, AuthDatabase, Config string
	Database, Collection, Folder, Archive                 string
	Parallel                                              string // collections at once: it is always one
	Include, Exclude                                      []string
	Archived, Gzip, Drop, Quiet, StopOnError              bool
}

// Parse reads the arguments; folder is the long name of the one that says where the files are.
func Parse(arguments []string, folder string) (Options, error) {
	o := Options{Host: "localhost", Port: "27017", Folder: "dump"}
	texts := map[string]*string{
		"--uri": &o.URI, "--host": &o.Host, "-h": &o.Host, "--port": &o.Port, "--username": &o.User, "-u": &o.User,
		"--password": &o.Password, "-p": &o.Password, "--authenticationDatabase": &o.AuthDatabase, "--config": &o.Config,
		"--db": &o.Database, "-d": &o.Database, "--collection": &o.Collection, "-c": &o.Collection, folder: &o.Folder,
		"--numParallelCollections": &o.Parallel, "-j": &o.Parallel,
	}
	lists := map[string]*[]string{"--nsInclude": &o.Include, "--nsExclude": &o.Exclude}
	switches := map[string]*bool{"--gzip": &o.Gzip, "--quiet": &o.Quiet, "--drop": &o.Drop, "--stopOnError": &o.StopOnError}
	if folder == "--out" {
		texts["-o"] = &o.Folder
		lists = nil
		delete(switches, "--drop")
		delete(switches, "--stopOnError")
	}
	for i := 0; i < len(arguments); i++ {
		name, value, joined := strings.Cut(arguments[i], "=")
		if name == "--archive" {
			o.Archived, o.Archive = true, value
			continue
		}
		if on := switches[name]; on != nil && !joined {
			*on = true
			continue
		}
		text, list := texts[name], lists[name]
		switch {
		case text == nil && list == nil && strings.HasPrefix(name, "-"):
			return o, fmt.Errorf("unknown option %q", strings.TrimLeft(name, "-"))
		case text == nil && list == nil && strings.HasPrefix(arguments[i], "mongodb://"):
			o.URI = arguments[i]
			continue
		case text == nil && list == nil && folder == "--dir":
			o.Folder = arguments[i]
			continue
		case text == nil && list == nil:
			return o, fmt.Errorf("positional arguments not allowed: [%s]", arguments[i])
		}
		if !joined {
			if i++; i == len(arguments) {
				return o, fmt.Errorf("expected argument for flag `%s'", name)
			}
			value = arguments[i]
		}
		if text != nil {
			*text = value
		} else {
			*list = append(*list, value)
		}
	}
	if o.Collection != "" && o.Database == "" {
		return o, errors.New("cannot dump a collection without a specified database")
	}
	return o, o.secrets()
}

// secrets reads --config, and asks for the password of a user who has none.
func (o *Options) secrets() error {
	if o.Config != "" {
		text, err := os.ReadFile(o.Config)
		if err != nil {
			return fmt.Errorf("error opening file with --config: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			switch value = unquoted(strings.TrimSpace(value)); {
			case key == "" || strings.HasPrefix(key, "#"):
			case key == "password":
				o.Password = value
			case key == "uri":
				o.URI = value
			default:
				return fmt.Errorf("error parsing config file %s: field %s not found", o.Config, key)
			}
		}
	}
	if o.User != "" && o.Password == "" && o.URI == "" {
		fmt.Fprint(os.Stderr, "Enter password for mongo user:\n\n")
		line, err := bufio.NewReaderSize(os.Stdin, 16).ReadString('\n')
		if err != nil && line == "" {
			return errors.New("error reading password from standard input")
		}
		o.Password = strings.TrimRight(line, "\r\n")
	}
	return nil
}

func unquoted(text string) string {
	if plain, err := strconv.Unquote(text); err == nil && strings.HasPrefix(text, `"`) {
		return plain
	}
	if len(text) > 1 && text[0] == '\'' && text[len(text)-1] == '\'' {
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	}
	return text
}

// Connect makes sure that the server answers and knows the user.
func (o *Options) Connect() (*mongo.Client, error) {
	settings := options.Client().SetServerSelectionTimeout(5 * time.Second).SetDirect(true)
	place := "mongodb://" + o.Host + ":" + o.Port + "/"
	if o.URI != "" {
		settings.ApplyURI(o.URI)
		if parsed, err := url.Parse(o.URI); err == nil {
			place = "mongodb://" + parsed.Host + "/"
			if o.Database == "" {
				o.Database = strings.Trim(parsed.Path, "/")
			}
		}
	} else {
		settings.ApplyURI(place)
	}
	if o.User != "" {
		source := o.AuthDatabase
		if source == "" {
			source = "admin"
		}
		settings.SetAuth(options.Credential{AuthSource: source, Username: o.User, Password: o.Password})
	}
	client, err := mongo.Connect(settings)
	if err == nil {
		err = client.Ping(context.Background(), nil)
	}
	if err == nil {
		_, err = client.ListDatabaseNames(context.Background(), bson.D{})
	}
	if err != nil {
		return nil, fmt.Errorf("can't create session: failed to connect to %s: %w", place, err)
	}
	return client, nil
}

// Wants is whether the namespace is asked for.
func (o *Options) Wants(database, collection string) bool {
	if (o.Database != "" && o.Database != database) || (o.Collection != "" && o.Collection != collection) {
		return false
	}
	name := database + "." + collection
	matches := func(patterns []string) bool {
		for _, pattern := range patterns {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
		return false
	}
	return (len(o.Include) == 0 || matches(o.Include)) && !matches(o.Exclude)
}

// Say logs a line as the tools do: to standard error, with the time; --quiet keeps even failures back.
func (o *Options) Say(format string, values ...any) {
	if !o.Quiet {
		fmt.Fprintf(os.Stderr, time.Now().Format("2006-01-02T15:04:05.000-0700")+"\t"+format+"\n", values...)
	}
}

// Main runs a tool; its exit code is 0 or 1.
func Main(name, folder string, run func(*Options) error) {
	o, err := Parse(os.Args[1:], folder)
	if err != nil {
		o.Say("error parsing command line options: %v", err)
		o.Say("try '%s --help' for more information", name)
		os.Exit(1)
	}
	if err := run(&o); err != nil {
		o.Say("Failed: %v", err)
		os.Exit(1)
	}
}

// Plural is "1 document", "2 documents".
func Plural(count int) string {
	if count == 1 {
		return "1 document"
	}
	return fmt.Sprintf("%d documents", count)
}
