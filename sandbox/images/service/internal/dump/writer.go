package dump

import (
	"compress/gzip"
	"hash"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"
)

var (
	magic      = []byte{0x6d, 0xe2, 0x99, 0x81}
	terminator = []byte{0xff, 0xff, 0xff, 0xff}
	polynomial = crc64.MakeTable(crc64.ECMA)
)

// Writer takes collections one after the other: Begin, Write for each document, End; Close at the end.
type Writer interface {
	Begin(*Collection) (place string, err error)
	Write(bson.Raw) error
	End() error
	Close() error
}

// Create opens what the options name. An archive says first what will be in it.
func Create(o *Options, collections []*Collection, server string) (Writer, error) {
	if !o.Archived {
		return &folder{o: o}, nil
	}
	out, place := io.WriteCloser(os.Stdout), "archive on stdout"
	if o.Archive != "" {
		file, err := os.Create(o.Archive)
		if err != nil {
			return nil, err
		}
		out, place = file, "archive '"+o.Archive+"'"
	}
	a := &archive{file: out, out: out, place: place}
	if o.Gzip {
		a.zip = gzip.NewWriter(out)
		a.out = a.zip
	}
	return a, a.prelude(collections, server)
}

type archive struct {
	file  io.Closer
	zip   *gzip.Writer
	out   io.Writer
	place string
	now   *Collection
	sum   hash.Hash64
}

func (a *archive) put(document any) error {
	raw, err := bson.Marshal(document)
	if err == nil {
		_, err = a.out.Write(raw)
	}
	return err
}

func (a *archive) prelude(collections []*Collection, server string) error {
	if _, err := a.out.Write(magic); err != nil {
		return err
	}
	head := bson.D{{"concurrent_collections", int32(1)}, {"version", "0.1"}, {"server_version", server}, {"tool_version", "100.0.0"}}
	if err := a.put(head); err != nil {
		return err
	}
	for _, c := range collections {
		text, err := c.Metadata()
		if err != nil {
			return err
		}
		said := bson.D{{"db", c.Database}, {"collection", c.Name}, {"metadata", string(text)}, {"size", int32(0)}, {"type", c.Type}}
		if err := a.put(said); err != nil {
			return err
		}
	}
	_, err := a.out.Write(terminator)
	return err
}

func (a *archive) header(end bool, sum uint64) error {
	return a.put(bson.D{{"db", a.now.Database}, {"collection", a.now.Name}, {"EOF", end}, {"CRC", int64(sum)}})
}

func (a *archive) Begin(c *Collection) (string, error) {
	a.now, a.sum = c, crc64.New(polynomial)
	return a.place, a.header(false, 0)
}

func (a *archive) Write(document bson.Raw) error {
	_, _ = a.sum.Write(document)
	_, err := a.out.Write(document)
	return err
}

func (a *archive) End() error {
	if _, err := a.out.Write(terminator); err != nil {
		return err
	}
	if err := a.header(true, a.sum.Sum64()); err != nil {
		return err
	}
	_, err := a.out.Write(terminator)
	return err
}

func (a *archive) Close() error {
	if a.zip != nil {
		if err := a.zip.Close(); err != nil {
			return err
		}
	}
	return a.file.Close()
}

type folder struct {
	o    *Options
	file *os.File
	zip  *gzip.Writer
}

func (f *folder) Begin(c *Collection) (string, error) {
	text, err := c.Metadata()
	if err != nil {
		return "", err
	}
	base := filepath.Join(f.o.Folder, c.Database, fileName(c.Name))
	if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
		return "", err
	}
	if err := f.open(base + ".metadata.json"); err != nil {
		return "", err
	}
	if err := f.Write(text); err != nil {
		return "", err
	}
	if err := f.End(); err != nil {
		return "", err
	}
	return base + ".bson", f.open(base + ".bson")
}

func (f *folder) open(name string) (err error) {
	if f.o.Gzip {
		name += ".gz"
	}
	if f.file, err = os.Create(name); err == nil && f.o.Gzip {
		f.zip = gzip.NewWriter(f.file)
	}
	return err
}

func (f *folder) Write(document bson.Raw) error {
	var out io.Writer = f.file
	if f.zip != nil {
		out = f.zip
	}
	_, err := out.Write(document)
	return err
}

func (f *folder) End() error {
	if f.zip != nil {
		if err := f.zip.Close(); err != nil {
			return err
		}
		f.zip = nil
	}
	return f.file.Close()
}

func (f *folder) Close() error { return nil }
