package dump

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Restore gives every collection of a dump to begin, each of its documents to put, and its end to end.
type Restore struct {
	Begin func(c *Collection, place string) error
	Put   func(c *Collection, document bson.Raw) error
	End   func(c *Collection) error
}

// Read goes through what the options name. It fails where a dump is cut off or damaged.
func Read(o *Options, to Restore) error {
	if o.Archived {
		return readArchive(o, to)
	}
	return readFolder(o, to)
}

func fileName(collection string) string { return url.PathEscape(collection) }

func readFolder(o *Options, to Restore) error {
	end := ".metadata.json"
	if o.Gzip {
		end += ".gz"
	}
	info, err := os.Stat(o.Folder)
	if err != nil || !info.IsDir() {
		return fmt.Errorf("file %s does not exist", o.Folder)
	}
	found, _ := filepath.Glob(filepath.Join(o.Folder, "*", "*"+end))
	if inside, _ := filepath.Glob(filepath.Join(o.Folder, "*"+end)); o.Database != "" && len(inside) > 0 {
		found = inside
	}
	for _, name := range found {
		text, err := whole(name, o.Gzip)
		if err != nil {
			return fmt.Errorf("error reading metadata from %s: %w", name, err)
		}
		database := filepath.Base(filepath.Dir(name))
		if filepath.Dir(name) == filepath.Clean(o.Folder) {
			database = o.Database
		}
		c, err := readMetadata(database, text)
		if err != nil {
			return err
		}
		if o.Wants(c.Database, c.Name) {
			if err := readFile(c, strings.TrimSuffix(name, end)+strings.Replace(end, ".metadata.json", ".bson", 1), o.Gzip, to); err != nil {
				return err
			}
		}
	}
	return nil
}

func whole(name string, zipped bool) ([]byte, error) {
	from, err := open(name, zipped)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	return io.ReadAll(from)
}

type zippedFile struct {
	io.Reader
	io.Closer
}

func open(name string, zipped bool) (io.ReadCloser, error) {
	file, err := os.Open(name)
	if err != nil || !zipped {
		return file, err
	}
	plain, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		file.Close()
		return nil, err
	}
	return zippedFile{plain, file}, nil
}

func readFile(c *Collection, name string, zipped bool, to Restore) error {
	from, err := open(name, zipped)
	if err != nil {
		return fmt.Errorf("%s: error restoring from %s: %w", c.Namespace(), name, err)
	}
	defer from.Close()
	if err := to.Begin(c, name); err != nil {
		return err
	}
	buffered := bufio.NewReaderSize(from, 1<<20)
	for {
		raw, length, err := document(buffered)
		if errors.Is(err, io.EOF) {
			return to.End(c)
		}
		if err == nil && length == -1 {
			err = errors.New("invalid BSON document length: -1")
		}
		if err == nil {
			err = to.Put(c, raw)
		}
		if err != nil {
			return fmt.Errorf("%s: error restoring from %s: reading bson input: %w", c.Namespace(), name, err)
		}
	}
}

func readArchive(o *Options, to Restore) error {
	var from io.Reader = os.Stdin
	place := "archive on stdin"
	if o.Archive != "" {
		file, err := os.Open(o.Archive)
		if err != nil {
			return err
		}
		defer file.Close()
		from, place = file, "archive '"+o.Archive+"'"
	}
	if o.Gzip {
		plain, err := gzip.NewReader(from)
		if err != nil {
			return err
		}
		from = plain
	}
	from = bufio.NewReaderSize(from, 1<<20)
	start := make([]byte, len(magic))
	if _, err := io.ReadFull(from, start); err != nil {
		return fmt.Errorf("I/O failure reading beginning of archive: %w", err)
	}
	if string(start) != string(magic) {
		return errors.New("stream or file does not appear to be a mongodump archive")
	}
	known := map[string]*Collection{}
	if _, _, err := document(from); err != nil {
		return fmt.Errorf("error reading archive header: %w", err)
	}
	for {
		raw, length, err := document(from)
		if err != nil {
			return fmt.Errorf("corruption found in archive: %w", noEnd(err))
		}
		if length == -1 {
			break
		}
		c, err := readMetadata(raw.Lookup("db").StringValue(), []byte(raw.Lookup("metadata").StringValue()))
		if err != nil {
			return err
		}
		known[c.Namespace()] = c
	}
	open, err := readBlocks(o, from, known, place, to)
	if err == nil && len(known) > 0 {
		err = fmt.Errorf("archive ends before %d of its collections", len(known))
	}
	if err != nil && open != nil {
		err = fmt.Errorf("%s: error restoring from %s: %w", open.Namespace(), place, err)
	}
	return err
}

// readBlocks reads the archive's body; a collection that ended is taken out of known.
func readBlocks(o *Options, from io.Reader, known map[string]*Collection, place string, to Restore) (*Collection, error) {
	var now *Collection
	sum := crc64.New(polynomial)
	for {
		head, length, err := document(from)
		if errors.Is(err, io.EOF) && now == nil {
			return nil, nil
		}
		if err != nil || length == -1 {
			return now, fmt.Errorf("corruption found in archive: %w", noEnd(err))
		}
		name := head.Lookup("db").StringValue() + "." + head.Lookup("collection").StringValue()
		if known[name] == nil || (now != nil && now != known[name]) {
			return now, fmt.Errorf("archive does not tell of %s", name)
		}
		wanted := o.Wants(known[name].Database, known[name].Name)
		if now == nil {
			now = known[name]
			sum.Reset()
			if wanted {
				if err := to.Begin(now, place); err != nil {
					return now, err
				}
			}
		}
		if ended, _ := head.Lookup("EOF").BooleanOK(); ended {
			if uint64(head.Lookup("CRC").AsInt64()) != sum.Sum64() {
				return now, errors.New("corruption found in archive: CRC mismatch")
			}
			if wanted {
				if err := to.End(now); err != nil {
					return now, err
				}
			}
			delete(known, name)
		}
		for {
			raw, length, err := document(from)
			if err != nil {
				return now, fmt.Errorf("corruption found in archive: %w", noEnd(err))
			}
			if length == -1 {
				break
			}
			_, _ = sum.Write(raw)
			if wanted {
				if err := to.Put(now, raw); err != nil {
					return now, err
				}
			}
		}
		if known[name] == nil {
			now = nil
		}
	}
}

func noEnd(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
