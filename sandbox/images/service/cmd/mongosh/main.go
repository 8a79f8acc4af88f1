// Command mongosh understands the part of the MongoDB shell that people type on call:
//
//	mongosh --quiet --eval "db.adminCommand('ping')"
//	mongosh mongodb://mech:…@mongodb:27017/mech --eval "db.jobs.countDocuments({})"
//	echo "show dbs" | mongosh
//	mongosh --quiet admin --file /dev/stdin < calls.js
//
// It is not JavaScript: one call on `db` or `db.COLLECTION` a line, arguments in relaxed JSON. A file shows nothing but
// what is in printjson(…), and ends with its first error.
package main

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

type flags struct {
	uri, eval, file, host, port, user, password, database, authDatabase string
	quiet                                                               bool
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parse(arguments []string) (flags, error) {
	f := flags{host: "127.0.0.1", port: "27017", database: "test", authDatabase: "admin"}
	named := map[string]*string{
		"--eval": &f.eval, "--file": &f.file, "-f": &f.file, "--host": &f.host, "--port": &f.port, "-u": &f.user, "--username": &f.user,
		"-p": &f.password, "--password": &f.password, "--authenticationDatabase": &f.authDatabase,
	}
	for i := 0; i < len(arguments); i++ {
		name, value, joined := strings.Cut(arguments[i], "=")
		target, known := named[name]
		switch {
		case known && joined:
			*target = value
		case known && i+1 < len(arguments):
			i++
			*target = arguments[i]
		case name == "--quiet":
			f.quiet = true
		case strings.HasPrefix(arguments[i], "mongodb://"):
			f.uri = arguments[i]
		case !strings.HasPrefix(arguments[i], "-"):
			f.database = arguments[i]
		default:
			return f, fmt.Errorf("Error parsing command line: unrecognized option: %s", arguments[i])
		}
	}
	return f, nil
}

func run(arguments []string) error {
	f, err := parse(arguments)
	if err != nil {
		return err
	}
	if f.uri == "" {
		credentials, query := "", ""
		if f.user != "" {
			credentials = url.UserPassword(f.user, f.password).String() + "@"
			query = "?authSource=" + f.authDatabase
		}
		f.uri = fmt.Sprintf("mongodb://%s%s:%s/%s%s", credentials, f.host, f.port, f.database, query)
	} else if parsed, err := url.Parse(f.uri); err == nil && len(parsed.Path) > 1 {
		f.database = parsed.Path[1:]
	}
	shell := &shell{settings: options.Client().ApplyURI(f.uri).SetServerSelectionTimeout(4 * time.Second).SetDirect(true)}
	if err := shell.connect(f.database); err != nil {
		return fmt.Errorf("MongoServerSelectionError: %w", err)
	}
	if f.eval != "" {
		return shell.lines(f.eval)
	}
	if f.file != "" {
		text, err := os.ReadFile(f.file)
		if err != nil {
			return err
		}
		shell.silent = true
		return shell.lines(string(text))
	}
	input := bufio.NewScanner(os.Stdin)
	for prompt(f, shell); input.Scan(); prompt(f, shell) {
		if line := strings.TrimSpace(input.Text()); line == "exit" || line == "quit" {
			return nil
		} else if err := shell.lines(line); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return input.Err()
}

func prompt(f flags, s *shell) {
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && !f.quiet {
		fmt.Printf("%s> ", s.db.Name())
	}
}
